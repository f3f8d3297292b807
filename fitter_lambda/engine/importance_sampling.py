"""Independent draws and the evidence: importance sampling from a mixture that adapts itself.

Population Monte Carlo (Cappe et al. 2008): a mixture of Student's t components, three for each mode at first,
is moved towards the posterior, round by round, by weighted expectation maximisation with Gaussian moments.
The linear parameters' proposal moves with it, by its first two moments and a parabola of theta that it starts
from. The last round is large; `weights` makes the sample from it.

A free redshift is drawn on a lattice far finer than the posterior, so that draws share their band fluxes, and
moved within its step at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

from fitter_lambda.engine.importance_weights import ENOUGH, Sample, effective, resampled, tempered
from fitter_lambda.engine.linear_parameters import Trend
from fitter_lambda.engine.mode_search import SCALES, Mode
from fitter_lambda.engine.posterior import Conditional, Draws, Posterior
from fitter_lambda.errors import FitError

__all__ = ["moments", "sample"]

Array = npt.NDArray[np.float64]

_NU = 6.0
_COMPONENTS = 8
#: Width of the widest first components, in scales of the search.
_BROAD = 0.5
_ROUND = 1200
_MOST_ROUNDS = 8
#: Fractions of effective draws that end the rounds: at once, and once a round gains less than so many times.
_GOOD, _FAIR, _GAIN = 0.6, 0.3, 1.1
#: Of that, the fraction to which the large round may fall.
_FALLEN = 0.5
#: Variance of the linear parameters' proposal, over that of the draws that it is made from.
_WIDER = 1.1
#: In the large round: draws, and rows seen by them.
_MOST_DRAWS, _MOST_ROWS = 40_000, 5e6
_LATTICE = 400


class _Mixture:
    """Student's t components: weights (k,), means (k, d), covariances (k, d, d)."""

    def __init__(self, weights: Array, means: Array, covariances: Array) -> None:
        self.weights, self.means = weights / weights.sum(), means
        self.roots = np.linalg.cholesky(covariances)

    def draw(self, number: int, random: np.random.Generator) -> Array:
        component = random.choice(len(self.weights), number, p=self.weights)
        normal = random.standard_normal((number, self.means.shape[1]))
        spread = np.sqrt(_NU / random.chisquare(_NU, number))
        steps = np.einsum("nij,nj->ni", self.roots[component], normal)
        return np.asarray(self.means[component] + spread[:, None] * steps)

    def log_parts(self, theta: Array) -> Array:
        """Log weight times density of each component, shape (n, k)."""
        d = theta.shape[1]
        inverse = np.linalg.inv(self.roots)
        gap = (theta - self.means[:, None]) @ np.swapaxes(inverse, 1, 2)
        norm = gammaln((_NU + d) / 2) - gammaln(_NU / 2) - d / 2 * np.log(_NU * np.pi)
        log_det = np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum(axis=1)
        kernel = -(_NU + d) / 2 * np.log1p((gap**2).sum(axis=2).T / _NU)
        return np.asarray(np.log(self.weights) + norm - log_det + kernel)


@dataclass(frozen=True)
class _Proposal:
    """What draws come from: theta, and a given theta."""

    theta: _Mixture
    a: Conditional


def sample(
    posterior: Posterior, modes: list[Mode], n_draws: int, random: np.random.Generator,
    progress: Callable[[float], None],
) -> Sample:  # fmt: skip
    """Draw from a posterior.

    Parameters
    ----------
    posterior : Posterior
    modes : list of Mode
        All that matter.
    n_draws : int
    random : numpy.random.Generator
    progress : callable
        Told the fraction done.
    """
    proposal, evaluations = _first(posterior, modes), 0
    lattice = _lattice(posterior, modes)
    draws, log_weight = _round(posterior, proposal, lattice, _ROUND, random)
    for rounds in range(1, _MOST_ROUNDS + 1):
        evaluations, before = evaluations + _ROUND, effective(log_weight) / _ROUND
        proposal = _adapted(draws, log_weight, proposal, posterior.steps > 1, random)
        lattice = _lattice(posterior, modes, draws.theta, log_weight)
        draws, log_weight = _round(posterior, proposal, lattice, _ROUND, random)
        progress(rounds / (_MOST_ROUNDS + 4))
        efficiency = effective(log_weight) / _ROUND
        if efficiency > (_GOOD if efficiency > _GAIN * before else _FAIR):
            break
    most = min(_MOST_DRAWS, _MOST_ROWS / len(posterior.mjd))
    total = max(_ROUND, int(max(n_draws, min(1.2 * n_draws / max(efficiency, 0.02), most))))
    if total > _ROUND:
        # the last round's draws came from the same proposal
        more, further = _round(posterior, proposal, lattice, total - _ROUND, random)
        draws, log_weight = draws.joined(more), np.concatenate([log_weight, further])
        evaluations += total - _ROUND
    if effective(log_weight) < _FALLEN * efficiency * total:
        # they came upon something that a round is too small to see
        proposal = _adapted(draws, log_weight, proposal, posterior.steps > 1, random)
        draws, log_weight = _round(posterior, proposal, lattice, total, random)
        evaluations += total
    progress(1.0)
    found = resampled(draws, log_weight, total, n_draws, random)
    return replace(found, rounds=rounds, evaluations=evaluations + _ROUND)


def _first(posterior: Posterior, modes: list[Mode]) -> _Proposal:
    mass = np.array([mode.log_mass for mode in modes])
    # flattened: Laplace's masses are guesses
    weights = np.exp(0.5 * (mass - mass.max())) + 0.02
    means, covariances = np.array([m.theta for m in modes]), np.array([m.covariance for m in modes])
    # and again, wide: a mode's curvature is not always its width, and from afar draws come nearer
    broad = np.diag([(_BROAD * SCALES.get(name, 0.1)) ** 2 for name in posterior.names])
    mixture = _Mixture(
        np.concatenate([weights, 0.2 * weights, 0.2 * weights]), np.tile(means, (3, 1)),
        np.concatenate([2 * covariances, 30 * covariances, covariances + broad]),
    )  # fmt: skip
    return _Proposal(mixture, Conditional.wide(posterior.fluxes.n_linear, _WIDER))


def _lattice(
    posterior: Posterior, modes: list[Mode], theta: Array | None = None, log_weight: Array | None = None
) -> tuple[float, float] | None:
    """Origin and step of the lattice of redshifts; None when there is none."""
    if "z" not in posterior.names:
        return None
    i = posterior.names.index("z")
    narrow = min(float(np.sqrt(1 / np.linalg.inv(mode.covariance)[i, i])) for mode in modes)
    low, high = posterior.redshift.low, posterior.redshift.high
    if theta is not None and log_weight is not None and np.isfinite(log_weight).any():
        weight = np.exp(log_weight - logsumexp(log_weight))
        spread = float(np.sqrt(weight @ (theta[:, i] - weight @ theta[:, i]) ** 2))
        step = min(12 * spread / _LATTICE, max(narrow / 4, (high - low) / 20000))
    else:
        step = narrow / 4
    return low, min(max(step, (high - low) * 1e-6), (high - low) / 100)


def _round(
    posterior: Posterior, proposal: _Proposal, lattice: tuple[float, float] | None, number: int,
    random: np.random.Generator,
) -> tuple[Draws, Array]:  # fmt: skip
    """Those of so many draws that lie within the prior's bounds, and their log weights."""
    theta = proposal.theta.draw(number, random)
    if lattice is not None:
        i, (origin, step) = posterior.names.index("z"), lattice
        theta[:, i] = origin + step * (np.floor((theta[:, i] - origin) / step) + 0.5)
    inside = np.isfinite(posterior.log_prior(theta))
    if not inside.any():
        raise FitError("No draw lies within the bounds of the priors; widen z_min..z_max, or leave it out.")
    draws = posterior.joint(theta[inside], proposal.a, random)
    log_weight = draws.log_ratio - logsumexp(proposal.theta.log_parts(draws.theta), axis=1)
    if lattice is not None:
        # spread over the steps of the lattice
        spread = draws.theta[:, i] + step * random.uniform(-0.5, 0.5, len(draws.theta))
        draws.theta[:, i] = np.clip(spread, posterior.redshift.low, posterior.redshift.high)
    return draws, log_weight


def _adapted(
    draws: Draws, log_weight: Array, before: _Proposal, climbs: bool, random: np.random.Generator
) -> _Proposal:
    """The proposal nearest to the weighted draws; with a trend where the linear parameters are climbed to."""
    if np.sum(np.isfinite(log_weight)) < ENOUGH:
        return before
    weight = tempered(log_weight)
    conditional = moments(draws, weight)
    if climbs:
        conditional = replace(conditional, trend=Trend.of(draws.theta, draws.a, weight))
    return _Proposal(_maximised(draws.theta, weight, before.theta, random), conditional)


def moments(draws: Draws, weight: Array) -> Conditional:
    """How weighted draws have the linear parameters about their mode, a little wider."""
    mean = weight @ draws.offset
    gap = draws.offset - mean
    covariance = _WIDER * (weight * gap.T) @ gap + 0.01 * np.eye(len(mean))
    return Conditional(mean, covariance)


def _maximised(theta: Array, weight: Array, before: _Mixture, random: np.random.Generator) -> _Mixture:
    """Weighted expectation maximisation, from the mixture before and some of the draws."""
    spread = np.cov(theta.T, aweights=weight).reshape(theta.shape[1], -1)
    floor: Array = 1e-4 * np.diag(np.maximum(np.diag(spread), 1e-18))
    more = max(0, _COMPONENTS - len(before.weights))
    means = np.concatenate([before.means, theta[random.choice(len(theta), more, p=weight)]])
    roots = before.roots[np.argmin(((means[:, None] - before.means) ** 2 / np.diag(spread)).sum(2), axis=1)]
    mixture = _Mixture(np.ones(len(means)), means, np.asarray(roots @ np.swapaxes(roots, 1, 2) + floor))
    for _ in range(6):
        parts = mixture.log_parts(theta)
        share = weight[:, None] * np.exp(parts - logsumexp(parts, axis=1, keepdims=True))
        mass = share.sum(axis=0)
        kept = mass > 0.005
        share, mass = share[:, kept] / mass[kept], mass[kept]
        means = share.T @ theta
        gap = theta - means[:, None]
        covariances = np.swapaxes(share.T[..., None] * gap, 1, 2) @ gap + floor
        mixture = _Mixture(mass, means, covariances)
    return mixture
