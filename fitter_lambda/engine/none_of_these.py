"""A light curve of no supernova: a Gaussian process in time and wavelength, so that "none of these" can win.

A source that varies by any amount, over any time, and in any colour: zero mean, a covariance that falls with the
difference in time and in ln(wavelength) (squared exponentials; Rasmussen & Williams 2006, sec. 4.2), and log-uniform
priors of its three scales. Active galaxies, cataclysmic variables and flares are like that; supernovae are, too, but
their templates need fewer accidents, and win by that (Boone 2019 describes light curves by such a process).
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.expected_information import FluxMixture
from fitter_lambda.engine.rows import Rows

#: The scales: of the flux, relative to the brightest row; of time (days); of ln(wavelength).
_AMPLITUDES = np.geomspace(0.03, 3.0, 7)
_TIMES = np.geomspace(1.0, 300.0, 9)
_COLOURS = np.array([0.03, 0.2, 1.0, 5.0])
#: Nights are binned, and with more bins than these wider windows.
_MAX_BINS = 400
#: Of the scales, the most probable ones predict.
_N_PREDICTING = 24
_LN_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True)
class NoneProcess:
    """The Gaussian process, conditioned on the measured rows; limits say nothing here.

    Attributes
    ----------
    rows : Rows
        With the measured errors.
    wavelength : ndarray, shape (n_bands,)
        Effective wavelengths of the bands.
    """

    rows: Rows
    wavelength: Array

    @cached_property
    def _measured(self) -> Rows:
        return self.rows.take(~self.rows.is_limit)

    @cached_property
    def _bins(self) -> Rows:
        bins = self._measured.bin_nights()
        window = 1.0
        while len(bins) > _MAX_BINS:
            window *= 2
            bins = self._measured.bin_nights(window)
        return bins

    @cached_property
    def _amplitudes(self) -> Array:
        return np.asarray(_AMPLITUDES * np.abs(self._bins.flux).max())

    @cached_property
    def _log_evidences(self) -> Array:
        """Log evidence of the bins at each scale of time, colour and amplitude."""
        evidences = [
            _compute_log_evidences(self._bins, self._correlate(self._bins, self._bins, *scales), self._amplitudes)
            for scales in product(_TIMES, _COLOURS)
        ]
        return np.reshape(evidences, (len(_TIMES), len(_COLOURS), len(_AMPLITUDES)))

    @cached_property
    def log_evidence(self) -> float:
        """The log evidence of the measured rows."""
        rows = self._measured
        bins = self._bins
        within = _log_normal(rows.flux, rows.variance) - _log_normal(bins.flux, bins.variance)
        log_evidences = self._log_evidences.ravel()
        return within + float(np.logaddexp.reduce(log_evidences) - np.log(len(log_evidences)))

    def predict_fluxes(self, mjd: Array, band: Indices) -> FluxMixture:
        """Predict the fluxes at dates (m,) in bands (m,): a normal density for each of the most probable scales."""
        log_evidences = self._log_evidences
        likeliest = np.argsort(-log_evidences, axis=None)[:_N_PREDICTING]
        weight = np.exp(log_evidences.ravel()[likeliest] - log_evidences.max())
        nothing = np.zeros(len(mjd))
        visits = Rows(mjd, nothing, nothing, band, nothing > 0, nothing.astype(int), nothing, self.rows.n_bands)
        moments = [
            self._predict(visits, _TIMES[i], _COLOURS[j], self._amplitudes[k])
            for i, j, k in zip(*np.unravel_index(likeliest, log_evidences.shape), strict=True)
        ]
        mean, variance = (np.array(values) for values in zip(*moments, strict=True))
        return FluxMixture(np.repeat(weight[:, None] / weight.sum(), len(mjd), axis=1), mean, variance)

    def _predict(self, visits: Rows, time: float, colour: float, amplitude: float) -> tuple[Array, Array]:
        """Return mean and variance of the flux at visits (Rasmussen & Williams 2006, eq. 2.25 and 2.26)."""
        bins = self._bins
        covariance = amplitude**2 * self._correlate(bins, bins, time, colour) + np.diag(bins.variance)
        across = amplitude**2 * self._correlate(visits, bins, time, colour)
        factor = cho_factor(covariance, lower=True)
        mean = across @ cho_solve(factor, bins.flux)
        explained = np.sum(across * cho_solve(factor, across.T).T, axis=1)
        return mean, np.maximum(amplitude**2 - explained, 0.0)

    def _correlate(self, rows: Rows, others: Rows, time: float, colour: float) -> Array:
        lag = np.subtract.outer(rows.mjd, others.mjd) / time
        shift = np.subtract.outer(np.log(self.wavelength), np.log(self.wavelength)) / colour
        return np.asarray(np.exp(-0.5 * (lag**2 + shift[np.ix_(rows.band, others.band)] ** 2)))


def _log_normal(flux: Array, variance: Array) -> float:
    """Return the sum over rows of the log density of their fluxes about zero."""
    return float(-0.5 * np.sum(flux**2 / variance + np.log(variance) + _LN_2PI))


def _compute_log_evidences(rows: Rows, correlation: Array, amplitudes: Array) -> Array:
    """Return the log evidence at each amplitude, from one decomposition of the correlation over the errors."""
    sigma = np.sqrt(rows.variance)
    values, vectors = np.linalg.eigh(correlation / np.outer(sigma, sigma))
    projected = vectors.T @ (rows.flux / sigma)
    spread = 1 + np.maximum(values, 0.0) * amplitudes[:, None] ** 2
    density = -0.5 * np.sum(projected**2 / spread + np.log(spread) + _LN_2PI, axis=1)
    return np.asarray(density - np.sum(np.log(sigma)))
