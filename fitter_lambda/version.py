"""The version of the fitter, which results and files name."""

__all__ = ["__version__"]

__version__ = "2.0.0"
