"""Templates of the mean Ia beside SALT: they continue it, and do not compete with it.

SALT follows the variety of class Ia. A mean template with errors of the size of that variety also describes stripped
supernovae, and would make them Ia. But SALT ends 50 days after maximum, and does not reach all bands; there, class Ia
predicts what the mean predicts. So the evidence of SALT for all rows D is that for the rows R that it reaches, times
what the mean says of the others, given R:

    Z = Z_SALT(R) Z_mean(D) / Z_mean(R).
"""

from dataclasses import fields, replace

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.arrays import Mask
from fitter_lambda.engine.fit import SearchedSource, search_source
from fitter_lambda.engine.fit_data import FitData
from fitter_lambda.errors import FitError
from fitter_lambda.input.fit_parameters import Parameters


def compute_evidence(searched: SearchedSource) -> float:
    """Compute the log evidence by Laplace's method, summed over modes."""
    return float(logsumexp([mode.log_mass for mode in searched.modes]))


def is_mean_template(searched: SearchedSource) -> bool:
    """Return whether a source has an amplitude and no shape."""
    return searched.posterior.fluxes.n_linear == 1 and not searched.posterior.fluxes.grid.shapes


def continue_evidence(salt: SearchedSource, mean: SearchedSource, data: FitData, parameters: Parameters) -> float:
    """Compute what the light that only the mean reaches adds to the log evidence of SALT.

    Parameters
    ----------
    salt, mean : SearchedSource
        SALT and a template of the mean, for all rows.
    data : FitData
    parameters : Parameters

    Raises
    ------
    FitterError
        SALT reaches too few rows for a fit.
    """
    is_beyond = _find_reached_rows(mean) & ~_find_reached_rows(salt)
    if not np.any(is_beyond & (salt.posterior.rows.n_detections > 0)):
        return 0.0
    reached = _take_rows(data, ~is_beyond)
    of_salt, of_mean = (
        compute_evidence(search_source(source.posterior.fluxes.grid, reached, parameters)) - compute_evidence(source)
        for source in (salt, mean)
    )
    if not np.isfinite(of_salt - of_mean):
        raise FitError("SALT describes none of the rows that it reaches.")
    return of_salt - of_mean


def _find_reached_rows(searched: SearchedSource) -> Mask:
    """Find the rows that the best mode of a source reaches, shape (n_rows,)."""
    theta = max(searched.modes, key=lambda mode: mode.log_mass).theta[None]
    posterior = searched.posterior
    return np.asarray(posterior.predict_rows(theta, posterior.solve(theta)).is_used[0])


def _take_rows(data: FitData, kept: Mask) -> FitData:
    rows = data.rows
    columns = {field.name: getattr(rows, field.name)[kept] for field in fields(rows) if field.name != "bandpasses"}
    return replace(data, rows=replace(rows, **columns))
