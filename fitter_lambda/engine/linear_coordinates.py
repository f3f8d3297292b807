"""Coordinates of the linear parameters in which their density is nearly Gaussian.

With a flat prior these are the linear parameters a themselves: (amplitude,) or, for SALT, (x0, x0 x1). With a
physical prior they are b = (ln amplitude, x1), in which that prior is a Gaussian. Both classes have the same
methods; all arrays hold n points, with j = 1 or 2 parameters.
"""

import math

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.linear_algebra import multiply

#: Far beyond any supernova: flat priors serve to compare with fits without bounds.
X1_BOUNDS = (-20.0, 20.0)
_LN2 = math.log(2)


class PlainCoordinates:
    """The linear parameters themselves."""

    def log_volume(self, a: Array) -> Array:
        """Log of the Jacobian |da/db|, shape (n,)."""
        return np.zeros(len(a))

    def transform(self, a: Array, matrix: Array, slope: Array) -> tuple[Array, Array]:
        """Transform a curvature (n, j, j) and a slope (n, j) along a to these coordinates."""
        return matrix, slope

    def shift(self, a: Array, move: Array) -> Array:
        """Return the linear parameters after a move (n, j) in these coordinates."""
        return a + move

    def shift_bounded(self, a: Array, move: Array, covariance: Array) -> Array:
        """Shift, but change the amplitude by a factor of 2 at most: far from the mode curvatures mislead."""
        trial = clip_bounds(a + move, covariance)
        return np.asarray(trial * np.clip(trial[:, :1], a[:, :1] / 2, a[:, :1] * 2) / trial[:, :1])


class LogCoordinates(PlainCoordinates):
    """b = (ln amplitude, x1)."""

    def log_volume(self, a: Array) -> Array:
        """Log of the Jacobian |da/db|, shape (n,)."""
        return np.asarray(a.shape[1] * np.log(np.maximum(a[:, 0], 1e-300)))

    def transform(self, a: Array, matrix: Array, slope: Array) -> tuple[Array, Array]:
        """Transform a curvature (n, j, j) and a slope (n, j) along a to these coordinates."""
        jacobian = a[:, :1, None] * np.eye(a.shape[1])
        jacobian[:, 1:, 0] = a[:, 1:]
        transpose = np.swapaxes(jacobian, 1, 2)
        return transpose @ matrix @ jacobian, multiply(transpose, slope)

    def shift(self, a: Array, move: Array) -> Array:
        """Return the linear parameters after a move (n, j) in these coordinates."""
        amplitude = a[:, :1] * np.exp(move[:, :1])
        return np.concatenate([amplitude, amplitude * (a[:, 1:] / a[:, :1] + move[:, 1:])], axis=1)

    def shift_bounded(self, a: Array, move: Array, covariance: Array) -> Array:
        """Shift, but change the amplitude by a factor of 2 at most: far from the mode curvatures mislead."""
        move[:, 0] = np.clip(move[:, 0], -_LN2, _LN2)
        return self.shift(a, move)


def clip_bounds(a: Array, covariance: Array) -> Array:
    """Return a (n, j), clipped to a positive amplitude and to the bounds of x1."""
    a = np.where(np.isfinite(a), a, 0.0)
    a[:, 0] = np.maximum(a[:, 0], 0.05 * np.sqrt(covariance[:, 0, 0]))
    if a.shape[1] == 2:
        a[:, 1] = a[:, 0] * np.clip(a[:, 1] / a[:, 0], 0.999 * X1_BOUNDS[0], 0.999 * X1_BOUNDS[1])
    return a
