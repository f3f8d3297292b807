"""Generalised Lomb-Scargle periodograms, of one band or of several, with any number of harmonics.

The model of each band is a constant and `nterms` harmonics of one frequency, fitted by weighted least
squares: the floating mean of Zechmeister & Kürster (2009, A&A 496, 577), the harmonics of Palmer (2009,
ApJ 695, 496). Bands share the frequency alone, each has its own mean, amplitudes and phases: the
multi-phase model of VanderPlas & Ivezić (2015, ApJ 812, 18), whose power is the bands' powers weighted
by their χ² about the mean. The trigonometric sums come from a non-uniform FFT, so that time grows as N log N.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import betainc, gammaln

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.renderer.nonuniform_fft import sum_exponentials

Complex = npt.NDArray[np.complex128]

#: Added to the diagonals of the normal matrices (about 1): where the times cover too few phases, coefficients
#: that the data do not constrain get no power. Far above the errors of the sums.
_RIDGE = 1e-7
#: Frequencies that are solved for at once, to limit memory.
_CHUNK = 20_000


@dataclass(frozen=True)
class BandLightCurve:
    """One band's light curve.

    Attributes
    ----------
    time : ndarray, shape (n,)
        Days.
    flux, error : ndarray, shape (n,)
        In one unit; errors are positive.
    """

    time: Array
    flux: Array
    error: Array


@dataclass(frozen=True)
class FrequencyGrid:
    """Evenly spaced frequencies: `size` of them from `start` on, `step` apart (1/day)."""

    start: float
    step: float
    size: int

    @property
    def frequencies(self) -> Array:
        """All frequencies (1/day)."""
        return self.start + self.step * np.arange(self.size, dtype=np.float64)

    @property
    def width(self) -> float:
        """The last frequency less the first (1/day)."""
        return self.step * (self.size - 1)


def compute_power(bands: Sequence[BandLightCurve], grid: FrequencyGrid, nterms: int) -> Array:
    """Compute the power at each frequency: the part of χ² about the means that the model explains.

    Parameters
    ----------
    bands : sequence of BandLightCurve
    grid : FrequencyGrid
    nterms : int
        Harmonics, from 1.

    Returns
    -------
    ndarray, shape (grid.size,)
        From 0 to 1 ("standard" normalisation); 0 where no flux varies.
    """
    explained = np.zeros(grid.size)
    total = 0.0
    for band in bands:
        weights = _normalise_weights(band)
        flux = _subtract_mean(band)
        share = _compute_explained(band.time, flux, weights, grid, nterms)
        explained += share * np.sum(band.error**-2.0)
        total += float(np.sum((flux / band.error) ** 2))
    return np.clip(explained / total, 0, 1) if total > 0 else explained


def compute_window(bands: Sequence[BandLightCurve], grid: FrequencyGrid) -> Array:
    """Compute the sampling window: the power that the times alone give to a signal, at its distance from it.

    |Σ w exp(2πi f t)|² / (Σ w)² with w = 1 / error² (Roberts, Lehár & Dreher 1987, AJ 93, 968). Several bands
    are weighted as in the power, by their χ² about the mean.

    Parameters
    ----------
    bands : sequence of BandLightCurve
    grid : FrequencyGrid

    Returns
    -------
    ndarray, shape (grid.size,)
        From 0 to 1; it is 1 at the frequency 0.
    """
    shares = np.array([compute_chi2([band]) for band in bands])
    windows = [np.abs(_transform(band.time - band.time[0], _normalise_weights(band), grid, 1)) ** 2 for band in bands]
    weights = shares if shares.sum() > 0 else None
    return np.clip(np.average(np.array(windows), axis=0, weights=weights), 0, 1)


def compute_chi2(bands: Sequence[BandLightCurve]) -> float:
    """Compute χ² about the weighted mean of each band."""
    return sum(float(np.sum((_subtract_mean(band) / band.error) ** 2)) for band in bands)


def _normalise_weights(band: BandLightCurve) -> Array:
    weights = band.error.min() ** 2 / band.error**2
    return np.asarray(weights / weights.sum())


def _subtract_mean(band: BandLightCurve) -> Array:
    # counted from the first flux, so that a constant flux is exactly 0
    flux = band.flux - band.flux[0]
    return np.asarray(flux - np.average(flux, weights=_normalise_weights(band)))


def _compute_explained(time: Array, flux: Array, weights: Array, grid: FrequencyGrid, nterms: int) -> Array:
    """Compute the weighted mean square of the flux that the model explains.

    In the basis exp(i k ω t), k = ±1 … ±nterms, freed of its mean, the normal matrix has the elements
    W(l − k) − W(k)* W(l), where W is the transform of the weights.
    """
    window = np.ones((2 * nterms + 1, grid.size), dtype=complex)
    signal = np.zeros((nterms + 1, grid.size), dtype=complex)
    time = time - (time.min() + time.max()) / 2
    for k in range(1, 2 * nterms + 1):
        if k <= nterms:
            window[k], signal[k] = _transform(time, np.array([weights, weights * flux]), grid, k)
        else:
            window[k] = _transform(time, weights, grid, k)
    orders = np.array([k for k in range(-nterms, nterms + 1) if k])
    chunks = [slice(low, low + _CHUNK) for low in range(0, grid.size, _CHUNK)]
    return np.concatenate([_solve(window[:, part], signal[:, part], orders) for part in chunks])


def _transform(time: Array, values: Array, grid: FrequencyGrid, harmonic: int) -> Complex:
    """Sum values × exp(2πi k f t) over time, for each frequency f of the grid and k the harmonic."""
    # modes are counted from the middle of the grid
    middle = harmonic * (grid.start + grid.step * (grid.size // 2))
    points = 2 * np.pi * ((harmonic * grid.step * time) % 1.0)
    shifted = values * np.exp(2j * np.pi * middle * time)
    return sum_exponentials(points, shifted, grid.size)


def _solve(window: Complex, signal: Complex, orders: Indices) -> Array:
    zero = window.shape[0] - 1
    both = np.concatenate([window[:0:-1].conj(), window]).T  # orders −2·nterms … 2·nterms
    mean = both[:, orders + zero]
    normal = both[:, orders - orders[:, None] + zero] - mean[:, :, None].conj() * mean[:, None, :]
    diagonal = range(len(orders))
    normal[:, diagonal, diagonal] += _RIDGE
    right = np.concatenate([signal[:0:-1], signal[1:].conj()]).T
    coefficients = np.linalg.solve(normal, right[..., None])[..., 0]
    return np.asarray(np.sum(right.conj() * coefficients, axis=1).real)


def false_alarm_probability(
    value: float, bands: Sequence[BandLightCurve], grid: FrequencyGrid, nterms: int, num_subtracted: int = 0
) -> float:
    """Return how often noise alone would reach a power somewhere in the grid's range.

    For white Gaussian noise with the given relative errors. It is Davies' (1987, Biometrika 74, 33) upper
    bound, with the form that Baluev (2008, MNRAS 385, 1279) gives it for the standard normalisation: one
    frequency's probability (a beta distribution), and the expected number of times that the power climbs
    over the value. For one band and one term it is `astropy`'s "baluev" method; harmonics and further
    bands enter by their degrees of freedom, and by the mean of the squared rates at which their phases
    turn with frequency (cf. Baluev 2009, MNRAS 395, 1541, whose factor for harmonics that bounds).

    Parameters
    ----------
    value : float
        Power, from 0 to 1.
    bands, grid, nterms
        As of `compute_power`.
    num_subtracted : int
        Number of parameters, besides the means, of a model that was subtracted from the fluxes.

    Returns
    -------
    float
        From 0 to 1.
    """
    # degrees of freedom about the means
    constant = sum(len(band.time) for band in bands) - len(bands) - num_subtracted
    gained = 2 * nterms * len(bands)
    left = constant - gained
    if left <= 0:
        return 1.0
    if not 0 < value < 1:
        return 1.0 if value <= 0 else 0.0
    single = float(betainc(left / 2, gained / 2, 1 - value))
    spread = np.mean([np.cov(band.time, aweights=band.error**-2.0, ddof=0) for band in bands])
    harmonics = (nterms + 1) * (2 * nterms + 1) / 6  # the mean of k² for k = 1 … nterms
    logarithm = (
        gammaln(constant / 2) - gammaln((left + 1) / 2) - gammaln(gained / 2)
        + (gained - 1) / 2 * np.log(value) + (left - 1) / 2 * np.log1p(-value)
    )  # fmt: skip
    climbs = grid.width * np.sqrt(4 * np.pi * spread * harmonics) * np.exp(min(logarithm, 700.0))
    return float(-np.expm1(-climbs) + single * np.exp(-climbs))


def find_false_alarm_level(
    probability: float, bands: Sequence[BandLightCurve], grid: FrequencyGrid, nterms: int
) -> float | None:
    """Find the power that noise alone reaches with a probability; None if even the highest is likelier."""

    def excess(value: float) -> float:
        return false_alarm_probability(value, bands, grid, nterms) - probability

    low, high = 1e-9, 1 - 1e-9
    return float(brentq(excess, low, high)) if excess(low) > 0 > excess(high) else None
