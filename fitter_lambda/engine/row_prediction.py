"""What a model predicts for rows."""

from dataclasses import dataclass, replace

import numpy as np

from fitter_lambda.arrays import Array, Mask
from fitter_lambda.engine.bandflux import DesignMatrix


@dataclass(frozen=True)
class RowPrediction:
    """Prediction of a model for rows, at many points; arrays of shape (n_points, n_rows).

    Attributes
    ----------
    design : DesignMatrix
    is_used : ndarray of bool
        Rows that the model predicts; the others are background.
    flux, variance : ndarray
        The variance without what rows of a band share.
    factors : ndarray or None, shape (n_points or 1, n_rows, k)
        Standard deviations of k causes that the rows of a band share, where there are any.
    error_scale : ndarray or None, shape (n_points,)
        Factor of all errors, which `variance` and `factors` contain.
    growth, bend : ndarray or None
        SALT's own variance over the squared flux, and its slope along x1.
    """

    design: DesignMatrix
    is_used: Mask
    flux: Array
    variance: Array
    factors: Array | None = None
    error_scale: Array | None = None
    growth: Array | None = None
    bend: Array | None = None

    def scale_errors(self, scale: Array) -> "RowPrediction":
        """Return the prediction with all errors times a factor (n_points,)."""
        factors = None if self.factors is None else self.factors * scale[:, None, None]
        return replace(self, variance=self.variance * scale[:, None] ** 2, factors=factors, error_scale=scale)

    @property
    def total_variance(self) -> Array:
        """The variance with what rows share."""
        return self.variance if self.factors is None else self.variance + np.sum(self.factors**2, axis=2)
