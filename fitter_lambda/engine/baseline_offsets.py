"""A constant that would improve the fit of a band: light of the host that was not subtracted."""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array, Mask
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.row_covariance import RowCovariance
from fitter_lambda.engine.rows import Rows

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
    """Find the bands in which a constant beside the model is significant, and not small; the most significant first.

    One step of Gauss and Newton from the best fit, in all parameters and the constant: generalised least squares with
    the covariance of the best fit. The row of the band that fits worst is left out, or an outlier would pass for a
    constant. Once there is a constant in one band, those of others are sought beside it.
    """
    columns = _differentiate(fit)
    offsets: dict[int, BaselineOffset] = {}
    while best := _find_most_significant(fit, columns, offsets):
        band, offset = best
        offsets[band] = offset
        columns = np.column_stack([columns, fit.posterior.rows.band == band])
    return list(offsets.values())


def _find_most_significant(fit: Fit, columns: Array, known: Container[int]) -> tuple[int, BaselineOffset] | None:
    """Find the band with the most significant constant beside columns (n_rows, d), of those that are not known."""
    prediction = fit.predict_rows(fit.best[None])
    rows = fit.posterior.rows
    pulls = np.abs(rows.flux - prediction.flux[0]) / np.sqrt(prediction.total_variance[0])
    factors = np.zeros((len(rows), 0)) if prediction.factors is None else prediction.factors[0]
    covariance = RowCovariance(prediction.variance[0], factors)
    is_measured = prediction.is_used[0] & ~rows.is_limit
    offsets = []
    for band, name in enumerate(fit.data.rows.bands):
        own = is_measured & (rows.band == band)
        if band in known or own.sum() < _FEWEST_ROWS:
            continue
        worst = np.arange(len(rows)) == np.argmax(np.where(own, pulls, -1.0))
        residual = rows.flux - prediction.flux[0]
        values = np.column_stack([columns, rows.band == band])
        flux, fluxerr = _fit_last_column(covariance, residual, values, is_measured & ~worst, rows)
        is_large = abs(flux) > _MIN_FRACTION * np.abs(prediction.flux[0, own]).max()
        if abs(flux) > _MIN_SIGMA * fluxerr and is_large:
            offsets.append((band, BaselineOffset(name, flux, fluxerr)))
    return max(offsets, key=lambda pair: abs(pair[1].flux) / pair[1].fluxerr, default=None)


def _differentiate(fit: Fit) -> Array:
    """Return the slopes (n_rows, d) of the rows' fluxes along the parameters at the best fit."""
    steps = _STEP * np.diag(fit.draws.std(axis=0))
    ends = fit.predict_rows(np.concatenate([fit.best + steps, fit.best - steps])).flux
    return np.asarray((ends[: len(steps)] - ends[len(steps) :]).T)


def _fit_last_column(
    covariance: RowCovariance, residual: Array, columns: Array, is_used: Mask, rows: Rows
) -> tuple[float, float]:
    """Fit the residuals of the rows used by columns (n_rows, d); return the last coefficient and its error."""
    scale = np.abs(columns[is_used]).max(axis=0) + 1e-300
    matrix, right, *_ = covariance.sum_rows((columns / scale)[None], is_used[None], residual, rows.band, rows.n_bands)
    inverse = np.linalg.pinv(matrix[0])
    solution = inverse @ right[0]
    return float(solution[-1] / scale[-1]), float(np.sqrt(max(inverse[-1, -1], 0.0)) / scale[-1])
