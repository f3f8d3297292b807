"""Prewhitening: what is left of a light curve after periods are subtracted.

A true period takes its aliases with it; a further true period stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.renderer.lomb_scargle import BandLightCurve, FrequencyGrid, compute_power, false_alarm_probability
from fitter_lambda.renderer.period_peaks import refine_maximum

#: Light curves are no sines: harmonics that are left would make aliases of their own.
_HARMONICS = 4
#: Periods, at most, to limit the time.
MAX_SUBTRACTED = 3
_FINE_STEPS = 100


@dataclass(frozen=True)
class Residuals:
    """Light curves less a model of periods, with the number of its parameters besides the means."""

    bands: list[BandLightCurve]
    num_subtracted: int


def subtract_periods(bands: Sequence[BandLightCurve], frequencies: Sequence[float], nterms: int) -> Residuals:
    """Subtract periods: in each band, a Fourier series of each by least squares.

    Parameters
    ----------
    bands : sequence of BandLightCurve
    frequencies : sequence of float
        1/day; the first `MAX_SUBTRACTED` are subtracted. Each is first refined with all harmonics.
    nterms : int
        Harmonics, at least; more where there are points enough.

    Returns
    -------
    Residuals
    """
    frequencies = frequencies[:MAX_SUBTRACTED]
    if not frequencies:
        return Residuals(list(bands), 0)
    baseline = float(np.ptp(np.concatenate([band.time for band in bands])))
    fewest = min(len(band.time) for band in bands)
    harmonics = max(nterms, min(_HARMONICS, (fewest // 2 - 1) // (2 * len(frequencies))))
    width = 0.3 / baseline
    refined = [
        refine_maximum(bands, max(frequency - width, 0.1 * frequency), frequency + width, harmonics).frequency
        for frequency in frequencies
    ]
    residuals = [BandLightCurve(band.time, _subtract_series(band, refined, harmonics), band.error) for band in bands]
    return Residuals(residuals, len(bands) * len(frequencies) * 2 * harmonics)


def _subtract_series(band: BandLightCurve, frequencies: Sequence[float], harmonics: int) -> Array:
    phases = np.outer(band.time - band.time[0], frequencies)
    angles = 2 * np.pi * np.concatenate([k * phases for k in range(1, harmonics + 1)], axis=1)
    model = np.concatenate([np.ones((len(band.time), 1)), np.cos(angles), np.sin(angles)], axis=1)
    weighted = model / band.error[:, None]
    coefficients = np.linalg.lstsq(weighted, band.flux / band.error, rcond=None)[0]
    return np.asarray(band.flux - model @ coefficients)


def compute_residual_false_alarm(residuals: Residuals, frequency: float, grid: FrequencyGrid, nterms: int) -> float:
    """Return the false-alarm probability of the highest power left within a grid step of a frequency."""
    low = max(frequency - grid.step, 0.1 * frequency)
    fine = FrequencyGrid(low, (frequency + grid.step - low) / _FINE_STEPS, _FINE_STEPS + 1)
    power = float(compute_power(residuals.bands, fine, nterms).max())
    return false_alarm_probability(power, residuals.bands, grid, nterms, residuals.num_subtracted)
