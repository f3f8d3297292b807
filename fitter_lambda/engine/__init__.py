"""The engine of the fit."""
