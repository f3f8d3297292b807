"""Sums of exponentials at points that are not evenly spaced, by FFT.

Gridding with a Kaiser-Bessel window (Fessler & Sutton 2003, IEEE Trans. Signal Process. 51, 560), whose shape is that
of Beatty, Nishimura & Pauly (2005, IEEE Trans. Med. Imaging 24, 799). FINUFFT has no wheel for Linux on arm64.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.fft import ifft, next_fast_len
from scipy.special import i0

from fitter_lambda.arrays import Array

Complex = npt.NDArray[np.complex128]

#: Cells that a point is spread over: the relative error is about 1e-13.
_WIDTH = 14
#: Cells per mode.
_OVERSAMPLING = 2
_SHAPE = math.pi * math.sqrt((_WIDTH / _OVERSAMPLING * (_OVERSAMPLING - 0.5)) ** 2 - 0.8)


def sum_exponentials(points: Array, values: Complex, size: int) -> Complex:
    """Sum values × exp(i k points) over the last axis, for `size` integers k from -(size // 2) on.

    Parameters
    ----------
    points : ndarray, shape (n,)
        From 0 to 2π.
    values : ndarray, shape (..., n)
    size : int

    Returns
    -------
    ndarray, shape (..., size)
        Errors are below 1e-9 of the sum of the absolute values, and mostly of rounding.
    """
    n_cells = next_fast_len(max(_OVERSAMPLING * size, 2 * _WIDTH))
    positions = points * (n_cells / (2 * np.pi))
    cells = np.ceil(positions - _WIDTH / 2).astype(np.int64)[:, None] + np.arange(_WIDTH)
    distances = (cells - positions[:, None]) * (2 / _WIDTH)
    window = i0(_SHAPE * np.sqrt(np.maximum(1 - distances**2, 0)))
    spread = (values[..., None] * window).reshape(*values.shape[:-1], -1)
    grid = _add_up(cells.ravel() % n_cells, spread, n_cells)
    sums = ifft(grid, norm="forward", overwrite_x=True)
    negative = size // 2
    modes = np.concatenate([sums[..., n_cells - negative :], sums[..., : size - negative]], axis=-1)
    modes /= _transform_window((np.arange(size) - negative) / n_cells)
    return modes


def _add_up(cells: npt.NDArray[np.int64], values: Complex, n_cells: int) -> Complex:
    grid = np.empty((*values.shape[:-1], n_cells), dtype=np.complex128)
    for row in np.ndindex(values.shape[:-1]):
        grid[row].real = np.bincount(cells, values[row].real, n_cells)
        grid[row].imag = np.bincount(cells, values[row].imag, n_cells)
    return grid


def _transform_window(frequencies: Array) -> Array:
    """Return the window's Fourier transform, at frequencies in cycles per cell."""
    root = np.sqrt(_SHAPE**2 - (np.pi * _WIDTH * frequencies) ** 2)
    return np.asarray(_WIDTH * np.sinh(root) / root)
