"""Interpolation along one axis, between uniform knots: a weighted sum of the four about each place.

Straight lines; cubic convolution (Keys 1981), with sncosmo's ends; not-a-knot cubic splines, by B-spline
coefficients (de Boor 1978).
"""

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_banded

__all__ = ["blended", "knots", "places"]

Array = npt.NDArray[np.float64]


def knots(grid: Array, kernel: str) -> Array:
    """What `taps` weighs, from samples along the axis before the last; one more at either end.

    For "spline" they are the coefficients of the not-a-knot spline, else the samples themselves.
    """
    padded = np.pad(grid, [(0, 0)] * (grid.ndim - 2) + [(1, 1), (0, 0)], mode="edge")
    if kernel != "spline":
        return padded
    padded[..., [0, -1], :] = 0.0
    right = np.moveaxis(padded, -2, 0)
    found = solve_banded((4, 4), _spline_system(len(right)), right.reshape(len(right), -1))
    # the solver's order of memory is Fortran's
    return np.ascontiguousarray(np.moveaxis(found.reshape(right.shape), 0, -2))


def _spline_system(number: int) -> Array:
    """Diagonals of what makes (0, samples, 0) of so many coefficients c.

    At each sample it is (c_i-1 + 4 c_i + c_i+1) / 6; at the ends fourth differences are 0, not-a-knot.
    """
    diagonals = np.zeros((9, number))
    diagonals[4, 1:-1] = 4 / 6
    diagonals[3, 2:] = diagonals[5, :-2] = 1 / 6
    for i, value in enumerate((1.0, -4.0, 6.0, -4.0, 1.0)):
        diagonals[4 - i, i] = diagonals[4 + i, number - 1 - i] = value
    return diagonals


def places(
    x: Array, start: float, step: float, number: int, kernel: str
) -> tuple[npt.NDArray[np.intp], Array]:
    """The first of the four knots about each x, of so many from `start` on, and the four weights."""
    place = np.clip((x - start) / step, 0, number - 1 - 1e-9)
    index = place.astype(np.intp)
    return index, taps(kernel, index, place - index, number - 1)


def taps(kernel: str, index: npt.NDArray[np.intp], x: Array, n_intervals: int) -> Array:
    """Weights of the four knots about fractions x of the intervals `index`, on a new first axis."""
    y, weights = 1 - x, np.zeros((4, *x.shape))
    if kernel == "linear":
        weights[1], weights[2] = y, x
        return weights
    if kernel == "spline":
        weights[0], weights[3] = y * y * y, x * x * x
        weights[1], weights[2] = 4 - 3 * x * x * (1 + y), 4 - 3 * y * y * (1 + x)
        return weights / 6
    weights[0], weights[3] = -0.5 * x * y * y, -0.5 * x * x * y
    weights[1], weights[2] = 1 + 0.5 * x * x * (3 * x - 5), 0.5 * x * (1 + x * (4 - 3 * x))
    # where a knot is missing, at the ends, sncosmo's draws straight lines
    end = np.flatnonzero((index == 0) | (index == n_intervals - 1))
    weights.reshape(4, -1)[:, end] = taps("linear", index.take(end), x.take(end), n_intervals)
    return weights


def blended(table: Array, index: npt.NDArray[np.intp], weights: Array) -> Array:
    """Four neighbouring knots times their weights, summed.

    Parameters
    ----------
    table : ndarray, shape (n_knots, j)
    index : ndarray of int, shape (...)
        The first of the four.
    weights : ndarray, shape (4, ...)

    Returns
    -------
    ndarray, shape (..., j)
    """
    # two columns go as the parts of one complex number: one look-up instead of two
    lanes = np.ascontiguousarray(table)
    lanes = lanes.view(complex) if table.shape[1] % 2 == 0 else lanes
    out = np.empty((*index.shape, lanes.shape[1]), dtype=lanes.dtype)
    for lane in range(lanes.shape[1]):
        column = np.ascontiguousarray(lanes[:, lane])
        total = weights[0] * column.take(index)
        for i in range(1, 4):
            total += weights[i] * column.take(index + i)
        out[..., lane] = total
    return out.view(float)
