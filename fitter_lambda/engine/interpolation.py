"""Interpolation along one axis between uniform knots: a weighted sum of the four knots about each place.

Kernels: "linear", straight lines; "convolution", cubic convolution (Keys 1981) with the ends of sncosmo;
"spline", not-a-knot cubic splines by B-spline coefficients (de Boor 1978).
"""

import numpy as np
from scipy.linalg import solve_banded

from fitter_lambda.arrays import Array, Indices


def build_knots(samples: Array, kernel: str) -> Array:
    """Build the knots that a kernel weighs, from samples along the last axis but one.

    One knot more at either end. For "spline" they are coefficients, else the samples themselves.
    """
    knots = np.pad(samples, [(0, 0)] * (samples.ndim - 2) + [(1, 1), (0, 0)], mode="edge")
    if kernel != "spline":
        return knots
    knots[..., [0, -1], :] = 0.0
    right = np.moveaxis(knots, -2, 0)
    coefficients = solve_banded((4, 4), _build_spline_system(len(right)), right.reshape(len(right), -1))
    # the solver returns Fortran's order of memory
    return np.ascontiguousarray(np.moveaxis(coefficients.reshape(right.shape), 0, -2))


def _build_spline_system(number: int) -> Array:
    """Build the diagonals of the matrix that turns `number` coefficients c into (0, samples, 0).

    A sample is (c_i-1 + 4 c_i + c_i+1) / 6; at the ends fourth differences are 0, not-a-knot.
    """
    diagonals = np.zeros((9, number))
    diagonals[4, 1:-1] = 4 / 6
    diagonals[3, 2:] = diagonals[5, :-2] = 1 / 6
    for i, value in enumerate((1.0, -4.0, 6.0, -4.0, 1.0)):
        diagonals[4 - i, i] = diagonals[4 + i, number - 1 - i] = value
    return diagonals


def locate(x: Array, start: float, step: float, number: int, kernel: str) -> tuple[Indices, Array]:
    """Locate places among `number` samples.

    Returns
    -------
    ndarray of int, shape (...)
        Index of the first of the four knots about each x.
    ndarray, shape (4, ...)
        Their weights.
    """
    place = np.clip((x - start) / step, 0, number - 1 - 1e-9)
    index = place.astype(np.intp)
    return index, _weigh_knots(kernel, index, place - index, number - 1)


def _weigh_knots(kernel: str, index: Indices, x: Array, n_intervals: int) -> Array:
    """Return the weights of the four knots about fractions x of the intervals `index`."""
    y = 1 - x
    if kernel == "linear":
        return np.stack([np.zeros_like(x), y, x, np.zeros_like(x)])
    if kernel == "spline":
        return np.stack([y * y * y, 4 - 3 * x * x * (1 + y), 4 - 3 * y * y * (1 + x), x * x * x]) / 6
    inner = (1 + 0.5 * x * x * (3 * x - 5), 0.5 * x * (1 + x * (4 - 3 * x)))
    weights = np.stack([-0.5 * x * y * y, *inner, -0.5 * x * x * y])
    # where a knot is missing, at the ends, sncosmo interpolates linearly
    end = np.flatnonzero((index == 0) | (index == n_intervals - 1))
    weights.reshape(4, -1)[:, end] = _weigh_knots("linear", index.take(end), x.take(end), n_intervals)
    return weights


def interpolate(knots: Array, index: Indices, weights: Array) -> Array:
    """Sum four neighbouring knots times their weights.

    Parameters
    ----------
    knots : ndarray, shape (n_knots, j)
    index : ndarray of int, shape (...)
        The first of the four.
    weights : ndarray, shape (4, ...)

    Returns
    -------
    ndarray, shape (..., j)
    """
    # two columns are the parts of one complex number: one look-up instead of two
    lanes = np.ascontiguousarray(knots)
    lanes = lanes.view(complex) if knots.shape[1] % 2 == 0 else lanes
    total = np.empty((*index.shape, lanes.shape[1]), dtype=lanes.dtype)
    for lane in range(lanes.shape[1]):
        column = np.ascontiguousarray(lanes[:, lane])
        lane_total = weights[0] * column.take(index)
        for i in range(1, 4):
            lane_total += weights[i] * column.take(index + i)
        total[..., lane] = lane_total
    return total.view(float)
