"""The date of a light curve's maximum, with an honest error, for the phase of a spectrum.

In each band the fluxes are a Gaussian process in time (Rasmussen & Williams 2006, ch. 2) with a squared exponential
kernel, its length of some values chosen by its likelihood; of random curves through the data the dates of their
maxima are the answer. A maximum was seen only where curves reach it between the first and the last night.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.errors import FitterError
from fitter_lambda.input.fit_parameters import parse_parameters
from fitter_lambda.input.light_curve import LightCurve, build_light_curve
from fitter_lambda.input.light_curve_rows import Row

#: Lengths of the kernel to choose from (days); days about the brightest night that count.
_LENGTHS = (5.0, 10.0, 20.0, 40.0)
_REACH = 60.0
_FEWEST_NIGHTS = 5
_DETECTED = 3.0
_N_CURVES = 400
#: Of the curves so many may have their maximum at either end.
_MOST_AT_END = 0.05
#: Of a maximum, as light curves rise faster than they fall and no kernel knows that (days).
_SHAPE_ERROR = 1.0
#: Largest error that says anything (days).
_LARGEST_ERROR = 20.0


@dataclass(frozen=True)
class LightMaximum:
    """When light in a band was brightest.

    Attributes
    ----------
    mjd, error : float
        Days.
    band : str
    wave : float
        Angstrom, the observer's.
    """

    mjd: float
    error: float
    band: str
    wave: float


def find_light_maximum(rows: Sequence[Row]) -> LightMaximum | None:
    """Find the maximum in the band in which it is known best; None if no band shows one."""
    try:
        light_curve = build_light_curve(rows, parse_parameters({}))[0]
    except FitterError:
        return None
    maxima = [_find_in_band(light_curve, band) for band in range(len(light_curve.bandpasses))]
    known = [one for one in maxima if one is not None and one.error < _LARGEST_ERROR]
    return min(known, key=lambda one: one.error, default=None)


def _find_in_band(light_curve: LightCurve, band: int) -> LightMaximum | None:
    time, flux, error = _average_nights(light_curve, band)
    is_detected = flux > _DETECTED * error
    if is_detected.sum() < _FEWEST_NIGHTS:
        return None
    brightest = time[is_detected][np.argmax(flux[is_detected])]
    near = np.abs(time - brightest) <= _REACH
    lattice = np.linspace(time[near][0], time[near][-1], 200)
    curves = _draw_curves(time[near], flux[near], error[near], lattice)
    places = np.argmax(curves, axis=1)
    margin = 2
    if max(np.mean(places < margin), np.mean(places >= len(lattice) - margin)) > _MOST_AT_END:
        return None
    bandpass = light_curve.bandpasses[band]
    dates = lattice[places]
    date_error = float(np.hypot(dates.std(), _SHAPE_ERROR))
    return LightMaximum(float(dates.mean()), date_error, str(bandpass.name), float(bandpass.wave_eff))


def _average_nights(light_curve: LightCurve, band: int) -> tuple[Array, Array, Array]:
    """Return date, flux and error of each night; a limit counts as no flux."""
    own = light_curve.band == band
    flux = np.where(light_curve.limit, 0.0, light_curve.flux)[own]
    weight = light_curve.fluxerr[own] ** -2.0
    _, night = np.unique(np.floor(light_curve.mjd[own]), return_inverse=True)
    total = np.bincount(night, weight)
    time, mean = (np.bincount(night, weight * values) / total for values in (light_curve.mjd[own], flux))
    return time, mean, np.asarray(total**-0.5, dtype=float)


def _draw_curves(time: Array, flux: Array, error: Array, lattice: Array) -> Array:
    """Draw curves (n, lattice) of the Gaussian process with the most likely length."""
    size = float(flux.max())
    # what no smooth curve follows: 3 % of the brightest night
    noise = np.diag(error**2 + (0.03 * size) ** 2)
    best: tuple[float, float, Array] = (-np.inf, _LENGTHS[0], noise)
    for length in _LENGTHS:
        lower = np.asarray(np.linalg.cholesky(_kernel(time, time, size, length) + noise), dtype=float)
        half = np.linalg.solve(lower, flux)
        score = float(-0.5 * half @ half - np.log(np.diag(lower)).sum())
        best = max(best, (score, length, lower), key=lambda one: one[0])
    _, length, lower = best
    cross = np.linalg.solve(lower, _kernel(time, lattice, size, length))
    mean = cross.T @ np.linalg.solve(lower, flux)
    covariance = _kernel(lattice, lattice, size, length) - cross.T @ cross
    values, vectors = np.linalg.eigh(covariance)
    normal = np.random.default_rng(0).standard_normal((_N_CURVES, len(lattice)))
    return np.asarray(mean + (normal * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _kernel(first: Array, second: Array, size: float, length: float) -> Array:
    return np.asarray(size**2 * np.exp(-0.5 * ((first[:, None] - second) / length) ** 2))
