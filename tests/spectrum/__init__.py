"""Tests of the spectrum fitter."""
