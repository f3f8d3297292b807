"""Loops over points and pixels, compiled by numba: templates and added columns at any place and shift.

n points, w pixels of the tables.
"""

import math

import numpy as np

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.row_kernels import compile_loops


@compile_loops
def interpolate_template(
    knots: Array, x1: Array, index: Indices, weights: Array, pixel: Indices, shifts: Array, law: Array, dust: Array,
    number: int,
) -> Array:  # fmt: skip
    """Interpolate a template along its axis and along ln(wavelength), behind dust.

    Parameters
    ----------
    knots : ndarray, shape (j, p, w)
        Of j = 2, the second is for x1.
    x1 : ndarray, shape (n,)
    index, weights : ndarray, shapes (n,), (4, n)
        The first of four knots along the axis, and their weights.
    pixel, shifts : ndarray, shapes (n,), (4, n)
        The second of the four pixels about the first, and their weights.
    law, dust : ndarray, shapes (w,), (n,)
        Nepers at one unit of dust, and dust.
    number : int
        Of pixels.

    Returns
    -------
    ndarray, shape (n, number)
    """
    flux = np.empty((len(x1), number))
    row = np.empty(number + 3)
    for i in range(len(x1)):
        row[:] = 0.0
        for j in range(len(knots)):
            factor = x1[i] if j else 1.0
            for q in range(4):
                knot = knots[j, index[i] + q, pixel[i] - 1 : pixel[i] + number + 2]
                weight = factor * weights[q, i]
                for p in range(number + 3):
                    row[p] += weight * knot[p]
        for p in range(number):
            flux[i, p] = (
                shifts[0, i] * row[p]
                + shifts[1, i] * row[p + 1]
                + shifts[2, i] * row[p + 2]
                + shifts[3, i] * row[p + 3]
            )
        if dust[i] != 0:
            for p in range(number):
                flux[i, p] *= math.exp(-dust[i] * law[pixel[i] + p])
    return flux


@compile_loops
def interpolate_tables(
    tables: Array, width: Indices, width_part: Array, part: Indices, fraction: Array, shift: Indices, number: int
) -> Array:
    """Interpolate columns between tables of two widths and two parts of a shift.

    Parameters
    ----------
    tables : ndarray, shape (widths, parts, columns, w)
    width, width_part : ndarray, shape (n,)
        The first of two widths, and the share of the second.
    part, fraction : ndarray, shape (n,)
        The same of parts of a shift.
    shift : ndarray of int, shape (n,)
        The first pixel.
    number : int
        Of pixels.

    Returns
    -------
    ndarray, shape (n, columns, number)
    """
    columns = np.empty((len(part), tables.shape[2], number))
    for i in range(len(part)):
        next_width = min(width[i] + 1, len(tables) - 1)
        first = 1 - fraction[i]
        narrow = 1 - width_part[i]
        for c in range(tables.shape[2]):
            window = slice(shift[i], shift[i] + number)
            a = tables[width[i], part[i], c, window]
            b = tables[width[i], part[i] + 1, c, window]
            d = tables[next_width, part[i], c, window]
            e = tables[next_width, part[i] + 1, c, window]
            for p in range(number):
                columns[i, c, p] = narrow * (first * a[p] + fraction[i] * b[p]) + width_part[i] * (
                    first * d[p] + fraction[i] * e[p]
                )
    return columns


@compile_loops
def whiten_columns(columns: Array, flux: Array, root: Array) -> Array:
    """Return columns (n, k, w) and at last the flux (w,), times the root of the weights (w,); shape (w, n, k + 1)."""
    number = columns.shape[1]
    white = np.empty((columns.shape[2], columns.shape[0], number + 1))
    for p in range(columns.shape[2]):
        for i in range(columns.shape[0]):
            for k in range(number):
                white[p, i, k] = columns[i, k, p] * root[p]
            white[p, i, number] = flux[p] * root[p]
    return white


@compile_loops
def project_on_splines(white: Array, first: Indices, values: Array, number: int) -> Array:
    """Sum columns times cubic B-splines, of which four are not zero in each pixel.

    Parameters
    ----------
    white : ndarray, shape (w, m)
    first, values : ndarray, shapes (w,), (w, 4)
        The first spline of each pixel, and the values of four.
    number : int
        Of splines.

    Returns
    -------
    ndarray, shape (number, m)
    """
    total = np.zeros((number, white.shape[1]))
    for p in range(len(white)):
        for q in range(4):
            row = total[first[p] + q]
            for k in range(white.shape[1]):
                row[k] += values[p, q] * white[p, k]
    return total


@compile_loops
def subtract_splines(plain: Array, gram: Array, coherent: Array, place: Indices, size: Array) -> tuple[Array, Array]:
    """Subtract from products what splines of Gram matrix G explain: c^T (1 / e^2 + G)^-1 c of projections c (Woodbury).

    Parameters
    ----------
    plain : ndarray, shape (m, k, k)
    gram : ndarray, shape (4, j)
        G at rows and their first three predecessors.
    coherent : ndarray, shape (j, m, k)
    place, size : ndarray, shape (n,)
        Which of m is meant, and e.

    Returns
    -------
    products, log_det : ndarray, shapes (n, k, k), (n,)
        And ln det(1 + e^2 G).
    """
    number, _, width = coherent.shape
    products = np.empty((len(size), width, width))
    log_det = np.zeros(len(size))
    lower = np.zeros((4, number))
    solved = np.zeros((number, width))
    for i in range(len(size)):
        # the factor has bandwidth 3, too
        for j in range(number):
            for b in range(min(3, j), -1, -1):
                value = size[i] * size[i] * gram[b, j] + (1.0 if b == 0 else 0.0)
                for c in range(b + 1, min(3, j) + 1):
                    value -= lower[c, j] * lower[c - b, j - b]
                lower[b, j] = math.sqrt(value) if b == 0 else value / lower[0, j - b]
            log_det[i] += 2 * math.log(lower[0, j])
        for j in range(number):
            inverse = 1 / lower[0, j]
            for k in range(width):
                solved[j, k] = size[i] * inverse * coherent[j, place[i], k]
            for b in range(1, min(3, j) + 1):
                factor = lower[b, j] * inverse
                for k in range(width):
                    solved[j, k] -= factor * solved[j - b, k]
        products[i] = plain[place[i]] - solved.T @ solved
    return products, log_det


@compile_loops
def solve_systems(matrix: Array, right: Array) -> tuple[Array, Array, Array, Array]:
    """Solve many systems of positive matrices.

    Parameters
    ----------
    matrix, right : ndarray, shapes (n, k, k), (n, k)

    Returns
    -------
    root, solved, square, log_det : ndarray, shapes (n, k, k), (n, k), (n,), (n,)
        Cholesky roots L, solutions, |L^-1 right|^2, and ln det L; NaN where a matrix is not positive.
    """
    n, width = right.shape
    root = np.zeros((n, width, width))
    solved = np.empty((n, width))
    square = np.zeros(n)
    log_det = np.zeros(n)
    for i in range(n):
        lower = root[i]
        for j in range(width):
            for c in range(j + 1):
                value = matrix[i, j, c]
                for b in range(c):
                    value -= lower[j, b] * lower[c, b]
                lower[j, c] = math.sqrt(value) if c == j else value / lower[c, c]
            half = right[i, j]
            for b in range(j):
                half -= lower[j, b] * solved[i, b]
            solved[i, j] = half / lower[j, j]
            square[i] += solved[i, j] ** 2
            log_det[i] += math.log(lower[j, j])
        for j in range(width - 1, -1, -1):
            value = solved[i, j]
            for b in range(j + 1, width):
                value -= lower[b, j] * solved[i, b]
            solved[i, j] = value / lower[j, j]
    return root, solved, square, log_det
