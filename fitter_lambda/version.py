"""The version of the fitter, which results and files name."""

__version__ = "2.0.0"
