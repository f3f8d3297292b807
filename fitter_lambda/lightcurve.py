"""The fit's light curves with their uncertainty, one for each band."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitter_lambda.fit import Fit
from fitter_lambda.photometry import ZERO_POINT

__all__ = ["Band", "predict", "to_magnitudes"]

Array = npt.NDArray[np.float64]

_POINTS = 120
_DRAWS = 150
#: Percentiles: median, 68 % and 95 % intervals.
_PERCENTILES = (2.275, 15.865, 50.0, 84.135, 97.725)


@dataclass(frozen=True)
class Band:
    """One band's predicted light curve.

    Attributes
    ----------
    mjd : ndarray, shape (n,)
    percentiles : ndarray, shape (5, n)
        Flux (micro-Jansky) at 2.3, 15.9, 50, 84.1 and 97.7 % of the posterior.
    best : ndarray, shape (n,)
        Flux of the best fit.
    """

    mjd: Array
    percentiles: Array
    best: Array


def predict(fit: Fit) -> dict[str, Band]:
    """Light curves of the bands that were fitted, from a little before the data to a little after.

    Returns
    -------
    dict of str to Band
    """
    rows, model = fit.problem.rows, fit.problem.model
    best = fit.problem.values(fit.best)
    chosen = fit.draws[np.linspace(0, len(fit.draws) - 1, _DRAWS).round().astype(int)]
    draws = [fit.problem.values(draw) for draw in chosen]
    pad = 0.08 * (rows.mjd[-1] - rows.mjd[0]) + 3
    # not beyond the end of any draw's template, after which there is no prediction
    end = min(v["t0"] + (1 + v["z"]) * model.maxphase for v in [best, *draws])
    mjd = np.linspace(rows.mjd[0] - pad, min(rows.mjd[-1] + pad, end - 1e-6), _POINTS)
    names = np.unique(rows.band)
    times, bands = np.repeat(mjd, len(names)), np.tile(names, len(mjd))
    fluxes = np.array([model.flux(values, times, bands) for values in draws])
    middle = model.flux(best, times, bands)
    curves = {}
    for name in names:
        own = bands == name
        curves[str(name)] = Band(mjd, np.percentile(fluxes[:, own], _PERCENTILES, axis=0), middle[own])
    return curves


def to_magnitudes(curves: dict[str, Band]) -> dict[str, list[list[float]]]:
    """Rows of MJD, median, 16th and 84th percentile in AB magnitudes, where the flux is positive."""
    magnitudes = {}
    for name, band in curves.items():
        low, middle, high = band.percentiles[1:4]
        seen = low > 1e-3  # fainter than 31 mag is nothing to draw
        columns = [ZERO_POINT - 2.5 * np.log10(flux[seen]) for flux in (middle, high, low)]
        rows = np.column_stack([band.mjd[seen], *columns])
        magnitudes[name] = [[round(float(x), 4) for x in row] for row in rows]
    return magnitudes
