"""Climb from the points that a scan suggests to the modes of the exact density, and measure their widths.

Newton's method with derivatives by finite differences, all points of a step at once; directions that are not curved
down, or very little, get the width that a mode usually has (Nocedal & Wright 2006, ch. 3).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.marginal_likelihood import MarginalLikelihood

#: Differences and longest steps, in units of first widths; widest modes, likewise.
_DIFFERENCE, _LONGEST, _WIDEST = 0.12, 2.0, 2.0
_STEPS = (1.0, 0.4, 0.1)
_MAX_STEPS = 10
#: A step that gains less ends the climb; modes this far below the best are dropped.
_SMALL_GAIN = 0.3
_MAX_DEPTH = 15.0
#: Starts as near to a mode, and modes as near to each other, are one (first widths).
_SAME_START, _SAME_MODE = 1.5, 0.5


@dataclass(frozen=True, eq=False)
class ClimbedModes:
    """Modes of one model: points (m, n), covariances (m, d, d) of the free columns, log masses (m,)."""

    theta: Array
    covariance: Array
    log_mass: Array

    @property
    def log_evidence(self) -> float:
        """The evidence by Laplace's method."""
        return float(logsumexp(self.log_mass)) if len(self.log_mass) else -np.inf


def climb_modes(
    likelihood: MarginalLikelihood, starts: Array, axes: Array, others: ClimbedModes | None = None
) -> ClimbedModes:
    """Climb from starts.

    Parameters
    ----------
    likelihood : MarginalLikelihood
    starts : ndarray, shape (m, n)
    axes : ndarray, shape (n, n)
        First widths of modes, as columns.
    others : ClimbedModes, optional
        Modes that are known.
    """
    free = likelihood.model.free
    local = axes[np.ix_(free, free)]
    modes = [] if others is None else list(zip(others.theta, others.covariance, others.log_mass.tolist(), strict=True))
    inverse = np.asarray(np.linalg.inv(local), dtype=float)
    for start in starts:
        if not any(np.max(np.abs(inverse @ (start - mode[0])[free])) < _SAME_START for mode in modes):
            modes.append(_climb(likelihood, start, local))
    if not modes:
        return ClimbedModes(np.empty((0, len(axes))), np.empty((0, len(free), len(free))), np.empty(0))
    kept = _drop_copies(modes, free, inverse)
    theta, covariance, mass = (np.array(column) for column in zip(*kept, strict=True))
    return ClimbedModes(theta, covariance, mass)


def _drop_copies(
    modes: list[tuple[Array, Array, float]], free: list[int], inverse: Array
) -> list[tuple[Array, Array, float]]:
    kept: list[tuple[Array, Array, float]] = []
    best = max(mode[2] for mode in modes)
    for mode in sorted((one for one in modes if one[2] > best - _MAX_DEPTH), key=lambda one: -one[2]):
        if all(np.max(np.abs(inverse @ (mode[0] - other[0])[free])) > _SAME_MODE for other in kept):
            kept.append(mode)
    return kept


def _evaluate(likelihood: MarginalLikelihood, theta: Array) -> tuple[Array, Array]:
    """Return points moved within the bounds, and their log density."""
    moved = np.clip(theta, *likelihood.model.bounds)
    return moved, likelihood.log_posterior(moved)


def _climb(likelihood: MarginalLikelihood, theta: Array, axes: Array) -> tuple[Array, Array, float]:
    """Climb from a point; return the mode, its covariance and its log mass."""
    free = likelihood.model.free
    height = -np.inf
    for _ in range(_MAX_STEPS):
        slope, curvature, here = _differentiate(likelihood, theta, axes)
        slope, curvature = _block_axes(likelihood, theta, slope, curvature)
        values, vectors = np.linalg.eigh(curvature)
        values = np.maximum(-values, _WIDEST**-2.0)
        # where curvatures mislead, as at bounds, each axis by itself goes up more surely
        alone = slope / np.maximum(np.abs(np.diag(curvature)), _WIDEST**-2.0)
        steps = np.vstack(
            [np.outer(_STEPS, _shorten(step)) for step in (vectors @ ((vectors.T @ slope) / values), alone)]
        )
        trial = np.tile(theta, (len(steps), 1))
        trial[:, free] += steps @ axes.T
        moved, density = _evaluate(likelihood, trial)
        best = int(np.argmax(density))
        height = max(here, float(density[best]))
        if density[best] > here:
            theta = moved[best]
        if density[best] - here < _SMALL_GAIN:
            break
    root = axes @ (vectors / np.sqrt(values))
    covariance = root @ root.T
    log_mass = height + 0.5 * np.linalg.slogdet(2 * np.pi * covariance)[1]
    return theta, covariance, float(log_mass)


def _block_axes(likelihood: MarginalLikelihood, theta: Array, slope: Array, curvature: Array) -> tuple[Array, Array]:
    """Take out axes that lead beyond a bound: no slope, and of the curvature what the density's fall there makes.

    Steps along the others would count on them, and be wrong.
    """
    low, high = likelihood.model.bounds[:, likelihood.model.free]
    place = theta[likelihood.model.free]
    is_blocked = ((place <= low) & (slope < 0)) | ((place >= high) & (slope > 0))
    curvature = np.where(is_blocked[:, None] | is_blocked, 0.0, curvature)
    # the difference is of one side only: half the slope
    curvature[is_blocked, is_blocked] = -((2 * slope[is_blocked]) ** 2)
    return np.where(is_blocked, 0.0, slope), curvature


def _shorten(step: Array) -> Array:
    return np.asarray(step * min(1.0, _LONGEST / max(np.max(np.abs(step)), 1e-12)))


def _differentiate(likelihood: MarginalLikelihood, theta: Array, axes: Array) -> tuple[Array, Array, float]:
    """Return slope, curvature and value of the log density, in units of the axes.

    A point beyond a bound counts as one at the bound.
    """
    d = axes.shape[1]
    unit = _DIFFERENCE * np.eye(d)
    pairs = [(i, j) for i in range(d) for j in range(i)]
    steps = np.vstack([np.zeros((1, d)), unit, -unit, *(unit[i] + unit[j] for i, j in pairs)])
    points = np.tile(theta, (len(steps), 1))
    points[:, likelihood.model.free] += steps @ axes.T
    density = _evaluate(likelihood, points)[1]
    density = np.maximum(density, np.max(density) - 1e4)
    here, up, down = density[0], density[1 : d + 1], density[d + 1 : 2 * d + 1]
    slope = (up - down) / (2 * _DIFFERENCE)
    curvature = np.diag((up - 2 * here + down) / _DIFFERENCE**2)
    for (i, j), value in zip(pairs, density[2 * d + 1 :], strict=True):
        curvature[i, j] = curvature[j, i] = (value - up[i] - up[j] + here) / _DIFFERENCE**2
    return slope, curvature, float(here)
