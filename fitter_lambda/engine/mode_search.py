"""The search for modes: every local maximum of the posterior, from a coarse grid that covers all theta.

On the grid, rows of a night are binned and all errors are softened by a fraction of the flux. This widens
modes to the template's own scale of days, so that a grid of days cannot miss one (tempering; Marinari &
Parisi 1992). The highest local maxima are the starts of Newton's method with the true errors, on finite
differences with a trust region (Nocedal & Wright 2006, ch. 4), for all starts at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import maximum_filter

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.priors import ERROR_SCALE
from fitter_lambda.errors import FitError

Density = Callable[[Array], Array]

#: Fraction of the flux that softens errors on the grid.
_SOFTENING = 0.15
#: Grid points that are computed with the true errors, and starts of each density.
_MAX_PEAKS = 100
_MAX_STARTS = 8
#: Modes this far below the highest, in log density, are dropped.
_MAX_DEPTH = 16.0
#: Steps of the grid: days, ln(1 + z), shapes.
_T0_STEP = 2.0
_T0_WINDOW = 600.0
_Z_STEP = 0.03
_SHAPE_STEPS = {"c": 0.25, "hostebv": 0.35, "delta": 0.4}
#: A higher curvature (per scale squared) is an edge, where a row leaves the source's reach, not a mode's
#: width.
_MAX_CURVATURE = 1e5
#: Widths measured in powers of two exceed a Gaussian's by up to 1.41.
_FAR_WIDER = 1.5
#: A smaller gain, or a shorter trust region, ends the climb; draws need modes to a few hundredths of their width.
_MIN_GAIN = 1e-6
_MIN_MODE_GAIN = 1e-3
_MIN_TRUST = 0.02
#: Gain that a start may hope for in its first round, and a quarter of it in each that follows.
_FIRST_PACE = 1e5
#: Newton's first steps, for finite differences and for the trust region.
_SCALES = {"t0": 1.0, "z": 0.005, "c": 0.05, "hostebv": 0.05, "delta": 0.1}


@dataclass(frozen=True)
class Mode:
    """A local maximum.

    Attributes
    ----------
    theta : ndarray, shape (d,)
    height : float
        Log density there.
    covariance : ndarray, shape (d, d)
        Inverse of the curvature there.
    """

    theta: Array
    height: float
    covariance: Array

    @property
    def log_mass(self) -> float:
        """Log of the integral of the Gaussian with this height and curvature."""
        _, log_det = np.linalg.slogdet(2 * np.pi * self.covariance)
        return float(self.height + 0.5 * log_det)


def get_scales(names: Sequence[str]) -> Array:
    """Return the scales of parameters by their names, shape (d,)."""
    return np.array([_SCALES.get(name, 0.1) for name in names])


def find_modes(posterior: Posterior) -> list[Mode]:
    """Find every mode within e^-16 of the highest, the highest first.

    Raises
    ------
    FitError
        The source does not reach the detections at any theta.
    """
    theta, shape = _build_theta_grid(posterior)
    height = _soften_posterior(posterior).log_marginal_density(theta)
    if not np.isfinite(height).any():
        raise FitError(
            "The model reaches fewer than half of the detections at any time and redshift; is the source "
            "type right, and the redshift? mjd_min and mjd_max cut a light curve that outlasts the model."
        )
    peaks = _find_local_maxima(height, shape)[:_MAX_PEAKS]
    # with the true errors a mode may be on the slope of a softened one
    points = np.union1d(peaks, np.argsort(-height)[:_MAX_PEAKS])
    true_height = np.full(len(theta), -np.inf)
    true_height[points] = posterior.log_marginal_density(theta[points])
    true_peaks = _find_local_maxima(true_height, shape)
    modes = _maximize_posterior(posterior, theta[np.union1d(peaks[:_MAX_STARTS], true_peaks[:_MAX_STARTS])])
    if not modes:
        raise FitError("The model reaches the detections nowhere long enough; is the source type right?")
    return modes


def _find_local_maxima(height: Array, shape: tuple[int, ...]) -> Indices:
    """Return the indices of the local maxima of a grid, the highest first."""
    lattice = np.where(np.isfinite(height), height, -1e300).reshape(shape)
    is_peak = (lattice == maximum_filter(lattice, size=3, mode="nearest")).ravel()
    peaks = np.flatnonzero(is_peak & np.isfinite(height))
    return peaks[np.argsort(-height[peaks])]


def _soften_posterior(posterior: Posterior) -> Posterior:
    """Return the posterior of binned rows with softened errors."""
    rows = posterior.rows.bin_nights()
    softening = (_SOFTENING * rows.flux * ~rows.is_limit) ** 2
    rows = replace(rows, variance=rows.variance + softening)
    likelihood = replace(posterior.likelihood, rows=rows)
    return replace(posterior, likelihood=likelihood, scatter=None, n_steps=1)


def _build_theta_grid(posterior: Posterior) -> tuple[Array, tuple[int, ...]]:
    """Return the points (n, d) of a grid within the bounds, and the grid's shape."""
    axes = []
    for name, (low, high) in zip(posterior.names, posterior.bounds, strict=True):
        if name == "t0":
            step = _T0_STEP * max(1.0, (high - low) / _T0_WINDOW)
            axes.append(np.arange(low, high + step, step))
        elif name == "z":
            axes.append(posterior.redshift.space_redshifts(_Z_STEP))
        elif name == ERROR_SCALE:
            axes.append(np.ones(1))
        else:
            number = round((high - low) / _SHAPE_STEPS[name]) if name in _SHAPE_STEPS else 1
            axes.append(low + (high - low) * (np.arange(number) + 0.5) / number)
    mesh = np.meshgrid(*axes, indexing="ij")
    return np.stack([axis.ravel() for axis in mesh], axis=1), mesh[0].shape


def add_modes(posterior: Posterior, modes: list[Mode], starts: Array) -> list[Mode]:
    """Add the modes above starts (m, d) to others."""
    return _select_distinct_modes([*modes, *_maximize_posterior(posterior, starts)])


def climb_posterior(posterior: Posterior, theta: Array) -> Array:
    """Return the local maximum (1, d) above theta (1, d)."""
    low, high = posterior.bounds.T
    scale = get_scales(posterior.names)
    modes = maximize_density(posterior.log_marginal_density, theta, low, high, scale, min_gain=_MIN_MODE_GAIN)
    return modes[0].theta[None] if modes else theta


def _maximize_posterior(posterior: Posterior, starts: Array) -> list[Mode]:
    """Find the distinct modes above starts (m, d), within e^-16 of the highest, the highest first."""
    scale = get_scales(posterior.names)
    low, high = posterior.bounds.T
    modes = _select_distinct_modes(
        maximize_density(posterior.log_marginal_density, starts, low, high, scale, min_gain=_MIN_MODE_GAIN)
    )
    return [_widen_mode(posterior.log_marginal_density, mode, scale, high - low) for mode in modes]


def _widen_mode(density: Density, mode: Mode, scale: Array, max_width: Array) -> Mode:
    """Widen a mode along each axis to where its density falls to e^-2, if its curvature implies far less.

    Where a row leaves the source's reach the density ends, and the curvature is that of an edge. No mode gets
    wider than `max_width`, its bounds.
    """
    reach = 2.0 ** np.arange(-11, 6)
    offsets = np.diag(scale)[:, None, None] * np.array([1.0, -1.0])[:, None, None] * reach[:, None]
    points = (mode.theta + offsets).reshape(-1, len(scale))
    has_fallen = density(points).reshape(offsets.shape[:-1]) < mode.height - 2
    first = np.where(has_fallen.any(axis=2), has_fallen.argmax(axis=2), len(reach) - 1)
    width = scale * reach[first.max(axis=1)] / (2 * np.sqrt(2))
    factor = width * np.sqrt(np.diag(np.linalg.inv(mode.covariance)))
    factor = np.where(factor > _FAR_WIDER, factor, 1.0)
    factor *= np.minimum(1.0, max_width / 2 / (factor * np.sqrt(np.diag(mode.covariance))))
    return replace(mode, covariance=mode.covariance * np.outer(factor, factor))


def _select_distinct_modes(modes: list[Mode]) -> list[Mode]:
    """Return the modes within e^-16 of the highest, the highest first, without duplicates."""
    modes = sorted((mode for mode in modes if np.isfinite(mode.height)), key=lambda mode: -mode.height)
    distinct: list[Mode] = []
    for mode in modes:
        is_high = mode.height > modes[0].height - _MAX_DEPTH
        if is_high and not any(_is_near(mode, other) for other in distinct):
            distinct.append(mode)
    return distinct


def _is_near(mode: Mode, other: Mode) -> bool:
    """Whether a mode lies within a standard deviation of another."""
    gap = mode.theta - other.theta
    return bool(gap @ np.linalg.solve(other.covariance, gap) < 1.0)


def maximize_density(
    density: Density, starts: Array, low: Array, high: Array, scale: Array, n_rounds: int = 25,
    min_gain: float = _MIN_GAIN,
) -> list[Mode]:  # fmt: skip
    """Climb from each start to a local maximum.

    Parameters
    ----------
    density : callable
        Log density (n,) at points (n, d).
    starts : ndarray, shape (m, d)
    low, high : ndarray, shape (d,)
        Bounds.
    scale : ndarray, shape (d,)
        Of the first steps.
    n_rounds : int
        Most steps of Newton's method.
    min_gain : float
        A smaller gain of the log density ends the climb.
    """

    def evaluate(points: Array) -> Array:
        values = density(points.reshape(-1, points.shape[-1]))
        return np.where(np.isfinite(values), values, -1e30).reshape(points.shape[:-1])

    theta = np.clip(starts, low + 1e-9 * (high - low), high - 1e-9 * (high - low))
    trust = np.ones(len(theta))
    step = np.tile(0.3 * scale, (len(theta), 1))
    active = np.arange(len(theta))
    pace = np.full(len(theta), _FIRST_PACE)
    highest = -np.inf
    for n_left in range(n_rounds, 0, -1):
        start = theta[active]
        value, slope, curvature, best_neighbour = _differentiate(evaluate, start, step[active], low, high)
        covariance = _invert_curvature(curvature, scale)
        move = np.einsum("mij,mj->mi", covariance, slope)
        length = np.max(np.abs(move) / scale, axis=1)
        move *= np.minimum(1.0, trust[active] / np.maximum(length, 1e-300))[:, None]
        trial = np.clip(start[:, None] + move[:, None] * np.array([1.0, 0.3])[:, None], low, high)
        # where Newton's step fails, at a kink or a bound, the best point of the differences replaces it
        trial = np.concatenate([trial, best_neighbour[:, None]], axis=1)
        heights = evaluate(trial)
        best = np.argmax(heights, axis=1)
        index = np.arange(len(active))
        gain = heights[index, best] - value
        theta[active] = np.where((gain > 0)[:, None], trial[index, best], start)
        trust[active] *= np.where((gain > 0) & (best == 0), 2.0, 0.3)
        trust = np.minimum(trust, 8.0)
        spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        step[active] = np.clip(0.3 * spread, 1e-3 * scale, 0.5 * scale)
        pace[active] = np.maximum(gain, pace[active] / 4)
        highest = max(highest, float(heights.max()))
        # a failed step only shortens the next; starts that climb too slowly to come near the top are dropped
        ends = np.where(gain > 0, gain < min_gain, trust[active] < _MIN_TRUST)
        active = active[~ends & (value + n_left * pace[active] > highest - _MAX_DEPTH)]
        if not len(active):
            break
    value, slope, curvature, _ = _differentiate(evaluate, theta, step, low, high)
    # at a bound the density falls like an exponential, of width 1 / slope
    edge = np.where((theta <= low + 0.1 * step) | (theta >= high - 0.1 * step), slope, 0.0)
    curvature[:, np.arange(len(low)), np.arange(len(low))] -= edge**2
    covariance = _invert_curvature(curvature, scale)
    return [Mode(t, float(v), c) for t, v, c in zip(theta, value, covariance, strict=True) if v > -1e29]


def _differentiate(
    density: Density, theta: Array, step: Array, low: Array, high: Array
) -> tuple[Array, Array, Array, Array]:
    """Return value, gradient and Hessian at points (m, d) by central differences, and the best neighbours."""
    m, d = theta.shape
    step = np.minimum(step, (high - low) / 4)
    # moved inwards where a step would leave the bounds
    middle = np.clip(theta, low + step, high - step)
    one = np.eye(d)
    i, j = np.tril_indices(d, -1)
    two = one[i] + one[j]
    offsets = np.concatenate([np.zeros((1, d)), one, -one, two, -two])
    stencil = middle[:, None] + offsets * step[:, None]
    values = density(np.concatenate([stencil, theta[:, None]], axis=1))
    parts = np.cumsum([1, d, d, len(i), len(i)])
    centre, plus, minus, over, under, _ = np.split(values, parts, axis=1)
    slope = (plus - minus) / (2 * step)
    bend = plus + minus - 2 * centre
    curvature = np.zeros((m, d, d))
    curvature[:, np.arange(d), np.arange(d)] = bend / step**2
    cross = (over + under - 2 * centre - bend[:, i] - bend[:, j]) / (2 * step[:, i] * step[:, j])
    curvature[:, i, j] = curvature[:, j, i] = cross
    slope += np.einsum("mij,mj->mi", curvature, theta - middle)
    best = stencil[np.arange(m), np.argmax(values[:, :-1], axis=1)]
    return values[:, -1], slope, curvature, best


def _invert_curvature(curvature: Array, scale: Array) -> Array:
    """Invert minus the curvature, made positive definite: widths of 1/300 to 20 scales."""
    values, vectors = np.linalg.eigh(-curvature * np.outer(scale, scale))
    values = np.clip(np.abs(np.nan_to_num(values, posinf=_MAX_CURVATURE)), 1 / 400, _MAX_CURVATURE)
    return np.asarray(np.einsum("mij,mj,mkj->mik", vectors, 1 / values, vectors) * np.outer(scale, scale))
