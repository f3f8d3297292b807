"""The covariance of rows, the same at all points: C = D + U U^T within each band."""

from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array, Indices, Mask
from fitter_lambda.engine.row_kernels import sum_rows


@dataclass(frozen=True)
class RowCovariance:
    """The covariance of rows.

    Attributes
    ----------
    variance : ndarray, shape (n_rows,)
        D, of causes that each row has for itself.
    factors : ndarray, shape (n_rows, k)
        U, standard deviations of causes that rows of a band share; a column means another cause in each band.
    """

    variance: Array
    factors: Array

    @classmethod
    def build_diagonal(cls, variance: Array) -> "RowCovariance":
        """Build the covariance of independent rows."""
        return cls(variance, np.zeros((len(variance), 0)))

    @property
    def diagonal(self) -> Array:
        """The variance of each row, shape (n_rows,)."""
        return np.asarray(self.variance + np.sum(self.factors**2, axis=1))

    def take(self, rows: Mask) -> "RowCovariance":
        """Return the covariance of some of the rows."""
        return RowCovariance(self.variance[rows], self.factors[rows])

    def keep_independent(self, rows: Mask) -> "RowCovariance":
        """Return the covariance with shared causes on the diagonal of `rows`."""
        shared = np.sum(self.factors**2, axis=1)
        return RowCovariance(self.variance + shared * rows, self.factors * ~rows[:, None])

    def sum_rows(
        self, flux: Array, is_used: Mask, observed: Array, band: Indices, n_bands: int
    ) -> tuple[Array, Array, Array, Array]:
        """Return F^T C^-1 F, F^T C^-1 y, y^T C^-1 y and ln det(2 pi C) of the rows that are used.

        Parameters
        ----------
        flux : ndarray, shape (n, n_rows, j)
            F.
        is_used : ndarray of bool, shape (n, n_rows)
        observed : ndarray, shape (n_rows,)
            y.
        band : ndarray of int, shape (n_rows,)
        n_bands : int
        """
        matrix, right, square, log_det = sum_rows(
            flux, is_used, observed, self.variance, self.factors, band, n_bands
        )  # fmt: skip
        return matrix, right, square, log_det
