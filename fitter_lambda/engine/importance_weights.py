"""Importance weights: diagnostics of weighted draws, and resampling to equal weights.

Weights w = p / q give the evidence, mean(w), its error, and the effective sample size, (sum w)^2 / sum w^2
(Kong 1992); systematic resampling (Kitagawa 1996) turns weighted draws into equally weighted ones. The
weights can be trusted where the shape k of a generalised Pareto tail fitted to the largest of them (Vehtari
et al. 2024) is below 0.7. Where a few draws hold nearly all weight, weights are tempered, w^b with b < 1
(Koblents & Miguez 2015), before a proposal is fitted to them.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.arrays import Array
from fitter_lambda.engine.posterior import JointDraws
from fitter_lambda.errors import FitError

#: Fewest weights that a Pareto shape is fitted to.
_MIN_TAIL = 50
#: Weights cannot be trusted above this shape of their tail (Vehtari et al. 2024), nor where less than this
#: fraction of the draws is effective.
_MAX_PARETO_K = 0.7
_MIN_EFFECTIVE_FRACTION = 0.1
#: Effective draws that are enough to fit a proposal to.
ENOUGH_DRAWS = 60.0


@dataclass(frozen=True)
class PosteriorSample:
    """Draws of a posterior.

    Attributes
    ----------
    theta, a : ndarray, shapes (n, d), (n, j)
        Equally weighted, in random order.
    log_joint : ndarray, shape (n,)
        Log joint density of each.
    log_evidence, log_evidence_error : float
    effective_draws : float
        Effective sample size of the weighted draws that they come from, at most n.
    pareto_k : float
    rounds, evaluations : int
    sampler : str
        Name of the method.
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

    @property
    def is_trusted(self) -> bool:
        """Whether the weights show that the draws represent the posterior."""
        is_effective = self.effective_draws > _MIN_EFFECTIVE_FRACTION * len(self.theta)
        return self.pareto_k < _MAX_PARETO_K and is_effective


def effective_sample_size(log_weight: Array) -> float:
    """Return the effective number of weighted draws."""
    if not np.isfinite(log_weight).any():
        return 0.0
    weight = np.exp(log_weight - np.max(log_weight))
    return float(weight.sum() ** 2 / (weight @ weight))


def temper_weights(log_weight: Array) -> Array:
    """Return weights that sum to 1, to the highest power up to 1 at which enough draws are effective."""
    finite = np.isfinite(log_weight)
    log = log_weight[finite] - log_weight[finite].max()
    power = 1.0
    while effective_sample_size(power * log) < min(ENOUGH_DRAWS, 0.9 * len(log)):
        power *= 0.8
    weight = np.zeros(len(finite))
    weight[finite] = np.exp(power * log)
    return np.asarray(weight / weight.sum())


def resample(
    draws: JointDraws, log_weight: Array, n_proposed: int, n_draws: int, random: np.random.Generator
) -> PosteriorSample:
    """Resample weighted draws to equal weights, in random order.

    Parameters
    ----------
    draws : JointDraws
    log_weight : ndarray, shape (n,)
    n_proposed : int
        Number of draws from the proposal; those that are not in `draws` have no weight.
    n_draws : int
        Number of equally weighted draws.
    random : numpy.random.Generator

    Raises
    ------
    FitError
        No draw has any weight.
    """
    if not np.isfinite(log_weight).any():
        raise FitError("The model reaches the detections nowhere; are source type and redshift right?")
    effective = effective_sample_size(log_weight)
    weight = np.exp(log_weight - logsumexp(log_weight))
    places = (np.arange(n_draws) + random.uniform()) / n_draws
    index = random.permutation(np.minimum(np.searchsorted(np.cumsum(weight), places), len(weight) - 1))
    return PosteriorSample(
        draws.theta[index], draws.a[index], draws.log_joint[index],
        float(logsumexp(log_weight) - np.log(n_proposed)),
        float(np.sqrt(max(1 / effective - 1 / n_proposed, 0.0))),
        min(effective, float(n_draws)), _estimate_pareto_k(log_weight), 0, n_proposed,
    )  # fmt: skip


def _estimate_pareto_k(log_weight: Array) -> float:
    """Return the shape of the weights' upper tail, or of its upper half if that is less.

    A heavy tail is heavy above any threshold. A tail that only looks heavy, because most weights are alike
    and the threshold lies among them, is not.
    """
    finite = np.sort(log_weight[np.isfinite(log_weight)])
    tail = min(len(finite) // 5, int(3 * np.sqrt(len(finite))))
    if tail < 5:
        return float("inf")
    return min(_fit_pareto(finite, number) for number in (tail, tail // 2) if number >= min(tail, _MIN_TAIL))


def _fit_pareto(log_weight: Array, tail: int) -> float:
    """Fit a generalised Pareto distribution to the largest of sorted weights: Zhang & Stephens (2009)."""
    cut = np.exp(log_weight[-tail - 1] - log_weight[-1])
    x = np.exp(log_weight[-tail:] - log_weight[-1]) - cut
    if x[-1] <= 1e-12:
        return 0.0
    x = np.maximum(x, 1e-12)
    m = 30 + int(np.sqrt(tail))
    quarter = x[max(tail // 4 - 1, 0)]
    b = 1 / x[-1] + (1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3 * quarter)
    k = np.array([np.mean(np.log1p(-value * x)) for value in b])
    log_likelihood = tail * (np.log(-b / k) - k - 1)
    share = np.exp(log_likelihood - logsumexp(log_likelihood))
    shape = float(np.mean(np.log1p(-np.sum(b * share) * x)))
    return shape * tail / (tail + 10) + 5 / (tail + 10)
