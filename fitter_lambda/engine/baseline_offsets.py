"""A constant that would improve the fit of a band: light of the host that was not subtracted."""

from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array, Mask
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.row_prediction import RowPrediction

#: Of the constant: its significance, and its size as a fraction of the brightest flux of the band's model.
_MIN_SIGMA = 5.0
_MIN_FRACTION = 0.1
_FEWEST_ROWS = 5
#: Steps of the derivatives, in standard deviations of the draws.
_STEP = 0.1


@dataclass(frozen=True)
class BaselineOffset:
    """A constant flux in one band, and its error (microjansky)."""

    band: str
    flux: float
    fluxerr: float


def find_baseline_offsets(fit: Fit) -> list[BaselineOffset]:
    """Find the bands in which a constant beside the model is significant, and not small.

    One step of Gauss and Newton from the best fit, in all parameters and the constant: generalised least squares with
    the covariance of the best fit. The row of the band that fits worst is left out, or an outlier would pass for a
    constant.
    """
    prediction = fit.predict_rows(fit.best[None])
    rows = fit.posterior.rows
    pulls = np.abs(rows.flux - prediction.flux[0]) / np.sqrt(prediction.total_variance[0])
    is_measured = prediction.is_used[0] & ~rows.is_limit
    slopes = _differentiate(fit)
    offsets = []
    for band, name in enumerate(fit.data.rows.bands):
        own = is_measured & (rows.band == band)
        if own.sum() < _FEWEST_ROWS:
            continue
        worst = np.arange(len(rows)) == np.argmax(np.where(own, pulls, -1.0))
        columns = np.column_stack([slopes, own])
        flux, fluxerr = _fit_last_column(prediction, rows.flux, columns, is_measured & ~worst, rows.in_band)
        is_large = abs(flux) > _MIN_FRACTION * np.abs(prediction.flux[0, own]).max()
        if abs(flux) > _MIN_SIGMA * fluxerr and is_large:
            offsets.append(BaselineOffset(name, flux, fluxerr))
    return offsets


def _differentiate(fit: Fit) -> Array:
    """Return the slopes (n_rows, d) of the rows' fluxes along the parameters at the best fit."""
    steps = _STEP * np.diag(fit.draws.std(axis=0))
    ends = fit.predict_rows(np.concatenate([fit.best + steps, fit.best - steps])).flux
    return np.asarray((ends[: len(steps)] - ends[len(steps) :]).T)


def _fit_last_column(
    prediction: RowPrediction, flux: Array, columns: Array, rows: Mask, in_band: Array
) -> tuple[float, float]:
    """Fit the residuals of some rows by columns (n_rows, d); return the last coefficient and its error."""
    at = np.flatnonzero(rows)
    scale = np.abs(columns[at]).max(axis=0) + 1e-300
    values = np.column_stack([columns[at] / scale, (flux - prediction.flux[0])[at]])
    weighted = values / prediction.variance[0, at, None]
    products = weighted.T @ values
    if prediction.coherent is not None:
        # the covariance of a band is D + u u^T: Sherman and Morrison
        common = prediction.coherent[0, at, None] * in_band[at]
        cross = weighted.T @ common
        norm = 1 + np.sum(common**2 / prediction.variance[0, at, None], axis=0)
        products -= (cross / norm) @ cross.T
    inverse = np.linalg.pinv(products[:-1, :-1])
    solution = inverse @ products[:-1, -1]
    return float(solution[-1] / scale[-1]), float(np.sqrt(max(inverse[-1, -1], 0.0)) / scale[-1])
