"""Peaks in rest-frame Bessell B: magnitudes, which priors and classes refer to, and decline rates."""

import math
from typing import NamedTuple

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.band_integrals import ZERO_POINT
from fitter_lambda.engine.interpolation import locate
from fitter_lambda.engine.source_grid import SourceGrid

#: AB magnitude of Vega in Bessell B, of its spectrum alpha_lyr_stis_011 (Bohlin, Gordon & Tremblay 2014).
VEGA_IN_AB = -0.1186
DECLINE_DAYS = 15.0
#: Days between which the peak is interpolated.
_PEAK_STEP = 0.125


class Peaks(NamedTuple):
    """Peaks in rest-frame Bessell B, all of shape (n,).

    Attributes
    ----------
    magnitude : ndarray
        Apparent, Vega, of the spectrum in its rest frame (sncosmo's `source_peakmag`); NaN where the source
        has no light in B.
    phase : ndarray
        Of the peak (rest-frame days).
    decline : ndarray
        Magnitudes fainter 15 days later (Phillips 1993); NaN where the source has ended.
    """

    magnitude: Array
    phase: Array
    decline: Array


def measure_peaks(grid: SourceGrid, knots: Array) -> Peaks:
    """Measure the peaks of light curves, from their knots along phase (n, p + 2) in micro-Jansky."""
    n_phases = knots.shape[1] - 2
    place = np.linspace(0, n_phases - 1, 1 + math.ceil(grid.step / _PEAK_STEP) * (n_phases - 1))
    peak, peak_place = _find_vertex(_interpolate_curves(grid, knots, place[None]))
    peak_place *= place[1] - place[0]
    later_place = peak_place + DECLINE_DAYS / grid.step
    later_flux = _interpolate_curves(grid, knots, later_place[:, None])[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = ZERO_POINT - 2.5 * np.log10(np.where(peak > 0, peak, np.nan)) - VEGA_IN_AB
        has_light = (later_place <= n_phases - 1) & (later_flux > 0)
        decline = np.where(has_light, 2.5 * np.log10(peak / later_flux), np.nan)
    return Peaks(magnitude, grid.start + grid.step * peak_place, decline)


def _find_vertex(flux: Array) -> tuple[Array, Array]:
    """Return the highest values along rows (n, m), and their places, by parabolas through their tops."""
    middle = np.clip(np.argmax(flux, axis=1), 1, flux.shape[1] - 2)
    left, centre, right = (flux[np.arange(len(flux)), middle + i] for i in (-1, 0, 1))
    slope = (right - left) / 2
    bend = right - 2 * centre + left
    # at the ends the highest is the first or the last
    shift = np.where(bend < 0, np.clip(-slope / np.minimum(bend, -1e-300), -1, 1), np.sign(slope))
    return centre + slope * shift + bend * shift**2 / 2, middle + shift


def _interpolate_curves(grid: SourceGrid, knots: Array, place: Array) -> Array:
    """Interpolate each curve (n, p + 2) at its own places (n, m), or all at the same (1, m)."""
    index, weights = locate(place, 0.0, 1.0, knots.shape[1] - 2, grid.kernel)
    if len(place) == 1:
        return np.asarray(sum(weights[i] * knots.take(index[0] + i, axis=1) for i in range(4)))
    return np.asarray(sum(weights[i] * np.take_along_axis(knots, index + i, axis=1) for i in range(4)))
