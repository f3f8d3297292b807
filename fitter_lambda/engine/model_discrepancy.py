"""What a template lacks, and errors of zero points: errors in proportion to the flux of the model.

A supernova differs from its template by a fraction of the flux that changes within weeks, on its own in each band: the
true flux in a band is f + e(p) h, with e a curve of rest-frame phase p and h the highest flux that the template has
within three days, since it may be early or late. e is a sum of cubic B-splines with independent normal coefficients, so
that neighbouring rows share their error and many rows do not average it away. A fifth of it, structure of a day, is
independent in each row.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline

from fitter_lambda.arrays import Array
from fitter_lambda.engine.row_covariance import RowCovariance

#: Rest-frame days between the knots of e(p).
COHERENCE_DAYS = 10.0
#: Rest-frame days by which a template may be early or late.
TIME_ERROR_DAYS = 3.0
#: Of independent errors, as a fraction of e's standard deviation.
_INDEPENDENT_SHARE = 0.2
_DEGREE = 3
#: Mean over x of the sum of squares of the uniform cubic B-splines at x.
_MEAN_SQUARE = 151 / 315
MAGNITUDE = 0.4 * math.log(10)


@dataclass(frozen=True)
class ModelDiscrepancy:
    """Errors of a model.

    Attributes
    ----------
    fraction : float
        Standard deviation of e.
    zero_point_error : float
        Of each band, as a fraction of the flux.
    """

    fraction: float
    zero_point_error: float

    @property
    def size(self) -> float:
        """The standard deviation of a row, as a fraction of its flux."""
        return math.hypot(self.fraction, _INDEPENDENT_SHARE * self.fraction, self.zero_point_error)

    def build_covariance(self, flux: Array, flux_nearby: Array, phase: Array) -> RowCovariance:
        """Build the covariance of the rows' model errors.

        Parameters
        ----------
        flux, flux_nearby : ndarray, shape (n_rows,)
            Of the model, and its highest within `TIME_ERROR_DAYS`.
        phase : ndarray, shape (n_rows,)
            Rest-frame days.
        """
        size = self.fraction * flux_nearby
        columns = [self.zero_point_error * flux[:, None]]
        if self.fraction:
            columns.append(size[:, None] * _evaluate_splines(phase / COHERENCE_DAYS))
        factors = np.concatenate(columns, axis=1)
        variance = (_INDEPENDENT_SHARE * size) ** 2
        return RowCovariance(variance, np.ascontiguousarray(factors[:, factors.any(axis=0)]))


def _evaluate_splines(x: Array) -> Array:
    """Evaluate cubic B-splines with knots at whole numbers, of mean variance 1 together; shape (n, k)."""
    knots = np.arange(math.floor(x.min()) - _DEGREE, math.floor(x.max()) + _DEGREE + 2, dtype=float)
    splines = BSpline.design_matrix(x, knots, _DEGREE).toarray()
    return np.asarray(splines / math.sqrt(_MEAN_SQUARE))
