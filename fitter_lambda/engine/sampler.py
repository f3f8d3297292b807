"""Independent draws and the evidence: importance sampling from a mixture that adapts itself.

Population Monte Carlo with mixtures (Cappe et al. 2008): Student's t components, one for each mode at first,
are moved towards the posterior, round by round, by weighted expectation maximisation with the moments of
Gaussian components; then one large round is drawn, and its weights w = p / q give the evidence, mean(w), its
error, and the effective number of draws, (sum w)^2 / sum w^2 (Kong 1992). Systematic resampling (Kitagawa
1996) turns it into equally weighted draws.
The shape k of a generalised Pareto tail fitted to the largest weights (Vehtari et al. 2024) tells whether the
weights can be trusted: below 0.7 they can.

A free redshift is drawn on a lattice far finer than the posterior, so that draws share their band fluxes, and
moved within its step at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

from fitter_lambda.engine.posterior import Draws, Posterior
from fitter_lambda.engine.search import Mode

__all__ = ["Sample", "resampled", "sample"]

Array = npt.NDArray[np.float64]

_NU = 6.0
_COMPONENTS = 8
_ROUND = 1200
_MOST_ROUNDS = 8
_GOOD = 0.6
_TOO_FEW = 4
_MOST_DRAWS = 60_000
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
    mixture, evaluations = _first(modes), 0
    lattice = _lattice(posterior, modes)
    draws, log_weight = _round(posterior, mixture, lattice, _ROUND, random)
    for rounds in range(1, _MOST_ROUNDS + 1):
        evaluations += _ROUND
        mixture = _adapted(draws.theta, log_weight, mixture, random)
        lattice = _lattice(posterior, modes, draws.theta, log_weight)
        draws, log_weight = _round(posterior, mixture, lattice, _ROUND, random)
        progress(rounds / (_MOST_ROUNDS + 4))
        if _effective(log_weight) > _GOOD * _ROUND and rounds > 1:
            break
    efficiency = _effective(log_weight) / _ROUND
    total = int(min(max(1.2 * n_draws / max(efficiency, 0.02), n_draws), max(_MOST_DRAWS, n_draws)))
    draws, log_weight = _round(posterior, mixture, lattice, total, random)
    return _finish(
        posterior, draws, log_weight, lattice, n_draws, rounds, evaluations + _ROUND + total, random
    )


def _first(modes: list[Mode]) -> _Mixture:
    mass = np.array([mode.log_mass for mode in modes])
    # flattened: Laplace's masses are guesses
    weights = np.exp(0.5 * (mass - mass.max())) + 0.02
    means, covariances = np.array([m.theta for m in modes]), np.array([m.covariance for m in modes])
    # and again, wide: a mode's curvature is not always its width
    return _Mixture(
        np.concatenate([weights, 0.2 * weights]), np.tile(means, (2, 1)),
        np.concatenate([2 * covariances, 30 * covariances]),
    )  # fmt: skip


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
    return low, max(step, (high - low) * 1e-6)


def _round(
    posterior: Posterior, mixture: _Mixture, lattice: tuple[float, float] | None, number: int,
    random: np.random.Generator,
) -> tuple[Draws, Array]:  # fmt: skip
    theta = mixture.draw(number, random)
    if lattice is not None:
        i, (origin, step) = posterior.names.index("z"), lattice
        theta[:, i] = origin + step * (np.floor((theta[:, i] - origin) / step) + 0.5)
    inside = np.isfinite(posterior.log_prior(theta))
    log_weight = np.full(number, -np.inf)
    kept = posterior.joint(theta[inside], random)
    log_weight[inside] = kept.log_ratio - logsumexp(mixture.log_parts(theta[inside]), axis=1)
    a, log_joint = np.zeros((number, kept.a.shape[1])), np.full(number, -np.inf)
    a[inside], log_joint[inside] = kept.a, kept.log_joint
    return Draws(theta, a, log_weight, log_joint), log_weight


def _effective(log_weight: Array) -> float:
    if not np.isfinite(log_weight).any():
        return 0.0
    return float(np.exp(2 * logsumexp(log_weight) - logsumexp(2 * log_weight)))


def _adapted(theta: Array, log_weight: Array, before: _Mixture, random: np.random.Generator) -> _Mixture:
    """Weighted expectation maximisation: the mixture nearest to the weighted draws."""
    if _effective(log_weight) < _TOO_FEW:
        return _restarted(theta, log_weight, before)
    # no single draw may make up the mixture by itself
    log_weight = np.minimum(log_weight, logsumexp(log_weight) - np.log(20.0))
    weight = np.exp(log_weight - logsumexp(log_weight))
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


def _restarted(theta: Array, log_weight: Array, before: _Mixture) -> _Mixture:
    """The mixture made wider, and components about the best draws: the posterior lies elsewhere."""
    covariances = np.asarray(before.roots @ np.swapaxes(before.roots, 1, 2))
    best = theta[np.argsort(-log_weight)[:_COMPONENTS]]
    gap = (best[:, None] - before.means) ** 2 / np.diagonal(covariances, axis1=1, axis2=2)
    nearest = covariances[np.argmin(gap.sum(axis=2), axis=1)]
    return _Mixture(
        np.concatenate([before.weights, np.full(len(best), 1 / len(best))]),
        np.concatenate([before.means, best]), np.concatenate([4 * covariances, nearest]),
    )  # fmt: skip


def _finish(
    posterior: Posterior, draws: Draws, log_weight: Array, lattice: tuple[float, float] | None,
    n_draws: int, rounds: int, evaluations: int, random: np.random.Generator,
) -> Sample:  # fmt: skip
    sample = replace(resampled(draws, log_weight, n_draws, random), rounds=rounds, evaluations=evaluations)
    if lattice is None:
        return sample
    theta, i = sample.theta.copy(), posterior.names.index("z")
    moved = theta[:, i] + lattice[1] * random.uniform(-0.5, 0.5, n_draws)
    theta[:, i] = np.clip(moved, posterior.redshift.low, posterior.redshift.high)
    return replace(sample, theta=theta)


def resampled(draws: Draws, log_weight: Array, n_draws: int, random: np.random.Generator) -> Sample:
    """Equally weighted draws, in random order, from weighted ones."""
    number, effective = len(log_weight), _effective(log_weight)
    weight = np.exp(log_weight - logsumexp(log_weight))
    places = (np.arange(n_draws) + random.uniform()) / n_draws
    chosen = random.permutation(np.minimum(np.searchsorted(np.cumsum(weight), places), number - 1))
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
    share = np.array([1 / np.sum(np.exp(log_like - value)) for value in log_like])
    shape = float(np.mean(np.log1p(-np.sum(b * share) * x)))
    return shape * tail / (tail + 10) + 5 / (tail + 10)
