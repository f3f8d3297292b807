"""Distances in a flat universe with H0 = 70 km/s/Mpc and Om = 0.3, by astropy."""

import math

import numpy as np
from astropy.cosmology import FlatLambdaCDM

from fitter_lambda.arrays import Array

COSMOLOGY = "flat LCDM, H0 = 70 km/s/Mpc, Om = 0.3"
#: Distances are tabulated up to here.
HIGHEST_REDSHIFT = 11.0
_LOWEST_REDSHIFT = 1e-6

_UNIVERSE = FlatLambdaCDM(H0=70, Om0=0.3)
# tables, because the engine asks for thousands of redshifts at a time
_Z = np.expm1(np.linspace(0.0, math.log1p(HIGHEST_REDSHIFT), 4001))
_COMOVING_MPC = _UNIVERSE.comoving_distance(_Z).value


def distance_modulus(z: Array) -> Array:
    """Return the distance modulus (mag)."""
    z = np.maximum(z, _LOWEST_REDSHIFT)
    return np.asarray(5 * np.log10((1 + z) * np.interp(z, _Z, _COMOVING_MPC)) + 25)


def supernova_rate(z: Array) -> Array:
    """Return supernovae per redshift, up to a constant.

    Their rate per comoving volume and rest-frame time is constant.
    """
    z = np.maximum(z, _LOWEST_REDSHIFT)
    return np.asarray(np.interp(z, _Z, _COMOVING_MPC) ** 2 * _UNIVERSE.inv_efunc(z) / (1 + z))
