"""The information about a class that a measurement is expected to give, before it is made.

It is the entropy of the classes that is expected to go (Lindley 1956; MacKay 1992),

    I = H[P(c)] - E_y H[P(c | y)],

where the measured flux y changes the probabilities as all evidence does in `template_ranking`, by a power of its
likelihood: P(c | y) is in proportion to P(c) p(y | c)^b. With b = 1 this is the mutual information of c and y. The flux
of a class is a mixture of normal densities; fluxes are sorted into bins between quantiles of all classes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, xlogy

from fitter_lambda.arrays import Array, Mask

#: Edges of bins from each class, to these standard deviations if it were normal. One is the median: an odd number.
_N_EDGES = 25
_FAR = 3.0
#: More edges, at these multiples of the way from the median to the last: a broad class goes on where a narrow one ends.
_BEYOND = (1.3, 1.6, 2.0)
#: Fluxes that stand for a class, at least.
_N_TYPICAL = 256
#: Multiples of it, modulo 1, fill the unit interval evenly.
_GOLDEN = (np.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class FluxMixture:
    """The predicted flux of one class at m visits, each a mixture of n normal densities.

    Attributes
    ----------
    weight : ndarray, shape (n, m)
        The columns sum to 1.
    mean, variance : ndarray, shape (n, m)
    """

    weight: Array
    mean: Array
    variance: Array

    def take(self, visits: Mask) -> "FluxMixture":
        """Return some of the visits."""
        return FluxMixture(self.weight[:, visits], self.mean[:, visits], self.variance[:, visits])

    def add_noise(self, error: Array) -> "FluxMixture":
        """Return what is measured with errors (m,)."""
        return FluxMixture(self.weight, self.mean, self.variance + error**2)

    def compute_quantiles(self, fractions: Array) -> Array:
        """Return quantiles (k, m) of the flux."""
        visits = range(self.mean.shape[1])
        return np.stack([_compute_quantiles(*self._list_typical(i), fractions) for i in visits], axis=1)

    def _list_typical(self, visit: int) -> tuple[Array, Array]:
        """Return fluxes that stand for the distribution of one visit, and their weights."""
        number = len(self.mean)
        n_each = -(-_N_TYPICAL // number)
        offset = (0.5 + _GOLDEN * np.arange(number)) % 1
        normal = ndtri((np.arange(n_each)[:, None] + np.clip(offset, 0.01, 0.99)) / n_each)
        flux = self.mean[:, visit] + np.sqrt(self.variance[:, visit]) * normal
        return flux.ravel(), np.broadcast_to(self.weight[:, visit] / n_each, flux.shape).ravel()

    def _compute_distribution(self, visit: int, flux: Array) -> Array:
        """Return the probability of a flux below each of some (k,) at one visit."""
        deviation = (flux[:, None] - self.mean[:, visit]) / np.sqrt(self.variance[:, visit])
        return np.asarray(ndtr(deviation) @ self.weight[:, visit])


def compute_entropy(probability: Array) -> float:
    """Return the entropy (bits) of probabilities."""
    return float(-np.sum(xlogy(probability, probability)) / np.log(2))


def compute_expected_information(probability: Array, mixtures: Sequence[FluxMixture], power: float) -> Array:
    """Compute the information (bits) that one measurement is expected to give about the class.

    Parameters
    ----------
    probability : ndarray, shape (c,)
        Of the classes; they sum to 1.
    mixtures : sequence of FluxMixture
        What would be measured of each class, noise included.
    power : float
        To which the likelihood of the flux counts.

    Returns
    -------
    ndarray, shape (m,)
        One value for each visit.

    Examples
    --------
    Two classes, equally likely, whose fluxes of 10 and 30 are told apart by an error of 1, and hardly by one of 100:

    >>> import numpy as np
    >>> from fitter_lambda.engine.expected_information import FluxMixture, compute_expected_information
    >>> one = np.ones((1, 2))
    >>> error = np.array([1.0, 100.0])
    >>> mixtures = [FluxMixture(one, flux * one, 0 * one).add_noise(error) for flux in (10.0, 30.0)]
    >>> compute_expected_information(np.array([0.5, 0.5]), mixtures, 1.0).round(2)
    array([1.  , 0.01])
    """
    visits = range(mixtures[0].mean.shape[1])
    return np.array([_compute_information(probability, mixtures, power, visit) for visit in visits])


def _compute_information(probability: Array, mixtures: Sequence[FluxMixture], power: float, visit: int) -> float:
    edges = np.sort([_place_edges(mixture, visit) for mixture in mixtures], axis=None)
    below = np.stack([mixture._compute_distribution(visit, edges) for mixture in mixtures])
    mass = np.maximum(np.diff(below, prepend=0.0, append=1.0), 0.0)
    later = probability[:, None] * mass**power
    later /= np.maximum(later.sum(axis=0), np.finfo(float).tiny)
    left = -xlogy(later, later).sum(axis=0) @ (probability @ mass)
    return max(compute_entropy(probability) - float(left) / math.log(2), 0.0)


def _place_edges(mixture: FluxMixture, visit: int) -> Array:
    fractions = ndtr(np.linspace(-_FAR, _FAR, _N_EDGES))
    quantiles = _compute_quantiles(*mixture._list_typical(visit), fractions)
    median = quantiles[_N_EDGES // 2]
    beyond = [median + factor * (quantiles[[0, -1]] - median) for factor in _BEYOND]
    return np.concatenate([quantiles, *beyond])


def _compute_quantiles(values: Array, weight: Array, fractions: Array) -> Array:
    order = np.argsort(values)
    ordered_weight = weight[order]
    # half of each value's weight lies below it
    below = np.cumsum(ordered_weight) - 0.5 * ordered_weight
    return np.asarray(np.interp(fractions * ordered_weight.sum(), below, values[order]))
