"""Weighted draws: what they are worth, and equally weighted ones out of them.

Weights w = p / q give the evidence, mean(w), its error, and the effective number of draws,
(sum w)^2 / sum w^2 (Kong 1992); systematic resampling (Kitagawa 1996) makes equally weighted draws of them.
The shape k of a generalised Pareto tail fitted to the largest weights (Vehtari et al. 2024) tells whether
they can be trusted: below 0.7 they can. Weights that a few draws would make up alone are tempered, w^b with
b < 1 (Koblents & Miguez 2015), before a proposal is made from them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from fitter_lambda.engine.posterior import Draws
from fitter_lambda.errors import FitError

__all__ = ["ENOUGH", "Sample", "effective", "resampled", "tempered"]

Array = npt.NDArray[np.float64]

#: Weights that tell a shape.
_FEWEST = 50
#: Above this shape of the weights' tail they say nothing (Vehtari et al. 2024); nor when fewer than this
#: fraction of the draws are effective.
_HEAVY, _FEW = 0.7, 0.1
#: Effective draws that are enough to make a proposal from.
ENOUGH = 60.0


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

    @property
    def is_trusted(self) -> bool:
        """Whether the weights say that the draws are the posterior's."""
        return self.pareto_k < _HEAVY and self.effective_draws > _FEW * len(self.theta)


def effective(log_weight: Array) -> float:
    """Effective number of weighted draws."""
    if not np.isfinite(log_weight).any():
        return 0.0
    return float(np.exp(2 * logsumexp(log_weight) - logsumexp(2 * log_weight)))


def tempered(log_weight: Array) -> Array:
    """Weights that sum to 1, to the highest power up to 1 at which enough draws share them."""
    seen, power = np.isfinite(log_weight), 1.0
    log = log_weight[seen] - log_weight[seen].max()
    while effective(power * log) < min(ENOUGH, 0.9 * len(log)):
        power *= 0.8
    weight = np.zeros(len(seen))
    weight[seen] = np.exp(power * log)
    return np.asarray(weight / weight.sum())


def resampled(
    draws: Draws, log_weight: Array, number: int, n_draws: int, random: np.random.Generator
) -> Sample:
    """Equally weighted draws, in random order, from the weighted ones among `number`.

    Raises
    ------
    FitError
        None has any weight.
    """
    if not np.isfinite(log_weight).any():
        raise FitError("The model reaches the detections nowhere; are source type and redshift right?")
    worth = effective(log_weight)
    weight = np.exp(log_weight - logsumexp(log_weight))
    places = (np.arange(n_draws) + random.uniform()) / n_draws
    chosen = random.permutation(np.minimum(np.searchsorted(np.cumsum(weight), places), len(weight) - 1))
    return Sample(
        draws.theta[chosen], draws.a[chosen], draws.log_joint[chosen],
        float(logsumexp(log_weight) - np.log(number)),
        float(np.sqrt(max(1 / worth - 1 / number, 0.0))),
        min(worth, float(n_draws)), _pareto_k(log_weight), 0, number,
    )  # fmt: skip


def _pareto_k(log_weight: Array) -> float:
    """Shape of the weights' upper tail, that of its upper half where this is less.

    A heavy tail stays heavy above any threshold. One that only looks it, since most weights are alike and the
    threshold lies among them, does not.
    """
    finite = np.sort(log_weight[np.isfinite(log_weight)])
    tail = min(len(finite) // 5, int(3 * np.sqrt(len(finite))))
    if tail < 5:
        return float("inf")
    return min(_shape(finite, number) for number in (tail, tail // 2) if number >= min(tail, _FEWEST))


def _shape(finite: Array, tail: int) -> float:
    """Shape of so many of the largest weights, by Zhang & Stephens (2009)."""
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
