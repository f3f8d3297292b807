"""SALT's covariance held at the best fit: modes without it, then a fixed point of fit and covariance.

With a covariance that changes with the parameters, the density reads the shape out of the scatter, which real
supernovae do not follow. So the covariance of the best fit is used at all points, as in sncosmo's `fit_lc`.
"""

from dataclasses import replace

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.mode_search import Mode, add_modes, climb_posterior, find_modes, get_scales
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.salt_scatter import FrozenScatter
from fitter_lambda.errors import FitError

#: Fraction of the observed flux that stands for the covariance in the first search.
_FIRST_ERROR = 0.05
_ROUNDS = 4
#: In scales of the mode search: a smaller move ends the rounds.
_SMALL_MOVE = 0.03
#: Modes of the first search that are followed.
_MAX_MODES = 4


def freeze_scatter(posterior: Posterior) -> tuple[Posterior, list[Mode]]:
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
    starts = [mode.theta[None] for mode in find_modes(_replace_scatter(reachable))[:_MAX_MODES]]
    ends = [_iterate(reachable, start) for start in starts]
    # with the covariance of its own point each, so that the ends compare
    heights = [reachable.log_joint_density(*end)[0] for end in ends]
    frozen = _freeze(posterior, *ends[int(np.argmax(heights))])
    modes = add_modes(frozen.drop_unreachable_rows(), [], np.concatenate([theta for theta, _ in ends]))
    if not modes:
        raise FitError("The model reaches the detections nowhere long enough; is the source type right?")
    return frozen, modes


def _replace_scatter(posterior: Posterior) -> Posterior:
    """Return the posterior with errors that grow with the observed flux instead of the covariance."""
    rows = posterior.rows
    variance = rows.variance + (_FIRST_ERROR * rows.flux * ~rows.is_limit) ** 2
    likelihood = replace(posterior.likelihood, rows=replace(rows, variance=variance))
    return replace(posterior, likelihood=likelihood, scatter=None)


def _iterate(posterior: Posterior, theta: Array) -> tuple[Array, Array]:
    """Climb from theta (1, d) with the covariance frozen there, and repeat; return theta and the linear parameters."""
    a = _replace_scatter(posterior).solve(theta)
    scale = get_scales(posterior.names)
    for _ in range(_ROUNDS):
        before = theta
        frozen = _freeze(posterior, theta, a)
        theta = climb_posterior(frozen, theta)
        a = frozen.solve(theta)
        if np.all(np.abs(theta - before) < _SMALL_MOVE * scale):
            break
    return theta, a


def _freeze(posterior: Posterior, theta: Array, a: Array) -> Posterior:
    """Return the posterior with the covariance of one point, theta (1, d) and a (1, j), at all points."""
    prediction = posterior.predict_rows(theta, a)
    coherent = np.zeros_like(prediction.flux) if prediction.coherent is None else prediction.coherent
    likelihood = replace(posterior.likelihood, frozen=FrozenScatter(prediction.variance[0], coherent[0]))
    return replace(posterior, likelihood=likelihood, scatter=None)
