"""The search: every mode of the posterior, from a coarse grid that covers all of theta.

On the grid rows of a night are made one, and all errors are softened by a fraction of the flux, which
widens the modes to the template's own scale of days, so that a grid of days cannot step over one (tempering;
Marinari & Parisi 1992). The highest local maxima are then climbed with the true errors, by Newton's method
on finite differences with a trust region (Nocedal & Wright 2006, ch. 4), all of them at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter

from fitter_lambda.engine.likelihood import Likelihood
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.errors import FitError

__all__ = ["SCALES", "Mode", "climb", "climbed", "distinct", "find_modes"]

Array = npt.NDArray[np.float64]
Density = Callable[[Array], Array]

_SOFTENING = 0.15
_MOST_PEAKS, _MOST_MODES = 100, 8
_KEEP = 16.0
_T0_STEP, _Z_STEP = 2.0, 0.03
_SHAPE_STEPS = {"c": 0.25, "hostebv": 0.35, "delta": 0.4}
#: Steeper than this (per scale squared) is an edge, where a row leaves the source's reach, no mode's width.
_STEEPEST = 1e5
#: Widths that are measured in powers of two exceed a Gaussian's by up to 1.41.
_FAR_WIDER = 1.5
_SMALL_GAIN, _SHORT_STEP = 1e-6, 0.02
#: Gain that a start may hope for in its first round, and a quarter of it in each that follows.
_FIRST_PACE = 1e5
#: Newton's first steps, for finite differences and for trust.
SCALES = {"t0": 1.0, "z": 0.005, "c": 0.05, "hostebv": 0.05, "delta": 0.1}


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


def find_modes(posterior: Posterior) -> list[Mode]:
    """Every mode within e^-16 of the highest, the highest first.

    Raises
    ------
    FitError
        The source reaches the detections nowhere.
    """
    theta, shape = _grid(posterior)
    height = _soft(posterior).laplace(theta)
    if not np.isfinite(height).any():
        raise FitError(
            "The model reaches fewer than half of the detections at any time and redshift; is the source "
            "type right, and the redshift? mjd_min and mjd_max cut a light curve that outlasts the model."
        )
    peaks = _peaks(height, shape)[:_MOST_PEAKS]
    # with the true errors a mode may stand on another's slope
    seen, true = np.union1d(peaks, np.argsort(-height)[:_MOST_PEAKS]), np.full(len(theta), -np.inf)
    true[seen] = posterior.laplace(theta[seen])
    starts = np.union1d(peaks[:_MOST_MODES], _peaks(true, shape)[:_MOST_MODES])
    modes = climbed(posterior, theta[starts])
    if not modes:
        raise FitError("The model reaches the detections nowhere long enough; is the source type right?")
    return modes


def _peaks(height: Array, shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Where the heights of a grid have local maxima, the highest first."""
    lattice = np.where(np.isfinite(height), height, -1e300).reshape(shape)
    is_peak = (lattice == maximum_filter(lattice, size=3, mode="nearest")).ravel()
    peaks = np.flatnonzero(is_peak & np.isfinite(height))
    return peaks[np.argsort(-height[peaks])]


def climbed(posterior: Posterior, starts: Array) -> list[Mode]:
    """The distinct modes above starts (m, d), within e^-16 of the highest, the highest first."""
    scale = np.array([SCALES.get(name, 0.1) for name in posterior.names])
    low, high = posterior.bounds.T
    modes = distinct(climb(posterior.laplace, starts, low, high, scale))
    return [_widened(posterior.laplace, mode, scale, high - low) for mode in modes]


def _widened(density: Density, mode: Mode, scale: Array, most: Array) -> Mode:
    """A mode as wide, along each axis, as its density is at e^-2, where its curvature says far less.

    Where a row leaves the source's reach the density breaks off, and what curves there is an edge. No mode
    is wider than its bounds.
    """
    reach, axes = 2.0 ** np.arange(-11, 6), np.eye(len(scale))
    ways = (scale * axes)[:, None, None] * np.array([1.0, -1.0])[:, None, None] * reach[:, None]
    fallen = density((mode.theta + ways).reshape(-1, len(scale))).reshape(ways.shape[:-1]) < mode.height - 2
    first = np.where(fallen.any(axis=2), fallen.argmax(axis=2), len(reach) - 1)
    width = scale * reach[first.max(axis=1)] / (2 * np.sqrt(2))
    wider = width * np.sqrt(np.diag(np.linalg.inv(mode.covariance)))
    wider = np.where(wider > _FAR_WIDER, wider, 1.0)
    wider *= np.minimum(1.0, most / 2 / (wider * np.sqrt(np.diag(mode.covariance))))
    return replace(mode, covariance=mode.covariance * np.outer(wider, wider))


def _soft(posterior: Posterior) -> Posterior:
    """The posterior with softened errors, rows of the same band and day made one."""
    likelihood = posterior.likelihood
    keys = np.stack([np.floor(posterior.mjd), likelihood.band, likelihood.limit], axis=1)
    _, first, of_bin = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    of_bin, weight = of_bin.ravel(), 1 / likelihood.variance
    total = np.bincount(of_bin, weight)
    flux, mjd = (np.bincount(of_bin, weight * x) / total for x in (likelihood.flux, posterior.mjd))
    band, limit = likelihood.band[first], likelihood.limit[first]
    variance = 1 / total + (_SOFTENING * flux * ~limit) ** 2
    soft = Likelihood(
        flux, variance, band, limit, robust=likelihood.robust, as_sncosmo=likelihood.as_sncosmo
    )  # fmt: skip
    soft.elsewhere = likelihood.elsewhere
    detections = np.bincount(of_bin, posterior.detections).astype(int)
    return replace(posterior, mjd=mjd, likelihood=soft, detections=detections, scatter=None, steps=1)


def _grid(posterior: Posterior) -> tuple[Array, tuple[int, ...]]:
    axes = []
    for name, (low, high) in zip(posterior.names, posterior.bounds, strict=True):
        if name == "t0":
            step = _T0_STEP * max(1.0, (high - low) / 600.0)
            axes.append(np.arange(low, high + step, step))
        elif name == "z":
            number = 2 + int(np.log((1 + high) / (1 + low)) / _Z_STEP)
            # rounding must not put the ends outside of the prior
            axes.append(np.clip(np.geomspace(1 + low, 1 + high, number) - 1, low, high))
        else:
            number = round((high - low) / _SHAPE_STEPS[name]) if name in _SHAPE_STEPS else 1
            axes.append(low + (high - low) * (np.arange(number) + 0.5) / number)
    mesh = np.meshgrid(*axes, indexing="ij")
    return np.stack([axis.ravel() for axis in mesh], axis=1), mesh[0].shape


def distinct(modes: list[Mode]) -> list[Mode]:
    """Modes within e^-16 of the highest, the highest first, none twice."""
    modes = sorted((mode for mode in modes if np.isfinite(mode.height)), key=lambda mode: -mode.height)
    chosen: list[Mode] = []
    for mode in modes:
        near = False
        for other in chosen:
            gap = mode.theta - other.theta
            near |= bool(gap @ np.linalg.solve(other.covariance, gap) < 1.0)
        if not near and mode.height > modes[0].height - _KEEP:
            chosen.append(mode)
    return chosen


def climb(
    density: Density, starts: Array, low: Array, high: Array, scale: Array, rounds: int = 25
) -> list[Mode]:
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
    rounds : int
        At most so many Newton steps.
    """
    theta = np.clip(starts, low + 1e-9 * (high - low), high - 1e-9 * (high - low))
    trust, step = np.ones(len(theta)), np.tile(0.3 * scale, (len(theta), 1))

    def finite(points: Array) -> Array:
        flat = density(points.reshape(-1, points.shape[-1]))
        return np.where(np.isfinite(flat), flat, -1e30).reshape(points.shape[:-1])

    going, pace, top = np.arange(len(theta)), np.full(len(theta), _FIRST_PACE), -np.inf
    for left in range(rounds, 0, -1):
        here, rows = theta[going], np.arange(len(going))
        value, slope, curvature, seen = _differences(finite, here, step[going], low, high)
        covariance = _inverse(curvature, scale)
        move = np.einsum("mij,mj->mi", covariance, slope)
        length = np.max(np.abs(move) / scale, axis=1)
        move *= np.minimum(1.0, trust[going] / np.maximum(length, 1e-300))[:, None]
        trial = np.clip(here[:, None] + move[:, None] * np.array([1.0, 0.3])[:, None], low, high)
        # where Newton's step fails, at a kink or a bound, the best point of the differences will do
        trial = np.concatenate([trial, seen[:, None]], axis=1)
        heights = finite(trial)
        best = np.argmax(heights, axis=1)
        gain = heights[rows, best] - value
        theta[going] = np.where((gain > 0)[:, None], trial[rows, best], here)
        trust[going] *= np.where((gain > 0) & (best == 0), 2.0, 0.3)
        trust = np.minimum(trust, 8.0)
        spread = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        step[going] = np.clip(0.3 * spread, 1e-3 * scale, 0.5 * scale)
        pace[going] = np.maximum(gain, pace[going] / 4)
        top = max(top, float(heights.max()))
        # a step that fails is no end: the next is shorter; but who is too slow to come near will not matter
        ends = np.where(gain > 0, gain < _SMALL_GAIN, trust[going] < _SHORT_STEP)
        going = going[~ends & (value + left * pace[going] > top - _KEEP)]
        if not len(going):
            break
    value, slope, curvature, _ = _differences(finite, theta, step, low, high)
    # at a bound the density falls like an exponential, of width 1 / slope
    edge = np.where((theta <= low + 0.1 * step) | (theta >= high - 0.1 * step), slope, 0.0)
    curvature[:, np.arange(len(low)), np.arange(len(low))] -= edge**2
    covariance = _inverse(curvature, scale)
    return [Mode(t, float(v), c) for t, v, c in zip(theta, value, covariance, strict=True) if v > -1e29]


def _differences(
    density: Density, theta: Array, step: Array, low: Array, high: Array
) -> tuple[Array, Array, Array, Array]:
    """Value, gradient and Hessian of `density` by central differences, and the best of their points."""
    m, d = theta.shape
    step = np.minimum(step, (high - low) / 4)
    # moved inwards where a step would leave the bounds
    middle = np.clip(theta, low + step, high - step)
    one, (i, j) = np.eye(d), np.tril_indices(d, -1)
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
    mixed = (over + under - 2 * centre - bend[:, i] - bend[:, j]) / (2 * step[:, i] * step[:, j])
    curvature[:, i, j] = curvature[:, j, i] = mixed
    slope += np.einsum("mij,mj->mi", curvature, theta - middle)
    best = stencil[np.arange(m), np.argmax(values[:, :-1], axis=1)]
    return values[:, -1], slope, curvature, best


def _inverse(curvature: Array, scale: Array) -> Array:
    """Inverse of minus the curvature, made positive definite: of widths of 1/300 to 20 scales."""
    values, vectors = np.linalg.eigh(-curvature * np.outer(scale, scale))
    values = np.clip(np.abs(np.nan_to_num(values, posinf=_STEEPEST)), 1 / 400, _STEEPEST)
    return np.asarray(np.einsum("mij,mj,mkj->mik", vectors, 1 / values, vectors) * np.outer(scale, scale))
