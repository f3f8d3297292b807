"""Integrals of a source's grid through bandpasses, at nodes in redshift and in the shape.

The flux of a band, in photons, is a sum over its wavelengths (sncosmo's own steps of 5 Angstrom in the
observer's frame),

    F_b(phase; z, s) = sum_m S(phase, w_m / (1 + z); s) T_b(w_m) 10^(-0.4 A(w_m)) w_m dw / (h c (1 + z)),

hence a matrix product of the grid with weights of its wavelengths. A is the extinction by the Milky Way.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.interpolate import make_interp_spline

from fitter_lambda.arrays import Array
from fitter_lambda.engine.interpolation import locate
from fitter_lambda.engine.source_grid import SourceGrid, host_reddening

#: AB zero point of all fluxes: micro-Jansky.
ZERO_POINT = 23.9
#: Step of sums over a band (Angstrom), as sncosmo does them.
_SUM_STEP = 5.0
#: Log of the relative error of fluxes by interpolation in the shape.
_LOG_SHAPE_ERROR = math.log(5e-5)
_SAME_NODE = 1e-14
#: Bands whose samples stay in memory: few kB each.
_MOST_BANDS = 256
#: Redshifts at once, whose bands are integrated over the wavelengths that they share.
_BLOCK = 16


def choose_shape_nodes(grid: SourceGrid, low: float, high: float, spread: Array, transmission: Array) -> Array:
    """Choose values of the shape to integrate at.

    The grid's own, or as many as a polynomial through them needs. Through n Chebyshev nodes that of exp(b x),
    |x| <= 1, is off by 2 (b / 2)^n / n! at most (Trefethen 2013, ch. 8), which counts most where the function
    is least, exp(-b).

    Parameters
    ----------
    grid : SourceGrid
    low, high : float
        Bounds of the shape.
    spread, transmission : ndarray, shape (n,)
        Of wavelengths in the bands: extinction beside the mean of the band (nepers, at shape 1), of which b
        is half; and transmission relative to the highest, by which a wavelength counts.
    """
    if len(grid.nodes):
        return grid.nodes
    if high <= low:
        return np.array([low])
    b = np.maximum((high - low) / 2 * spread, 1e-9)
    weight = np.log(2 * transmission + 1e-30) + b
    number = 3
    while np.any(weight + number * np.log(b / 2) - math.lgamma(number + 1) > _LOG_SHAPE_ERROR):
        number += 1
    middle = np.cos(np.pi * (np.arange(number) + 0.5) / number)
    return low + (high - low) * (1 - middle) / 2


def build_shape_interpolator(grid: SourceGrid, nodes: Array) -> Callable[[Array], Array]:
    """Build the function that weighs the nodes at shapes (n,), with a result of shape (n, k).

    Linear between the grid's own nodes, else the polynomial through all nodes by the barycentric formula
    (Berrut & Trefethen 2004, eq. 4.2).
    """
    if len(nodes) == 1:
        return lambda s: np.ones((len(s), 1))
    if len(grid.nodes):
        linear = make_interp_spline(nodes, np.eye(len(nodes)), k=1)
        return lambda s: np.asarray(linear(np.clip(s, nodes[0], nodes[-1])))
    angles = np.pi * (np.arange(len(nodes)) + 0.5) / len(nodes)
    weights = np.sin(angles) * (-1.0) ** np.arange(len(nodes))

    def weigh(s: Array) -> Array:
        gap = s[:, None] - nodes
        # at a node its share is 1, to rounding
        share = weights / np.where(np.abs(gap) < _SAME_NODE, _SAME_NODE, gap)
        return np.asarray(share / share.sum(axis=1, keepdims=True))

    return weigh


@functools.lru_cache(maxsize=_MOST_BANDS)
def photon_weights(band: Any) -> tuple[Array, Array]:
    """Wavelengths that sncosmo sums a band over, and micro-Jansky for 1 erg/s/cm2/Angstrom at each."""
    import sncosmo
    from sncosmo.constants import HC_ERG_AA
    from sncosmo.utils import integration_grid

    wave, width = integration_grid(band.minwave(), band.maxwave(), _SUM_STEP)
    scale = 10 ** (0.4 * ZERO_POINT) / sncosmo.get_magsystem("ab").zpbandflux(band)
    return wave, band(wave) * wave * width / HC_ERG_AA * scale


@functools.lru_cache(maxsize=_MOST_BANDS)
def _sample_milky_way_law(band: Any) -> Array:
    """Extinction by the Milky Way (mag) at the wavelengths of a band, at E(B-V) = 1."""
    return host_reddening(photon_weights(band)[0])


def integrate_bands(grid: SourceGrid, bands: list[Any], z: Array, mwebv: float, nodes: Array, law: Array) -> Array:
    """Integrate the grid through each band.

    Parameters
    ----------
    grid : SourceGrid
    bands : list of sncosmo.Bandpass
    z : ndarray, shape (n_z,)
    mwebv : float
        E(B-V) of the Milky Way (mag).
    nodes : ndarray, shape (k,)
        Values of the shape.
    law : ndarray, shape (w,)
        Extinction (mag) at shape 1.

    Returns
    -------
    ndarray, shape (n_z, k, n_bands, p + 2, j)
        Knots along phase, micro-Jansky at unit amplitudes.
    """
    weights = _weigh_wavelengths(grid, bands, z, mwebv)
    integrals = np.empty((len(z), len(nodes), len(bands), grid.flux.shape[2], grid.flux.shape[1]))
    fade = 10 ** (-0.4 * np.outer(nodes, law))
    for band in range(len(bands)):
        for first in range(0, len(z), _BLOCK):
            block = slice(first, first + _BLOCK)
            support = np.flatnonzero(weights[block, band].any(axis=0))
            part = slice(support[0], support[-1] + 1) if len(support) else slice(0, 1)
            # single precision: faster, and a thousand times better than needed
            part_weights = weights[block, band, part].astype("f4")
            flux = grid.flux[..., part]
            if len(grid.nodes):
                product = np.tensordot(part_weights, flux, (1, 3))
            else:
                product = np.tensordot(part_weights[:, None] * fade[:, part].astype("f4"), flux[0], (2, 2))
            integrals[block, :, band] = np.swapaxes(product, 2, 3)
    return integrals


def _weigh_wavelengths(grid: SourceGrid, bands: list[Any], z: Array, mwebv: float) -> Array:
    """Return the weights of the grid's wavelengths in each band, shape (n_z, n_bands, w)."""
    number = len(grid.wave)
    step = grid.wave[1] - grid.wave[0]
    weights = np.empty((len(z), len(bands), number))
    for i, band in enumerate(bands):
        wave, photons = photon_weights(band)
        photons = photons * 10 ** (-0.4 * mwebv * _sample_milky_way_law(band))
        index, taps = locate(wave / (1 + z[:, None]), grid.wave[0], step, number, "convolution")
        share = photons / (1 + z[:, None])
        first = np.arange(len(z))[:, None] * number + index
        total = np.zeros(weights[:, i].size)
        for tap, shift in zip(taps, (-1, 0, 1, 2), strict=True):
            # a knot beyond the ends has no weight
            place = np.clip(first + shift, 0, len(total) - 1)
            total += np.bincount(place.ravel(), (share * tap).ravel(), len(total))
        weights[:, i] = total.reshape(len(z), -1)
    return weights
