"""The rows of a light curve, as the likelihood sees them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fitter_lambda.arrays import Array, Indices, Mask

#: Days within which light that a source does not reach has much the same brightness.
NEARBY_DAYS = 10.0


@dataclass(frozen=True)
class Rows:
    """Rows of a light curve, all arrays of shape (n,).

    Attributes
    ----------
    mjd : ndarray
        Days.
    flux, variance : ndarray
        Micro-Jansky and its square; for limits, the limit and the variance of its error.
    band : ndarray of int
        Index of the band.
    is_limit : ndarray of bool
        True for limits, which have no flux.
    n_detections : ndarray of int
        Number of detections in the row: 0 or 1 before binning.
    brightness : ndarray
        Micro-Jansky: the largest absolute flux that was measured in the band within `NEARBY_DAYS`.
    n_bands : int
        Number of bands of the whole light curve.
    """

    mjd: Array
    flux: Array
    variance: Array
    band: Indices
    is_limit: Mask
    n_detections: Indices
    brightness: Array
    n_bands: int

    def __len__(self) -> int:
        return len(self.mjd)

    @cached_property
    def in_band(self) -> Array:
        """1 where a row belongs to a band, else 0; shape (n, n_bands)."""
        return np.eye(self.n_bands)[self.band]

    def take(self, rows: Mask | Indices) -> "Rows":
        """Return some of the rows."""
        return Rows(
            self.mjd[rows], self.flux[rows], self.variance[rows], self.band[rows], self.is_limit[rows],
            self.n_detections[rows], self.brightness[rows], self.n_bands,
        )  # fmt: skip

    def bin_nights(self, nights: float = 1.0) -> "Rows":
        """Return one row for each band and night, or some nights; limits apart; means weighted by inverse variance."""
        keys = np.stack([np.floor(self.mjd / nights), self.band, self.is_limit], axis=1)
        _, first_row, bins = np.unique(keys, axis=0, return_index=True, return_inverse=True)
        bins = bins.ravel()
        weight = 1 / self.variance
        total = np.bincount(bins, weight)
        mjd, flux = (np.bincount(bins, weight * x) / total for x in (self.mjd, self.flux))
        n_detections = np.bincount(bins, self.n_detections).astype(int)
        same = self.take(first_row)
        brightness = np.zeros(len(total))
        np.maximum.at(brightness, bins, self.brightness)
        return Rows(mjd, flux, 1 / total, same.band, same.is_limit, n_detections, brightness, self.n_bands)


def measure_brightness(mjd: Array, flux: Array, band: Indices, is_limit: Mask) -> Array:
    """Measure the largest absolute flux (n,) in the band within `NEARBY_DAYS` of each row; 0 without a measured one."""
    brightness = np.zeros(len(mjd))
    for number in np.unique(band):
        own = np.flatnonzero((band == number) & ~is_limit)
        own = own[np.argsort(mjd[own], kind="stable")]
        at = np.flatnonzero(band == number)
        first = np.searchsorted(mjd[own], mjd[at] - NEARBY_DAYS, side="left")
        end = np.searchsorted(mjd[own], mjd[at] + NEARBY_DAYS, side="right")
        absolute = np.abs(flux[own])
        brightness[at] = [np.max(absolute[i:j], initial=0.0) for i, j in zip(first, end, strict=True)]
    return brightness
