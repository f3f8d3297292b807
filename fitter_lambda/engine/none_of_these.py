"""A light curve of no supernova: a Gaussian process in time and wavelength, so that "none of these" can win.

A source that varies by any amount, over any time, and in any colour: zero mean, a covariance that falls with the
difference in time and in ln(wavelength) (squared exponentials; Rasmussen & Williams 2006, sec. 4.2), and log-uniform
priors of its three scales. Active galaxies, cataclysmic variables and flares are like that; supernovae are, too, but
their templates need fewer accidents, and win by that (Boone 2019 describes light curves by such a process).
"""

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.rows import Rows

#: The scales: of the flux, relative to the brightest row; of time (days); of ln(wavelength).
_AMPLITUDES = np.geomspace(0.03, 3.0, 7)
_TIMES = np.geomspace(1.0, 300.0, 9)
_COLOURS = np.array([0.03, 0.2, 1.0, 5.0])
#: Nights are binned, and with more bins than these wider windows.
_MAX_BINS = 400
_LN_2PI = float(np.log(2 * np.pi))


def compute_none_evidence(rows: Rows, wavelength: Array) -> float:
    """Compute the log evidence of the measured rows; limits say nothing here.

    Parameters
    ----------
    rows : Rows
        With the measured errors.
    wavelength : ndarray, shape (n_bands,)
        Effective wavelengths of the bands.
    """
    measured = rows.take(~rows.is_limit)
    bins = measured.bin_nights()
    window = 1.0
    while len(bins) > _MAX_BINS:
        window *= 2
        bins = measured.bin_nights(window)
    within = _log_normal(measured.flux, measured.variance) - _log_normal(bins.flux, bins.variance)
    brightest = float(np.abs(bins.flux).max())
    log_evidence = [
        _log_evidences(bins, _correlate(bins, wavelength, time, colour), _AMPLITUDES * brightest)
        for time in _TIMES
        for colour in _COLOURS
    ]
    number = len(_TIMES) * len(_COLOURS) * len(_AMPLITUDES)
    return within + float(np.logaddexp.reduce(np.concatenate(log_evidence)) - np.log(number))


def _log_normal(flux: Array, variance: Array) -> float:
    """Return the sum over rows of the log density of their fluxes about zero."""
    return float(-0.5 * np.sum(flux**2 / variance + np.log(variance) + _LN_2PI))


def _correlate(rows: Rows, wavelength: Array, time: float, colour: float) -> Array:
    lag = np.subtract.outer(rows.mjd, rows.mjd) / time
    shift = np.subtract.outer(np.log(wavelength), np.log(wavelength)) / colour
    correlation: Array = np.exp(-0.5 * (lag**2 + shift[np.ix_(rows.band, rows.band)] ** 2))
    return correlation


def _log_evidences(rows: Rows, correlation: Array, amplitudes: Array) -> Array:
    """Return the log evidence at each amplitude, from one decomposition of the correlation over the errors."""
    sigma = np.sqrt(rows.variance)
    values, vectors = np.linalg.eigh(correlation / np.outer(sigma, sigma))
    projected = vectors.T @ (rows.flux / sigma)
    spread = 1 + np.maximum(values, 0.0) * amplitudes[:, None] ** 2
    density = -0.5 * np.sum(projected**2 / spread + np.log(spread) + _LN_2PI, axis=1)
    return np.asarray(density - np.sum(np.log(sigma)))
