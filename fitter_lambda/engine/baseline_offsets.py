"""A constant that would improve the fit of a band: light of the host that was not subtracted."""

from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.row_prediction import RowPrediction

#: Of the constant: its significance, and its size as a fraction of the brightest flux of the band's model.
_MIN_SIGMA = 5.0
_MIN_FRACTION = 0.1
_FEWEST_ROWS = 4
_KEPT_FRACTION = 0.9


@dataclass(frozen=True)
class BaselineOffset:
    """A constant flux in one band, and its error (microjansky)."""

    band: str
    flux: float
    fluxerr: float


def find_baseline_offsets(fit: Fit) -> list[BaselineOffset]:
    """Find the bands in which a constant beside the best fit is significant, and not small.

    Time, redshift and shapes stay where they are, the linear parameters are fitted with the constant: generalised least
    squares with the covariance of the best fit. The tenth of the rows that fits worst is left out, or a single outlier
    would pass for a constant.
    """
    prediction = fit.predict_rows(fit.best[None])
    rows = fit.posterior.rows
    pulls = np.abs(rows.flux - prediction.flux[0]) / np.sqrt(prediction.total_variance[0])
    is_measured = prediction.is_used[0] & ~rows.is_limit
    is_measured &= pulls <= np.quantile(pulls[is_measured], _KEPT_FRACTION, method="lower")
    offsets = []
    for band, name in enumerate(fit.data.rows.bands):
        own = is_measured & (rows.band == band)
        if own.sum() < _FEWEST_ROWS:
            continue
        flux, fluxerr = _fit_constant(prediction, rows.flux, is_measured, own, fit.posterior.rows.in_band)
        is_large = abs(flux) > _MIN_FRACTION * np.abs(prediction.flux[0, own]).max()
        if abs(flux) > _MIN_SIGMA * fluxerr and is_large:
            offsets.append(BaselineOffset(name, flux, fluxerr))
    return offsets


def _fit_constant(
    prediction: RowPrediction, flux: Array, is_measured: Array, own: Array, in_band: Array
) -> tuple[float, float]:
    """Fit the linear parameters and a constant on the rows `own`; return the constant and its error."""
    at = np.flatnonzero(is_measured)
    covariance = np.diag(prediction.variance[0, at])
    if prediction.coherent is not None:
        common = prediction.coherent[0, at, None] * in_band[at]
        covariance += common @ common.T
    columns = np.column_stack([prediction.design.flux[0, at], own[at]])
    scale = np.abs(columns).max(axis=0) + 1e-300
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, columns / scale)
    inverse = np.linalg.pinv(white.T @ white)
    values = inverse @ white.T @ np.linalg.solve(root, flux[at])
    return float(values[-1] / scale[-1]), float(np.sqrt(inverse[-1, -1]) / scale[-1])
