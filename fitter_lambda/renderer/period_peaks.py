"""The peaks of a periodogram: their frequencies, the errors of these, and how well they compare.

The error of a frequency follows from the curvature of χ² at the peak: χ²(f) = χ₀² (1 − P(f)) grows by 1 at one
standard deviation, σ_f² = 2 s² / (χ₀² |P''(f)|), with χ₀² about the means and s² the reduced χ² of the model, at
least 1. For one sine, even times and equal errors it is σ_f = √(6/N) σ / (π T A) (Montgomery & O'Donoghue 1999,
Delta Scuti Star Newsletter 13, 28), T the span of the times and A the amplitude. It holds for white noise, and if
the peak is the right one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import find_peaks

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.renderer.lomb_scargle import BandLightCurve, FrequencyGrid, compute_chi2, compute_power

#: Intervals of the fine grid about a peak.
_FINE_STEPS = 200
#: Half the fine steps that the parabola at the top goes through.
_PARABOLA = 5
_MAX_DECIMALS = 12


@dataclass(frozen=True)
class Peak:
    """A maximum of the power.

    Attributes
    ----------
    frequency : float
        1/day.
    frequency_error : float or None
        One standard deviation; None where the power has no curvature, as at an end of the range.
    power : float
    delta_chi2 : float
        χ² less that of the strongest peak, in units of that model's reduced χ² if it is above 1: twice the
        logarithm of their likelihoods' ratio.
    """

    frequency: float
    frequency_error: float | None
    power: float
    delta_chi2: float

    @property
    def period_error(self) -> float | None:
        """One standard deviation of the period (days)."""
        return None if self.frequency_error is None else self.frequency_error / self.frequency**2

    @property
    def period_text(self) -> str:
        """The period in days, to two digits of its error."""
        if not self.period_error:
            return f"{1 / self.frequency:.6g}"
        decimals = 1 - math.floor(math.log10(self.period_error))
        return f"{1 / self.frequency:.{min(max(decimals, 0), _MAX_DECIMALS)}f}"


@dataclass(frozen=True)
class Maximum:
    """The highest power of a range; `curvature` is |P''|, or None where it cannot be told."""

    frequency: float
    power: float
    curvature: float | None


def find_power_peaks(
    bands: Sequence[BandLightCurve], grid: FrequencyGrid, powers: Array, nterms: int, distance: int, most: int
) -> list[Peak]:
    """Find the highest peaks of a periodogram.

    Parameters
    ----------
    bands : sequence of BandLightCurve
    grid : FrequencyGrid
    powers : ndarray
        Of `compute_power` on this grid.
    nterms : int
    distance : int
        Of peaks nearer than so many steps, only the highest is returned.
    most : int
        Number of peaks, at most.

    Returns
    -------
    list of Peak
        Highest first.
    """
    maxima = []
    for place in _find_maxima(powers, distance)[:most]:
        low = grid.start + grid.step * max(0, place - 1)
        high = grid.start + grid.step * min(grid.size - 1, place + 1)
        maxima.append(refine_maximum(bands, low, high, nterms))
    maxima.sort(key=lambda maximum: -maximum.power)
    chi2 = compute_chi2(bands)
    scale = _compute_error_scale(bands, chi2, maxima[0].power, nterms)
    return [
        Peak(
            frequency=maximum.frequency,
            frequency_error=_compute_frequency_error(bands, chi2, maximum, nterms),
            power=maximum.power,
            delta_chi2=chi2 * (maxima[0].power - maximum.power) / scale,
        )
        for maximum in maxima
    ]


def refine_maximum(bands: Sequence[BandLightCurve], low: float, high: float, nterms: int) -> Maximum:
    """Return the maximum between two near frequencies: of a fine grid, then of a parabola through its top."""
    fine = FrequencyGrid(low, (high - low) / _FINE_STEPS, _FINE_STEPS + 1)
    powers = compute_power(bands, fine, nterms)
    top = int(powers.argmax())
    frequency, power = float(fine.frequencies[top]), float(powers[top])
    if not _PARABOLA <= top <= _FINE_STEPS - _PARABOLA:
        return Maximum(frequency, power, None)
    before, after = float(powers[top - _PARABOLA]), float(powers[top + _PARABOLA])
    span = _PARABOLA * fine.step
    curvature = (2 * power - before - after) / span**2
    # the steepest curvature that rounding alone makes
    if curvature * span**2 <= 1e-9:
        return Maximum(frequency, power, None)
    shift = (after - before) / (2 * span * curvature)
    return Maximum(float(frequency + shift), power, float(curvature))


def _find_maxima(powers: Array, distance: int) -> Indices:
    """Return indices of local maxima, highest first; of those nearer than `distance`, only the highest.

    The ends of the range can be maxima.
    """
    padded = np.concatenate([[-1.0], powers, [-1.0]])
    places = find_peaks(padded, distance=distance)[0] - 1
    return np.asarray(places[np.argsort(-powers[places], kind="stable")])


def _compute_frequency_error(
    bands: Sequence[BandLightCurve], chi2: float, maximum: Maximum, nterms: int
) -> float | None:
    if maximum.curvature is None or chi2 == 0:
        return None
    scale = _compute_error_scale(bands, chi2, maximum.power, nterms)
    return math.sqrt(2 * scale / (chi2 * maximum.curvature))


def _compute_error_scale(bands: Sequence[BandLightCurve], chi2: float, power: float, nterms: int) -> float:
    """Return the reduced χ² of the model with this power, at least 1."""
    n_points = sum(len(band.time) for band in bands)
    degrees = n_points - len(bands) * (1 + 2 * nterms) - 1
    return max(1.0, chi2 * (1 - power) / degrees) if degrees > 0 else 1.0
