"""Small matrices at many points: j = 1 or 2 linear parameters, r rows, b bands, n points."""

import numpy as np

from fitter_lambda.arrays import Array


def weigh_products(flux: Array, weight: Array) -> Array:
    """Return F^T W F, shape (n, j, j), of fluxes (n, r, j) and weights (n, r)."""
    return np.asarray(np.swapaxes(flux * weight[..., None], 1, 2) @ flux)


def project(flux: Array, values: Array) -> Array:
    """Return F^T y, shape (n, j), of fluxes (n, r, j) and values (n, r)."""
    return np.asarray((np.swapaxes(flux, 1, 2) @ values[..., None])[..., 0])


def sum_by_band(flux: Array, weight: Array, in_band: Array) -> Array:
    """Return sums of w F over the rows of each band, shape (n, j, b), of fluxes (n, r, j) and weights (n, r)."""
    return np.stack([(weight * column) @ in_band for column in np.moveaxis(flux, 2, 0)], axis=1)


def multiply(matrix: Array, vector: Array) -> Array:
    """Multiply matrices (n, j, k) and vectors (n, k)."""
    return np.asarray((matrix @ vector[..., None])[..., 0])


def invert(matrix: Array) -> tuple[Array, Array]:
    """Return inverses and log determinants of symmetric positive matrices (n, j, j), j = 1 or 2.

    A direction that no row constrains gets a huge variance, not an infinite one.
    """
    size = np.trace(matrix, axis1=1, axis2=2)[:, None, None]
    matrix = matrix + np.eye(matrix.shape[-1]) * (1e-12 * size + 1e-300)
    if matrix.shape[-1] == 1:
        return 1 / matrix, np.log(matrix[:, 0, 0])
    (a, b), (_, c) = matrix.transpose(1, 2, 0)
    determinant = np.maximum(a * c - b * b, 1e-300)
    inverse = np.stack([np.stack([c, -b], -1), np.stack([-b, a], -1)], -2) / determinant[:, None, None]
    return inverse, np.log(determinant)
