"""Loops over points and rows, compiled by numba: band fluxes of rows, and sums over the rows.

n points, r rows, b bands, j linear parameters, k causes of errors that rows share.
"""

import math
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from fitter_lambda.arrays import Array, Indices, Mask

#: Kernels of `interpolation`, by number.
KERNEL_NUMBERS = {"linear": 0, "convolution": 1, "spline": 2}


def compile_loops(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function, and keep the code for the next process where there is a place for it."""
    options: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy"}
    try:
        compiled: Callable[..., Any] = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # no folder is writable
        compiled = numba.njit(**options)(function)
    return compiled


@compile_loops
def _weigh_knots(kernel: int, index: int, x: float, n_intervals: int) -> tuple[float, float, float, float]:
    """Return the weights of the four knots about a fraction x of an interval: see `interpolation`."""
    y = 1 - x
    if kernel == 2:
        return (
            y * y * y / 6, (4 - 3 * x * x * (1 + y)) / 6, (4 - 3 * y * y * (1 + x)) / 6, x * x * x / 6,
        )  # fmt: skip
    if kernel == 1 and 0 < index < n_intervals - 1:
        return (
            -0.5 * x * y * y, 1 + 0.5 * x * x * (3 * x - 5), 0.5 * x * (1 + x * (4 - 3 * x)), -0.5 * x * x * y,
        )  # fmt: skip
    return 0.0, y, x, 0.0


@compile_loops
def interpolate_rows(
    phase: Array, band: Indices, is_lit: Mask, kernel: int, start: float, step: float, knots: Array,
    z_index: Indices, z_weights: Array, node_weights: Array, dimming: Array,
) -> Array:  # fmt: skip
    """Interpolate the flux of rows at unit amplitudes.

    Parameters
    ----------
    phase : ndarray, shape (n, r)
        Rest-frame days.
    band : ndarray of int, shape (r,)
    is_lit : ndarray of bool, shape (n, r)
        Where the flux is not zero.
    kernel : int
        Along phase, of `KERNEL_NUMBERS`.
    start, step : float
        Phase of the first knot, and between knots.
    knots : ndarray, shape (n_z, k, b, p + 2, j)
        Along redshift, nodes of the shape, bands and phase.
    z_index, z_weights : ndarray, shapes (n,), (n, q)
        The first of q neighbouring knots in redshift, and their weights.
    node_weights : ndarray, shape (n, k)
    dimming : ndarray, shape (n, b)
        Factor of each band.

    Returns
    -------
    ndarray, shape (n, r, j)
    """
    n, n_rows = phase.shape
    n_nodes, n_bands, n_knots, n_linear = knots.shape[1:]
    n_near = z_weights.shape[1]
    flat = knots.ravel()
    flux = np.zeros((n, n_rows, n_linear))
    factors = np.empty(n_near * n_nodes)
    offsets = np.empty(n_near * n_nodes, np.int64)
    for i in range(n):
        for q in range(n_near):
            for k in range(n_nodes):
                factors[q * n_nodes + k] = z_weights[i, q] * node_weights[i, k]
                offsets[q * n_nodes + k] = ((z_index[i] + q) * n_nodes + k) * n_bands * n_knots * n_linear
        for r in range(n_rows):
            if not is_lit[i, r]:
                continue
            place = min(max((phase[i, r] - start) / step, 0.0), n_knots - 3 - 1e-9)
            first = int(place)
            w0, w1, w2, w3 = _weigh_knots(kernel, first, place - first, n_knots - 3)
            own = (band[r] * n_knots + first) * n_linear
            for j in range(n_linear):
                total = 0.0
                for f in range(n_near * n_nodes):
                    at = own + offsets[f] + j
                    total += factors[f] * (
                        w0 * flat[at] + w1 * flat[at + n_linear]
                        + w2 * flat[at + 2 * n_linear] + w3 * flat[at + 3 * n_linear]
                    )  # fmt: skip
                flux[i, r, j] = total * dimming[i, band[r]]
    return flux


@compile_loops
def _factorize_bands(
    is_used: Mask, observed: Array, variance: Array, factors: Array, band: Indices, lower: Array, target: Array
) -> tuple[float, float]:
    """Factorize I + U^T D^-1 U = L L^T of each band, for the rows that count.

    Fills `lower`, L of shape (b, k, k), and `target`, L^-1 U^T D^-1 y of shape (b, k); returns y^T C^-1 y and
    ln det(2 pi C).
    """
    n_bands, n_factors = target.shape
    lower[:] = 0.0
    target[:] = 0.0
    square = 0.0
    log_det = 0.0
    for r in range(len(observed)):
        if not is_used[r]:
            continue
        square += observed[r] ** 2 / variance[r]
        log_det += math.log(2 * math.pi * variance[r])
        for k in range(n_factors):
            share = factors[r, k] / variance[r]
            if share != 0:
                target[band[r], k] += share * observed[r]
                for m in range(k + 1):
                    lower[band[r], k, m] += share * factors[r, m]
    for b in range(n_bands):
        for k in range(n_factors):
            lower[b, k, k] += 1.0
            for m in range(k + 1):
                total = lower[b, k, m]
                for q in range(m):
                    total -= lower[b, k, q] * lower[b, m, q]
                lower[b, k, m] = math.sqrt(total) if m == k else total / lower[b, m, m]
            for m in range(k):
                target[b, k] -= lower[b, k, m] * target[b, m]
            target[b, k] /= lower[b, k, k]
            square -= target[b, k] ** 2
            log_det += 2 * math.log(lower[b, k, k])
    return square, log_det


@compile_loops
def sum_rows(
    flux: Array, is_used: Mask, observed: Array, variance: Array, factors: Array, band: Indices, n_bands: int
) -> tuple[Array, Array, Array, Array]:
    """Sum measured rows with a covariance C = D + U U^T within each band, by Woodbury's formula.

    Parameters
    ----------
    flux : ndarray, shape (n, r, j)
    is_used : ndarray of bool, shape (n, r)
        The rows that count.
    observed, variance : ndarray, shape (r,)
        Measured fluxes y, and D.
    factors : ndarray, shape (r, k)
        U; a column means another cause in each band.
    band : ndarray of int, shape (r,)
    n_bands : int

    Returns
    -------
    matrix, right : ndarray, shapes (n, j, j), (n, j)
        F^T C^-1 F and F^T C^-1 y.
    square, log_det : ndarray, shape (n,)
        y^T C^-1 y, and ln det(2 pi C).
    """
    n, n_rows, n_linear = flux.shape
    n_factors = factors.shape[1]
    matrix = np.zeros((n, n_linear, n_linear))
    right = np.zeros((n, n_linear))
    square = np.zeros(n)
    log_det = np.zeros(n)
    lower = np.zeros((n_bands, n_factors, n_factors))
    target = np.zeros((n_bands, n_factors))
    cross = np.zeros((n_bands, n_factors, n_linear))
    for i in range(n):
        is_same = i > 0
        for r in range(n_rows):
            if not is_same:
                break
            is_same = is_used[i, r] == is_used[i - 1, r]
        if is_same:
            square[i] = square[i - 1]
            log_det[i] = log_det[i - 1]
        else:
            square[i], log_det[i] = _factorize_bands(is_used[i], observed, variance, factors, band, lower, target)
        cross[:] = 0.0
        for r in range(n_rows):
            if not is_used[i, r]:
                continue
            for j in range(n_linear):
                share = flux[i, r, j] / variance[r]
                right[i, j] += share * observed[r]
                for m in range(j + 1):
                    matrix[i, j, m] += share * flux[i, r, m]
                for k in range(n_factors):
                    cross[band[r], k, j] += share * factors[r, k]
        for b in range(n_bands):
            for k in range(n_factors):
                for j in range(n_linear):
                    for m in range(k):
                        cross[b, k, j] -= lower[b, k, m] * cross[b, m, j]
                    cross[b, k, j] /= lower[b, k, k]
                    right[i, j] -= cross[b, k, j] * target[b, k]
                    for m in range(j + 1):
                        matrix[i, j, m] -= cross[b, k, j] * cross[b, k, m]
        for j in range(n_linear):
            for m in range(j):
                matrix[i, m, j] = matrix[i, j, m]
    return matrix, right, square, log_det


@compile_loops
def climb_to_mode(
    matrix: Array, right: Array, mean: Array, sigma: Array, a: Array, n_steps: int
) -> tuple[Array, Array, Array]:
    """Find the mode of b = (ln a_1, x1) with Gaussian priors and rows of known covariance, by Newton's method.

    Parameters
    ----------
    matrix, right : ndarray, shapes (n, j, j), (n, j)
        Normal equations of the rows.
    mean, sigma : ndarray, shape (n,)
        Prior of ln a_1; that of x1 is N(0, 1).
    a : ndarray, shape (n, j)
        Where to start.
    n_steps : int
        Most steps; each changes a_1 by a factor of 2 at most.

    Returns
    -------
    a, covariance, log_det : ndarray, shapes (n, j), (n, j, j), (n,)
        The mode, and of b the covariance there and ln det of its inverse.
    """
    n, n_linear = a.shape
    covariance = np.zeros((n, n_linear, n_linear))
    log_det = np.zeros(n)
    for i in range(n):
        scale = a[i, 0]
        x1 = a[i, 1] / scale if n_linear == 2 else 0.0
        for step in range(n_steps + 1):
            # along b: d a / d ln a_1 = a, d a / d x1 = (0, a_1)
            along0 = right[i, 0] - matrix[i, 0, 0] * scale
            h00 = scale * scale * matrix[i, 0, 0] + 1 / sigma[i] ** 2
            g0 = scale * along0 + (mean[i] - math.log(scale)) / sigma[i] ** 2
            h01, h11, g1 = 0.0, 1.0, 0.0
            if n_linear == 2:
                along0 -= matrix[i, 0, 1] * scale * x1
                along1 = right[i, 1] - matrix[i, 1, 0] * scale - matrix[i, 1, 1] * scale * x1
                h00 = (
                    scale * scale * (matrix[i, 0, 0] + x1 * (2 * matrix[i, 0, 1] + x1 * matrix[i, 1, 1]))
                    + 1 / sigma[i] ** 2
                )
                h01 = scale * scale * (matrix[i, 0, 1] + x1 * matrix[i, 1, 1])
                h11 = scale * scale * matrix[i, 1, 1] + 1
                g0 = scale * (along0 + x1 * along1) + (mean[i] - math.log(scale)) / sigma[i] ** 2
                g1 = scale * along1 - x1
            determinant = max(h00 * h11 - h01 * h01, 1e-300)
            move0 = (h11 * g0 - h01 * g1) / determinant
            move1 = (h00 * g1 - h01 * g0) / determinant
            if move0 * move0 * h00 + move1 * move1 * h11 < 1e-10 or step == n_steps:
                break
            scale *= math.exp(min(max(move0, -math.log(2.0)), math.log(2.0)))
            x1 += move1
        a[i, 0] = scale
        covariance[i, 0, 0] = h11 / determinant
        if n_linear == 2:
            a[i, 1] = scale * x1
            covariance[i, 1, 1] = h00 / determinant
            covariance[i, 0, 1] = covariance[i, 1, 0] = -h01 / determinant
        log_det[i] = math.log(determinant)
    return a, covariance, log_det
