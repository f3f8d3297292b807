"""Coefficients that are never negative: the chance that a Gaussian gives it to all of them, and draws.

Draws come one by one from truncated Gaussians (Geweke, Hajivassiliou and Keane; Genz 1992). Of coefficients that fight
each other the weights vary wildly in a bad order, so the least likely one comes first, and then the least likely one
given those before (Gibson, Glasbey & Elston 1994). Without draws, the chance is that of Mendell & Elston (1974): after
each condition the others stay Gaussian, with the moments of the truncated one.
"""

import math

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.row_kernels import compile_loops

#: Below so many sigma the tail of a Gaussian is taken from its asymptotic series.
_FAR = -30.0


def estimate_chance(root: Array, mean: Array) -> Array:
    """Return the log chance (n,) that all coefficients are positive, relative to a prior that knows no sign.

    Parameters
    ----------
    root, mean : ndarray, shapes (n, g, g), (n, g)
        Cholesky roots of the precision, and means.
    """
    return np.asarray(_order_by_chance(root, mean)[2] + mean.shape[1] * np.log(2.0))


def draw_positive(root: Array, mean: Array, repeats: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw positive coefficients several times for each row.

    Returns
    -------
    ndarray, shape (n, repeats, g)
    ndarray, shape (n, repeats)
        Log weight: of the draw's density under the Gaussian, relative to a prior that knows no sign, over the density
        of the draw. Its mean is the chance that all are positive, over that of the prior.
    """
    n, g = mean.shape
    order, lower, _ = _order_by_chance(root, mean)
    middle = np.take_along_axis(mean, order, axis=1)
    drawn = np.empty((n, repeats, g))
    normal = np.empty((n, repeats, g))
    log_weight = np.full((n, repeats), g * np.log(2.0))
    for i in range(g):
        centre = middle[:, None, i] + np.einsum("nrj,nj->nr", normal[:, :, :i], lower[:, i, :i])
        scale = lower[:, None, i, i]
        limit = -centre / scale
        log_weight += log_ndtr(-limit)
        # the upper tail by symmetry, which keeps digits far out
        tail = np.maximum(ndtr(-limit) * random.uniform(size=(n, repeats)), 1e-300)
        normal[:, :, i] = np.maximum(-ndtri(tail), limit)
        drawn[:, :, i] = np.maximum(centre + scale * normal[:, :, i], 0.0)
    return np.take_along_axis(drawn, np.argsort(order, axis=1)[:, None], axis=2), log_weight


@compile_loops
def _order_by_chance(root: Array, mean: Array) -> tuple[Indices, Array, Array]:
    """Order coefficients from the least likely to be positive.

    Returns
    -------
    order : ndarray of int, shape (n, g)
    lower : ndarray, shape (n, g, g)
        Cholesky roots of the covariance in that order.
    log_chance : ndarray, shape (n,)
        That all are positive, by Mendell & Elston.
    """
    n, g = mean.shape
    order = np.empty((n, g), np.intp)
    lower = np.zeros((n, g, g))
    log_chance = np.zeros(n)
    for row in range(n):
        covariance = _invert(root[row])
        left = covariance.copy()
        centre = mean[row].copy()
        rest = np.arange(g)
        for i in range(g):
            for k in range(i + 1, g):
                if centre[rest[k]] / math.sqrt(left[rest[k], rest[k]]) < centre[rest[i]] / math.sqrt(
                    left[rest[i], rest[i]]
                ):
                    rest[i], rest[k] = rest[k], rest[i]
            log_chance[row] += _truncate(centre, left, rest[i])
        order[row] = rest
        for i in range(g):
            for j in range(i + 1):
                value = covariance[rest[i], rest[j]]
                for k in range(j):
                    value -= lower[row, i, k] * lower[row, j, k]
                lower[row, i, j] = math.sqrt(max(value, 1e-300)) if j == i else value / lower[row, j, j]
    return order, lower, log_chance


@compile_loops
def _invert(root: Array) -> Array:
    """Return the covariance of a precision by its Cholesky root."""
    g = len(root)
    inverse = np.zeros((g, g))
    for j in range(g):
        inverse[j, j] = 1 / root[j, j]
        for i in range(j + 1, g):
            value = 0.0
            for k in range(j, i):
                value -= root[i, k] * inverse[k, j]
            inverse[i, j] = value / root[i, i]
    return inverse.T @ inverse


@compile_loops
def _truncate(mean: Array, covariance: Array, i: int) -> float:
    """Condition a Gaussian, in place, on coefficient i being positive; return the log chance of that."""
    scale = math.sqrt(covariance[i, i])
    t = mean[i] / scale
    log_density = -0.5 * t * t - 0.5 * math.log(2 * math.pi)
    if t > _FAR:
        log_chance = math.log(0.5 * math.erfc(-t / math.sqrt(2.0)))
    else:
        log_chance = log_density - math.log(-t) + math.log1p(-1 / t**2 + 3 / t**4)
    hazard = math.exp(log_density - log_chance)
    column = covariance[i] / scale
    column = column.copy()
    mean += column * hazard
    covariance -= np.outer(column, column) * (hazard * (hazard + t))
    for k in range(len(mean)):
        covariance[k, k] = max(covariance[k, k], 1e-300)
    return log_chance
