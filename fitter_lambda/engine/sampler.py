"""Independent draws and the evidence: importance sampling from a mixture that adapts itself.

Population Monte Carlo (Cappe et al. 2008): a mixture of Student's t components, three for each mode at first,
is moved towards the posterior, round by round, by weighted expectation maximisation with Gaussian moments.
The linear parameters' proposal moves with it, by its first two moments and a parabola of theta that it starts
from. Weights that a few draws would make up alone are tempered, w^b with b < 1 (Koblents & Miguez 2015). The
last round is large. Its weights w = p / q give the evidence, mean(w), its error, and the effective number of
draws, (sum w)^2 / sum w^2 (Kong 1992); systematic resampling (Kitagawa 1996) makes equally weighted draws of
it. The shape k of a generalised Pareto tail fitted to the largest weights (Vehtari et al. 2024) tells whether
they can be trusted: below 0.7 they can.

A free redshift is drawn on a lattice far finer than the posterior, so that draws share their band fluxes, and
moved within its step at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

from fitter_lambda.engine.linear import Trend
from fitter_lambda.engine.posterior import Conditional, Draws, Posterior
from fitter_lambda.engine.search import SCALES, Mode
from fitter_lambda.errors import FitError

__all__ = ["Sample", "moments", "resampled", "sample", "tempered"]

Array = npt.NDArray[np.float64]

_NU = 6.0
_COMPONENTS = 8
#: Width of the widest first components, in scales of the search.
_BROAD = 0.5
_ROUND = 1200
_MOST_ROUNDS = 8
#: Fractions of effective draws that end the rounds: at once, and once a round gains less than so many times.
_GOOD, _FAIR, _GAIN = 0.6, 0.3, 1.1
_ENOUGH = 60.0
#: Variance of the linear parameters' proposal, over that of the draws that it is made from.
_WIDER = 1.1
#: In the large round: draws, and rows seen by them.
_MOST_DRAWS, _MOST_ROWS = 40_000, 5e6
_LATTICE = 400


@dataclass(frozen=True)
class Sample:
    """Draws of a posterior.

    Attributes
    ----------
    theta, a : ndarray, shapes (n, d), (n, j)
        Equally weighted, in random order.
    log_joint : ndarray, shape (n,)
        Log joint density of each.
    log_evidence, log_evidence_error : float
    effective_draws : float
        Of the weighted draws that they come from, at most n.
    pareto_k : float
    rounds, evaluations : int
    sampler : str
        Which one drew them.
    """

    theta: Array
    a: Array
    log_joint: Array
    log_evidence: float
    log_evidence_error: float
    effective_draws: float
    pareto_k: float
    rounds: int
    evaluations: int
    sampler: str = "adaptive importance sampling"


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
        gap = np.einsum("kij,nkj->nki", inverse, theta[:, None] - self.means)
        norm = gammaln((_NU + d) / 2) - gammaln(_NU / 2) - d / 2 * np.log(_NU * np.pi)
        log_det = np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum(axis=1)
        kernel = -(_NU + d) / 2 * np.log1p((gap**2).sum(axis=2) / _NU)
        return np.asarray(np.log(self.weights) + norm - log_det + kernel)


@dataclass(frozen=True)
class _Proposal:
    """What draws come from: theta, and a given theta."""

    theta: _Mixture
    a: Conditional


def sample(
    posterior: Posterior, modes: list[Mode], n_draws: int, random: np.random.Generator,
    progress: Callable[[float], None] = lambda done: None,
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
        evaluations, before = evaluations + _ROUND, _effective(log_weight) / _ROUND
        proposal = _adapted(draws, log_weight, proposal, random)
        lattice = _lattice(posterior, modes, draws.theta, log_weight)
        draws, log_weight = _round(posterior, proposal, lattice, _ROUND, random)
        progress(rounds / (_MOST_ROUNDS + 4))
        efficiency = _effective(log_weight) / _ROUND
        if efficiency > (_GOOD if efficiency > _GAIN * before else _FAIR):
            break
    most = min(_MOST_DRAWS, _MOST_ROWS / len(posterior.mjd))
    total = int(max(n_draws, min(1.2 * n_draws / max(efficiency, 0.02), most)))
    if total > _ROUND:
        # the last round's draws came from the same proposal
        more, further = _round(posterior, proposal, lattice, total - _ROUND, random)
        draws, log_weight = draws.joined(more), np.concatenate([log_weight, further])
    total = max(total, _ROUND)
    progress(1.0)
    found = resampled(draws, log_weight, total, n_draws, random)
    return replace(found, rounds=rounds, evaluations=evaluations + total)


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
        draws = replace(draws, theta=_moved(posterior, draws.theta, lattice[1], random))
    return draws, log_weight


def _effective(log_weight: Array) -> float:
    if not np.isfinite(log_weight).any():
        return 0.0
    return float(np.exp(2 * logsumexp(log_weight) - logsumexp(2 * log_weight)))


def _adapted(draws: Draws, log_weight: Array, before: _Proposal, random: np.random.Generator) -> _Proposal:
    """The proposal nearest to the weighted draws."""
    if np.sum(np.isfinite(log_weight)) < _ENOUGH:
        return before
    weight = tempered(log_weight)
    return _Proposal(_maximised(draws.theta, weight, before.theta, random), moments(draws, weight))


def moments(draws: Draws, weight: Array) -> Conditional:
    """How weighted draws have the linear parameters about their mode, a little wider."""
    mean = weight @ draws.offset
    gap = draws.offset - mean
    covariance = _WIDER * (weight * gap.T) @ gap + 0.01 * np.eye(len(mean))
    return Conditional(mean, covariance, Trend.of(draws.theta, draws.a, weight))


def tempered(log_weight: Array) -> Array:
    """Weights that sum to 1, to the highest power up to 1 at which enough draws share them."""
    seen, power = np.isfinite(log_weight), 1.0
    log = log_weight[seen] - log_weight[seen].max()
    while _effective(power * log) < min(_ENOUGH, 0.9 * len(log)):
        power *= 0.8
    weight = np.zeros(len(seen))
    weight[seen] = np.exp(power * log)
    return np.asarray(weight / weight.sum())


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
        gap = theta[:, None] - means
        covariances = np.einsum("nk,nki,nkj->kij", share, gap, gap) + floor
        mixture = _Mixture(mass, means, covariances)
    return mixture


def _moved(posterior: Posterior, theta: Array, step: float, random: np.random.Generator) -> Array:
    """Draws with their redshifts spread over the steps of the lattice."""
    z = posterior.names.index("z")
    spread = theta[:, z] + step * random.uniform(-0.5, 0.5, len(theta))
    theta[:, z] = np.clip(spread, posterior.redshift.low, posterior.redshift.high)
    return theta


def resampled(
    draws: Draws, log_weight: Array, number: int, n_draws: int, random: np.random.Generator
) -> Sample:
    """Equally weighted draws, in random order, from the weighted ones among `number`."""
    effective = _effective(log_weight)
    weight = np.exp(log_weight - logsumexp(log_weight))
    places = (np.arange(n_draws) + random.uniform()) / n_draws
    chosen = random.permutation(np.minimum(np.searchsorted(np.cumsum(weight), places), len(weight) - 1))
    return Sample(
        draws.theta[chosen], draws.a[chosen], draws.log_joint[chosen],
        float(logsumexp(log_weight) - np.log(number)),
        float(np.sqrt(max(1 / max(effective, 1e-9) - 1 / number, 0.0))),
        min(effective, float(n_draws)), _pareto_k(log_weight), 0, number,
    )  # fmt: skip


def _pareto_k(log_weight: Array) -> float:
    """Shape of the weights' upper tail, by Zhang & Stephens (2009)."""
    finite = np.sort(log_weight[np.isfinite(log_weight)])
    tail = min(len(finite) // 5, int(3 * np.sqrt(len(finite))))
    if tail < 5:
        return float("inf")
    cut = np.exp(finite[-tail - 1] - finite[-1])
    x = np.exp(finite[-tail:] - finite[-1]) - cut
    if x[-1] <= 1e-12:
        return 0.0
    x = np.maximum(x, 1e-12)
    m = 30 + int(np.sqrt(tail))
    quarter = x[max(tail // 4 - 1, 0)]
    b = 1 / x[-1] + (1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3 * quarter)
    k = np.array([np.mean(np.log1p(-value * x)) for value in b])
    log_like = tail * (np.log(-b / k) - k - 1)
    share = np.exp(log_like - logsumexp(log_like))
    shape = float(np.mean(np.log1p(-np.sum(b * share) * x)))
    return shape * tail / (tail + 10) + 5 / (tail + 10)
