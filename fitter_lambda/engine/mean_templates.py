"""Templates of the mean Ia beside SALT: they continue it, and are no models of their own.

SALT follows the variety of class Ia. A mean template with errors of the size of that variety describes stripped
supernovae, too, and would make them Ia. But SALT ends 50 days after maximum, and misses bands: there, the light that a
mean predicts is what class Ia predicts. So the evidence of SALT for all rows D is that for the rows R that it reaches,
continued by the mean,

    Z = Z_SALT(R) Z_mean(D) / Z_mean(R).
"""

from dataclasses import fields, replace

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.arrays import Mask
from fitter_lambda.engine.fit import SearchedSource, search_source
from fitter_lambda.engine.fit_data import DETECTION_SIGMA, FitData
from fitter_lambda.input.fit_parameters import Parameters


def compute_evidence(searched: SearchedSource) -> float:
    """Compute the log evidence by Laplace's method, summed over modes."""
    return float(logsumexp([mode.log_mass for mode in searched.modes]))


def continue_evidence(family: SearchedSource, mean: SearchedSource, data: FitData, parameters: Parameters) -> float:
    """Compute what the light that only the mean reaches adds to the log evidence of the family.

    Parameters
    ----------
    family, mean : SearchedSource
        SALT and a template of the mean, for all rows.
    data : FitData
    parameters : Parameters

    Raises
    ------
    FitError
        Too few rows are left.
    """
    is_beyond = find_reached_rows(mean, data) & ~find_reached_rows(family, data)
    if not np.any(is_beyond & data.rows.detections(DETECTION_SIGMA)):
        return 0.0
    near = _take_rows(data, ~is_beyond)
    gains = [
        compute_evidence(search_source(source.posterior.fluxes.grid, near, parameters)) - compute_evidence(source)
        for source in (family, mean)
    ]
    return gains[0] - gains[1]


def find_reached_rows(searched: SearchedSource, data: FitData) -> Mask:
    """Find the rows that the best mode of a source reaches, shape (n_rows,)."""
    best = max(searched.modes, key=lambda mode: mode.log_mass)
    posterior = searched.posterior
    t0, z, shapes = posterior.split_theta(best.theta[None])
    design = posterior.fluxes.build_design_matrix(z, t0, data.rows.mjd, data.rows.band, shapes)
    return np.asarray(design.reached[0])


def _take_rows(data: FitData, kept: Mask) -> FitData:
    rows = data.rows
    columns = {field.name: getattr(rows, field.name)[kept] for field in fields(rows) if field.name != "bandpasses"}
    return replace(data, rows=replace(rows, **columns))
