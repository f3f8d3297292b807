"""Independent draws and the evidence: importance sampling from a mixture that adapts to the posterior.

Population Monte Carlo (Cappe et al. 2008): a mixture of Student's t components, at first three for each mode,
is fitted to the weighted draws of each round by expectation maximisation with Gaussian moments. So is the
linear parameters' proposal: by its first two moments, and by a parabola in theta where its search starts. The
last round is large; `importance_weights` resamples it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.importance_weights import (
    ENOUGH_DRAWS,
    PosteriorSample,
    effective_sample_size,
    resample,
    temper_weights,
)
from fitter_lambda.engine.linear_parameters import LinearTrend
from fitter_lambda.engine.mode_search import Mode, get_scales
from fitter_lambda.engine.posterior import JointDraws, LinearProposal, Posterior
from fitter_lambda.engine.student_mixture import StudentMixture
from fitter_lambda.errors import FitError

_N_COMPONENTS = 8
#: Of the mixture: see `StudentMixture.adapt`.
_RIDGE = 1e-4
#: Width of the widest first components, in scales of the mode search.
_BROAD = 0.5
_FEWEST_EXTRA = 100
_ROUND_SIZE = 1200
_MAX_ROUNDS = 8
#: Fraction of effective draws that ends the rounds: at once; and once a round gains less than this factor.
_GOOD_EFFICIENCY = 0.6
_FAIR_EFFICIENCY = 0.3
_SMALL_GAIN = 1.1
#: Where the large round's efficiency is less than this fraction of that of the round before, it is redrawn.
_MIN_EFFICIENCY_RATIO = 0.5
#: Variance of the linear parameters' proposal, relative to the draws that it is fitted to.
_PROPOSAL_VARIANCE = 1.1
#: Most draws of the large round, and most draws times rows.
_MAX_DRAWS = 40_000
_MAX_DRAWS_TIMES_ROWS = 5e6


@dataclass(frozen=True)
class _Proposal:
    """Proposal of theta, and of a given theta."""

    theta: StudentMixture
    a: LinearProposal


def run_importance_sampling(
    posterior: Posterior, modes: list[Mode], n_draws: int, random: np.random.Generator,
    progress: Callable[[float], None],
) -> PosteriorSample:  # fmt: skip
    """Draw from a posterior.

    Parameters
    ----------
    posterior : Posterior
    modes : list of Mode
        All modes that matter.
    n_draws : int
    random : numpy.random.Generator
    progress : callable
        Called with the fraction done.
    """
    proposal = _build_first_proposal(posterior, modes)
    draws, log_weight = _draw_round(posterior, proposal, _ROUND_SIZE, random)
    efficiency = effective_sample_size(log_weight) / _ROUND_SIZE
    rounds = 0
    while efficiency < _GOOD_EFFICIENCY and rounds < _MAX_ROUNDS:
        rounds += 1
        previous_efficiency = efficiency
        proposal = _adapt_proposal(posterior, proposal, draws, log_weight, random)
        draws, log_weight = _draw_round(posterior, proposal, _ROUND_SIZE, random)
        progress(rounds / (_MAX_ROUNDS + 4))
        efficiency = effective_sample_size(log_weight) / _ROUND_SIZE
        if _FAIR_EFFICIENCY < efficiency < _SMALL_GAIN * previous_efficiency:
            break
    evaluations = (rounds + 1) * _ROUND_SIZE
    max_draws = min(_MAX_DRAWS, _MAX_DRAWS_TIMES_ROWS / len(posterior.rows))
    total = max(_ROUND_SIZE, int(max(n_draws, min(1.2 * n_draws / max(efficiency, 0.02), max_draws))))
    if total > _ROUND_SIZE:
        # of a few draws beside a bound of the priors, all may be beyond it
        total = max(total, _ROUND_SIZE + _FEWEST_EXTRA)
        # the last round's draws came from the same proposal
        extra, extra_log_weight = _draw_round(posterior, proposal, total - _ROUND_SIZE, random)
        draws = draws.append(extra)
        log_weight = np.concatenate([log_weight, extra_log_weight])
        evaluations += total - _ROUND_SIZE
    if effective_sample_size(log_weight) < _MIN_EFFICIENCY_RATIO * efficiency * total:
        # the large round has found something that small rounds miss
        proposal = _adapt_proposal(posterior, proposal, draws, log_weight, random)
        draws, log_weight = _draw_round(posterior, proposal, total, random)
        evaluations += total
    progress(1.0)
    sample = resample(draws, log_weight, total, n_draws, random)
    return replace(sample, rounds=rounds, evaluations=evaluations)


def _build_first_proposal(posterior: Posterior, modes: list[Mode]) -> _Proposal:
    mass = np.array([mode.log_mass for mode in modes])
    # flattened, as masses by Laplace's method are rough
    weights = np.exp(0.5 * (mass - mass.max())) + 0.02
    means = np.array([mode.theta for mode in modes])
    covariances = np.array([mode.covariance for mode in modes])
    # wide components, too: a mode's curvature is not always its width
    broad = np.diag((_BROAD * get_scales(posterior.names)) ** 2)
    mixture = StudentMixture.build(
        np.concatenate([weights, 0.1 * weights, 0.1 * weights]),
        np.tile(means, (3, 1)),
        np.concatenate([1.3 * covariances, 30 * covariances, covariances + broad]),
    )
    return _Proposal(mixture, LinearProposal.at_mode(posterior.fluxes.n_linear, _PROPOSAL_VARIANCE))


def _draw_round(
    posterior: Posterior, proposal: _Proposal, number: int, random: np.random.Generator
) -> tuple[JointDraws, Array]:  # fmt: skip
    """Draw from the proposal; return the draws within the prior's bounds, and their log weights."""
    theta = proposal.theta.draw(number, random)
    is_inside = np.isfinite(posterior.log_prior(theta))
    if not is_inside.any():
        raise FitError("No draw lies within the bounds of the priors; widen z_min..z_max, or leave it out.")
    draws = posterior.draw_linear_parameters(theta[is_inside], proposal.a, random)
    log_weight = draws.log_ratio - proposal.theta.log_density(draws.theta)
    return draws, log_weight


def _adapt_proposal(
    posterior: Posterior, proposal: _Proposal, draws: JointDraws, log_weight: Array,
    random: np.random.Generator,
) -> _Proposal:  # fmt: skip
    """Fit the proposal to weighted draws, with a trend where the linear parameters take several steps."""
    if np.sum(np.isfinite(log_weight)) < ENOUGH_DRAWS:
        return proposal
    weight = temper_weights(log_weight)
    mean = weight @ draws.offset
    gap = draws.offset - mean
    covariance = _PROPOSAL_VARIANCE * (weight * gap.T) @ gap + 0.01 * np.eye(len(mean))
    trend = LinearTrend.fit(draws.theta, draws.a, weight) if posterior.n_steps > 1 else None
    mixture = _fit_mixture(draws.theta, weight, proposal.theta, random)
    return _Proposal(mixture, LinearProposal(mean, covariance, trend))


def _fit_mixture(theta: Array, weight: Array, start: StudentMixture, random: np.random.Generator) -> StudentMixture:
    """Fit a mixture to weighted draws, starting at another one and at some of the draws."""
    n_extra = max(0, _N_COMPONENTS - len(start.weights))
    means = np.concatenate([start.means, theta[random.choice(len(theta), n_extra, p=weight)]])
    variance = weight @ (theta - weight @ theta) ** 2
    nearest = np.argmin(((means[:, None] - start.means) ** 2 / variance).sum(2), axis=1)
    return StudentMixture(np.full(len(means), 1 / len(means)), means, start.roots[nearest]).adapt(theta, weight, _RIDGE)
