"""What a model predicts for rows."""

from dataclasses import dataclass

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
        The variance without the coherent scatter.
    coherent : ndarray or None
        Standard deviation of the scatter common to the rows of a band.
    growth, bend : ndarray or None
        SALT's own variance over the squared flux, and its slope along x1.
    """

    design: DesignMatrix
    is_used: Mask
    flux: Array
    variance: Array
    coherent: Array | None = None
    growth: Array | None = None
    bend: Array | None = None

    @property
    def total_variance(self) -> Array:
        """The variance with the coherent scatter."""
        return self.variance if self.coherent is None else self.variance + self.coherent**2
