"""The light curves of the fit with their uncertainty, one for each band."""

from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.fit_data import FAINT_SIGMA
from fitter_lambda.input.light_curve import ZERO_POINT

_POINTS = 150
_DRAWS = 200
#: Sources without a grid take a call of sncosmo for every draw.
_DRAWS_OF_SLOW_SOURCES = 50
#: Median, 68 % and 95 % intervals, as fractions.
QUANTILES = np.array([0.02275, 0.15865, 0.5, 0.84135, 0.97725])
_FAINTEST = 10 ** (-0.4 * (31.0 - ZERO_POINT))


@dataclass(frozen=True)
class PredictedLightCurve:
    """One band's predicted light curve.

    Attributes
    ----------
    mjd : ndarray, shape (n,)
    percentiles : ndarray, shape (5, n)
        Flux (micro-Jansky) at 2.3, 15.9, 50, 84.1 and 97.7 % of the posterior; NaN where the model does not
        reach.
    best : ndarray, shape (n,)
        Flux of the best fit; NaN likewise.
    """

    mjd: Array
    percentiles: Array
    best: Array


def get_plot_window(fit: Fit) -> tuple[float, float]:
    """Return first and last MJD to plot: the detections that the model reaches, and some days around them.

    Forced photometry and limits may go on for years before and after.
    """
    rows = fit.data.rows
    grid = fit.posterior.fluxes.grid
    t0, z = fit.best_t0_and_redshift
    detections = rows.mjd[rows.detections(FAINT_SIGMA)]
    phase = (detections - t0) / (1 + z)
    inside = detections[(phase >= grid.start) & (phase <= grid.last)]
    low, high = float(np.min(inside, initial=t0)), float(np.max(inside, initial=t0))
    pad = 10.0 + 0.15 * (high - low)
    near = rows.mjd[(rows.mjd > low - 2 * pad) & (rows.mjd < high + 2 * pad)]
    return float(np.min(near, initial=low)) - pad / 3, float(np.max(near, initial=high)) + pad / 3


def predict_light_curves(fit: Fit) -> dict[str, PredictedLightCurve]:
    """Predict the light curves of the bands, over the plot's window.

    Returns
    -------
    dict of str to PredictedLightCurve
        From blue to red.
    """
    bands = fit.data.rows.bands
    mjd = np.linspace(*get_plot_window(fit), _POINTS)
    number = _DRAWS_OF_SLOW_SOURCES if fit.posterior.fluxes.is_slow else _DRAWS
    values = np.vstack([fit.best, fit.thin_draws(number)])
    flux, reached = fit.predict_fluxes(values, np.tile(mjd, len(bands)), np.repeat(np.arange(len(bands)), len(mjd)))
    flux = np.where(reached, flux, np.nan)
    best = flux[0].reshape(len(bands), -1)
    percentiles = _compute_quantiles(flux[1:]).reshape(len(QUANTILES), len(bands), -1)
    return {name: PredictedLightCurve(mjd, percentiles[:, i], best[i]) for i, name in enumerate(bands)}


def _compute_quantiles(flux: Array) -> Array:
    """Return quantiles (5, m) over the finite draws (n, m); NaN where fewer than half are finite."""
    # numpy's nanquantile takes one column after the other, which is slow
    ordered = np.sort(flux, axis=0)
    number = np.sum(np.isfinite(flux), axis=0)
    place = QUANTILES[:, None] * np.maximum(number - 1, 0)
    index = np.minimum(place.astype(int), np.maximum(number - 2, 0))
    below, above = (np.take_along_axis(ordered, np.minimum(index + i, len(flux) - 1), axis=0) for i in (0, 1))
    between = below + (place - index) * (above - below)
    return np.where(2 * number >= len(flux), between, np.nan)


def to_magnitudes(curves: dict[str, PredictedLightCurve]) -> dict[str, list[list[float]]]:
    """Return rows of MJD, median, 16th and 84th percentile in AB magnitudes, where the flux is positive."""
    magnitudes = {}
    for name, band in curves.items():
        low, middle, high = band.percentiles[1:4]
        is_bright = low > _FAINTEST
        columns = [ZERO_POINT - 2.5 * np.log10(flux[is_bright]) for flux in (middle, high, low)]
        magnitudes[name] = np.column_stack([band.mjd[is_bright], *columns]).round(4).tolist()
    return magnitudes
