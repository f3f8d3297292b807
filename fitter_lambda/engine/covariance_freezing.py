"""The covariance of model errors held at the best fit: modes without it, then a fixed point of fit and covariance.

With a covariance that changes with the parameters, the density reads the shape out of the scatter, which real
supernovae do not follow. So the covariance of the best fit is used at all points, as in sncosmo's `fit_lc`.
"""

from dataclasses import dataclass, replace

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.mode_search import Mode, add_modes, climb_posterior, find_modes, get_scales
from fitter_lambda.engine.model_discrepancy import TIME_ERROR_DAYS
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.priors import ERROR_SCALE
from fitter_lambda.engine.row_covariance import RowCovariance
from fitter_lambda.errors import FitError

#: Fraction of the observed flux that stands for SALT's covariance in the first search.
_SALT_ERROR = 0.05
_ROUNDS = 6
#: In scales of the mode search: a smaller move ends the rounds.
_SMALL_MOVE = 0.03
#: Modes of the first search that are followed.
_MAX_MODES = 4


@dataclass(frozen=True)
class _Point:
    """A point, theta (1, d) and a (1, j), with its log density under the covariance of its own."""

    theta: Array
    a: Array
    height: float


def freeze_covariance(posterior: Posterior) -> tuple[Posterior, list[Mode]]:
    """Return a posterior with the covariance of its best fit at all points, and its modes.

    Parameters
    ----------
    posterior : Posterior
        With a covariance that depends on the point.

    Raises
    ------
    FitError
        The source does not reach the detections at any theta.
    """
    reachable = posterior.drop_unreachable_rows()
    starts = [mode.theta[None] for mode in find_modes(simplify_errors(reachable))[:_MAX_MODES]]
    ends = [_iterate(reachable, start) for start in starts]
    best = max(ends, key=lambda end: end.height)
    frozen = _freeze(posterior, best.theta, best.a)
    modes = add_modes(frozen.drop_unreachable_rows(), [], np.concatenate([end.theta for end in ends]))
    if not modes:
        raise FitError("The model reaches the detections nowhere long enough; is the source type right?")
    return frozen, modes


def simplify_errors(posterior: Posterior) -> Posterior:
    """Return the posterior with independent errors that grow with the observed flux instead of the covariance."""
    rows = posterior.rows
    fraction = _SALT_ERROR if posterior.discrepancy is None else posterior.discrepancy.size
    variance = rows.variance + (fraction * rows.flux * ~rows.is_limit) ** 2
    likelihood = replace(posterior.likelihood, rows=replace(rows, variance=variance))
    return replace(posterior, likelihood=likelihood, scatter=None, discrepancy=None)


def _iterate(posterior: Posterior, theta: Array) -> _Point:
    """Climb from theta (1, d) with the covariance frozen there, and repeat; return the last point.

    Of a template it is the best point on the way: where it differs much from the data there may be no fixed point, and
    each covariance leads farther away.
    """
    small = _SMALL_MOVE * get_scales(posterior.names)
    frozen = simplify_errors(posterior)
    points: list[_Point] = []
    for _ in range(_ROUNDS):
        a = frozen.solve(theta)
        frozen = _freeze(posterior, theta, a)
        points.append(_Point(theta, a, float(frozen.log_joint_density(theta, a)[0])))
        theta = climb_posterior(frozen, theta)
        if np.all(np.abs(theta - points[-1].theta) < small):
            break
    return points[-1] if posterior.scatter else max(points, key=lambda point: point.height)


def _freeze(posterior: Posterior, theta: Array, a: Array) -> Posterior:
    """Return the posterior with the covariance of one point, theta (1, d) and a (1, j), at all points."""
    rows = posterior.rows
    # a factor of all errors multiplies the covariance that is held
    alone = replace(posterior, fits_error_scale=False)
    named = np.array([name != ERROR_SCALE for name in posterior.names])
    prediction = alone.predict_rows(theta[:, named], a)
    factors = np.zeros((len(rows), 0)) if prediction.factors is None else prediction.factors[0]
    covariance = RowCovariance(prediction.variance[0], factors)
    if posterior.discrepancy is not None:
        t0, z, _ = posterior.split_theta(theta)
        nearby = _predict_highest_flux(posterior, theta, a, TIME_ERROR_DAYS * (1 + float(z[0])))
        own = posterior.discrepancy.build_covariance(prediction.flux[0], nearby, (rows.mjd - t0) / (1 + z))
        covariance = RowCovariance(rows.variance + own.variance, own.factors)
    covariance = covariance.keep_independent(rows.is_limit | posterior.likelihood.robust)
    likelihood = replace(posterior.likelihood, frozen=covariance)
    return replace(posterior, likelihood=likelihood, scatter=None, discrepancy=None)


def _predict_highest_flux(posterior: Posterior, theta: Array, a: Array, days: float) -> Array:
    """Predict the highest flux (n_rows,) of a point, theta (1, d) and a (1, j), within some days of each row."""
    shifts = np.zeros((3, theta.shape[1]))
    shifts[:, 0] = np.array([-days, 0.0, days])
    prediction = posterior.predict_rows(theta + shifts, np.repeat(a, 3, axis=0))
    return np.asarray(np.abs(prediction.flux).max(axis=0))
