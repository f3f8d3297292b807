"""Distances in a flat universe with H0 = 70 km/s/Mpc and Om = 0.3 (Hogg 1999)."""

import math

import numpy as np

from fitter_lambda.arrays import Array

__all__ = ["COSMOLOGY", "HIGHEST_REDSHIFT", "distance_modulus", "supernova_rate"]


COSMOLOGY = "flat LCDM, H0 = 70 km/s/Mpc, Om = 0.3"
_H0 = 70.0
_OM = 0.3
_LIGHT_SPEED = 299792.458
#: Distances are tabulated up to here.
HIGHEST_REDSHIFT = 11.0


def _expansion_rate(z: Array) -> Array:
    """H(z) / H0: Hogg (1999), eq. 14."""
    return np.asarray(np.sqrt(_OM * (1 + z) ** 3 + 1 - _OM))


_Z = np.expm1(np.linspace(0.0, math.log1p(HIGHEST_REDSHIFT), 4001))
# comoving distances (Mpc) by the trapezoidal rule: Hogg (1999), eq. 15
_INTERVALS = np.diff(_Z) * 0.5 * (1 / _expansion_rate(_Z[1:]) + 1 / _expansion_rate(_Z[:-1]))
_COMOVING = np.concatenate([[0.0], np.cumsum(_INTERVALS)]) * _LIGHT_SPEED / _H0


def distance_modulus(z: Array) -> Array:
    """Distance modulus (mag); Hogg (1999), eq. 14, 21 and 25."""
    z = np.maximum(z, 1e-6)
    return np.asarray(5 * np.log10((1 + z) * np.interp(z, _Z, _COMOVING)) + 25)


def supernova_rate(z: Array) -> Array:
    """Supernovae per redshift, up to a constant, at a constant rate per comoving volume and rest-frame time.

    Comoving volume: Hogg (1999), eq. 28.
    """
    z = np.maximum(z, 1e-6)
    return np.asarray(np.interp(z, _Z, _COMOVING) ** 2 / _expansion_rate(z) / (1 + z))
