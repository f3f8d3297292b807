"""Peaks in rest-frame Bessell B: what absolute magnitudes are compared by, and decline rates."""

import copy
import functools
import math

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.bandflux import ZERO_POINT, BandFluxes
from fitter_lambda.engine.interpolation import places
from fitter_lambda.engine.priors import shape_bounds
from fitter_lambda.engine.source_grid import SourceGrid

__all__ = ["compute_peaks", "unit_magnitude"]

Array = npt.NDArray[np.float64]

#: AB magnitude of Vega in Bessell B, of its spectrum alpha_lyr_stis_011 (Bohlin, Gordon & Tremblay 2014).
VEGA_IN_AB = -0.1186
_DECLINE_DAYS = 15.0
_FEW = 40
#: Days, to which peaks are looked for.
_PEAK_STEP = 0.125


@functools.lru_cache(maxsize=128)
def _in_blue(grid: SourceGrid, shape: str | None) -> BandFluxes:
    import sncosmo

    low, high = shape_bounds(shape, True) if shape else (0.0, 0.0)
    return BandFluxes(grid, [sncosmo.get_bandpass("bessellb")], 0.0, 0.0, shape, low, high)


def compute_peaks(grid: SourceGrid, shape: str | None, a: Array, s: Array) -> tuple[Array, Array, Array]:
    """Peaks in rest-frame Bessell B, dust of the host not taken off.

    Parameters
    ----------
    grid : SourceGrid
    shape : str or None
        The shape in use.
    a : ndarray, shape (n, j)
        Linear parameters.
    s : ndarray, shape (n,)
        The shape; ignored when there is none.

    Returns
    -------
    magnitude : ndarray, shape (n,)
        Apparent, Vega, of the spectrum in its rest frame (sncosmo's `source_peakmag`); NaN where the source
        has no light in B.
    phase : ndarray, shape (n,)
        Of the peak (rest-frame days).
    decline : ndarray, shape (n,)
        Magnitudes fainter 15 days later (Phillips 1993); NaN where the source has ended.
    """
    if grid.general:
        return _general_peaks(grid, a, s)
    curves, of_point = _in_blue(grid, shape).curves(np.zeros(len(a)), s)
    knots = np.einsum("npj,nj->np", curves[of_point, 0], a)
    n = knots.shape[1] - 2
    place = np.linspace(0, n - 1, 1 + math.ceil(grid.step / _PEAK_STEP) * (n - 1))
    flux = _at(grid, knots, np.tile(place, (len(a), 1)))
    peak, top = _vertex(flux)
    top *= place[1] - place[0]
    later = top + _DECLINE_DAYS / grid.step
    faded = _at(grid, knots, later[:, None])[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = ZERO_POINT - 2.5 * np.log10(np.where(peak > 0, peak, np.nan)) - VEGA_IN_AB
        decline = np.where((later <= n - 1) & (faded > 0), 2.5 * np.log10(peak / faded), np.nan)
    return magnitude, grid.start + grid.step * top, decline


def _vertex(flux: Array) -> tuple[Array, Array]:
    """Highest values along rows (n, m), and their places, by parabolas through their tops."""
    middle = np.clip(np.argmax(flux, axis=1), 1, flux.shape[1] - 2)
    before, now, after = (flux[np.arange(len(flux)), middle + i] for i in (-1, 0, 1))
    slope, bend = (after - before) / 2, after - 2 * now + before
    # at the ends the highest is the first or the last
    shift = np.where(bend < 0, np.clip(-slope / np.minimum(bend, -1e-300), -1, 1), np.sign(slope))
    return now + slope * shift + bend * shift**2 / 2, middle + shift


def _general_peaks(grid: SourceGrid, a: Array, s: Array) -> tuple[Array, Array, Array]:
    """By sncosmo, for the first few only: it takes its time."""
    # a copy: the grid's own source keeps its shapes
    source, values = copy.copy(grid.source), np.full((3, len(a)), np.nan)
    for i in range(min(len(a), _FEW)):
        source.set(**{grid.linear[0]: a[i, 0], **dict(zip(grid.general, s[i], strict=True))})
        phase = float(source.peakphase("bessellb"))
        now, later = (source.bandmag("bessellb", "ab", phase + days) for days in (0.0, _DECLINE_DAYS))
        values[:, i] = now - VEGA_IN_AB, phase, later - now
    return values[0], values[1], values[2]


def _at(grid: SourceGrid, knots: Array, place: Array) -> Array:
    index, weights = places(place, 0.0, 1.0, knots.shape[1] - 2, grid.kernel)
    return np.asarray(sum(weights[i] * np.take_along_axis(knots, index + i, axis=1) for i in range(4)))


def unit_magnitude(grid: SourceGrid) -> float:
    """Peak magnitude (B, Vega) at amplitude 1, and at the shapes that a source has when nobody sets them."""
    a = np.zeros((1, grid.flux.shape[1]))
    a[0, 0] = 1.0
    neutral = np.zeros(1)
    if grid.general:
        neutral = np.array([[grid.source.get(name) for name in grid.general]])
    magnitude = float(compute_peaks(grid, grid.shape, a, neutral)[0][0])
    # a source without light in B is compared as if it were of the 20th magnitude there
    return magnitude if np.isfinite(magnitude) else 20.0
