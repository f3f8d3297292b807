"""Private attributes of sncosmo's sources and models: the only module of the engine that uses them.

A test compares `WRITTEN_FOR` with the pinned and with the installed version.
"""

from typing import Any

import numpy as np

from fitter_lambda.arrays import Array

WRITTEN_FOR = {"sncosmo": "2.13.1"}


def sample_flux(source: Any, phase: Array, wave: Array) -> Array:
    """Return a source's flux density at its parameters, shape (p, w), without a check of wavelengths."""
    return np.asarray(source._flux(phase, wave), dtype=float)


def get_native_phases(source: Any) -> Array:
    """Return the phases (days) of a source's file; empty where it has none."""
    return np.asarray(getattr(source, "_phase", []), dtype=float)


def get_native_wavelengths(source: Any) -> Array:
    """Return the wavelengths (Angstrom) of a source's file; empty where it has none."""
    return np.asarray(getattr(source, "_wave", []), dtype=float)


def get_mlcs_deltas(source: Any) -> Array:
    """Return the values of Delta of the grids of MLCS2k2."""
    return np.asarray(source._delta, dtype=float)


def is_held_at_ends(source: Any) -> tuple[bool, bool]:
    """Return whether sncosmo goes on with the first flux before, and with the last flux after all phases."""
    from sncosmo import TimeSeriesSource

    is_template = isinstance(source, TimeSeriesSource)
    return is_template and not source._zero_before, is_template


def evaluate_salt_table(source: Any, name: str, phase: Array, wave: Array) -> Array:
    """Return a table of SALT's model files, e.g. "LCRV00", at increasing phases and wavelengths."""
    return np.asarray(source._model[name](phase, wave))


def evaluate_salt_colour_dispersion(source: Any, wave: Array) -> Array:
    """Return SALT's colour dispersion at wavelengths (n,)."""
    return np.asarray(source._colordisp(wave))
