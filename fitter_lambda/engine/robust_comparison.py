"""A second fit with Student's t of a light curve that the first does not describe, or strangely."""

from dataclasses import dataclass, replace

import numpy as np

from fitter_lambda.engine.fit import Fit, fit_source
from fitter_lambda.engine.model_verdict import FitCheck
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.errors import FitterError
from fitter_lambda.input.fit_parameters import Parameters

_N_DRAWS = 1000
#: With more rows a second fit would take longer than the first one is worth.
_MAX_ROWS = 1000
#: Residuals this large, in errors, are outliers.
_FAR_OFF = 5.0


@dataclass(frozen=True)
class RobustComparison:
    """What ``robust=True`` makes of the same rows.

    Attributes
    ----------
    parameters : dict of str to tuple
        Median and standard deviation of each.
    shifts : dict of str to float
        Of the medians, in standard deviations of the first fit.
    log_evidence_gain : float
        By how much its log evidence is higher.
    outliers : list of tuple
        Date (MJD) and band of the rows that it leaves more than five errors off.
    """

    parameters: dict[str, tuple[float, float]]
    shifts: dict[str, float]
    log_evidence_gain: float
    outliers: list[tuple[float, str]]

    @property
    def is_better(self) -> bool:
        """Whether the data prefer it."""
        return self.log_evidence_gain > 0


def compare_robust(fit: Fit, check: FitCheck, parameters: Parameters) -> RobustComparison | None:
    """Fit again with ``robust=True`` where the verdict is not good; None where there is nothing to compare."""
    grid = fit.posterior.fluxes.grid
    is_large = len(fit.posterior.rows) > _MAX_ROWS or fit.posterior.fluxes.is_slow
    if check.word == "good" or parameters.robust or parameters.error_scale is None or is_large:
        return None
    robust = replace(parameters, robust=True, n_draws=_N_DRAWS)
    try:
        second = fit_source(load_source_grid(grid.name), fit.data, robust, 0.0, lambda done, doing: None)
    except FitterError:
        return None
    median = np.median(second.draws, axis=0)
    shifts = (median - np.median(fit.draws, axis=0)) / np.maximum(fit.draws.std(axis=0), 1e-300)
    pairs = zip(median.tolist(), second.draws.std(axis=0).tolist(), strict=True)
    return RobustComparison(
        dict(zip(fit.names, pairs, strict=True)),
        dict(zip(fit.names, shifts.tolist(), strict=True)),
        float(second.sample.log_evidence - fit.sample.log_evidence),
        _list_outliers(second),
    )


def _list_outliers(fit: Fit) -> list[tuple[float, str]]:
    rows = fit.data.rows
    prediction = fit.predict_rows(fit.best[None])
    pulls = np.abs(rows.flux - prediction.flux[0]) / np.sqrt(prediction.total_variance[0])
    is_far = prediction.is_used[0] & ~rows.limit & (pulls > _FAR_OFF)
    return [(float(rows.mjd[i]), rows.bands[rows.band[i]]) for i in np.flatnonzero(is_far)]
