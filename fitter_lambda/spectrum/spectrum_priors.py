"""Priors of redshift, phase, dust and classes; docs/spectrum.md states them."""

import functools
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, ndtr

from fitter_lambda.arrays import Array
from fitter_lambda.engine.distances import distance_modulus, supernova_rate
from fitter_lambda.engine.supernova_classes import NONE, RATES
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED

#: Smallest width of a redshift's prior: peculiar velocities of 300 km/s.
SMALLEST_REDSHIFT_ERROR = 0.001
#: Chance that a spectrum sent as a supernova's is something else, by class; the rest is split by `RATES`.
BACKGROUND_CHANCES = {"galaxy": 0.04, "blue": 0.03, "star": 0.03}
_SUPERNOVA_RATES = {group: rate for group, rate in RATES.items() if group != NONE}
CLASS_CHANCES = {
    group: 0.9 * rate / sum(_SUPERNOVA_RATES.values()) for group, rate in _SUPERNOVA_RATES.items()
} | BACKGROUND_CHANCES
#: Mean and most E(B-V) of a host.
DUST_MEAN = 0.2
DUST_MOST = 1.0
#: Days about maximum between which phases are equally likely, and the scale on which chances fall later.
_PHASES, _LATER = (-20.0, 50.0), 50.0
#: Of SALT's c: width of the intrinsic colours, mean of the dust, bounds (the form of Brout & Scolnic 2021).
_COLOUR_SIGMA, _COLOUR_MEAN, COLOUR_BOUNDS = 0.1, 0.1, (-0.5, 1.0)
#: Of SN templates' line velocities about their own (km/s), measured with the discrepancy; cut at four sigma.
VELOCITY_SIGMA = 1030.0
VELOCITY_CUT = 4.0
#: Median of what templates lack, as a fraction of the flux, and the scatter of its logarithm: of supernovae measured,
#: of galaxies, stars and blackbodies chosen.
DISCREPANCY, BACKGROUND_DISCREPANCY, DISCREPANCY_SCATTER = 0.08, 0.03, 0.7
#: Scatter of the logarithm of the width of unresolved lines, where the resolution is not known.
WIDTH_SCATTER = 0.6
#: Error of a spectrum's wavelengths, as a part of the width (sigma) of unresolved lines.
WAVELENGTH_ERROR = 0.4
#: Apparent magnitude to which spectra are complete, and the scale (mag) on which they get rare beyond.
DEPTH = 20.0
_DEPTH_SCALE = 0.7
#: Absolute magnitude of what is no supernova.
BACKGROUND_MAGNITUDE = -20.0
_LATTICE = 4001


@dataclass(frozen=True)
class RedshiftRange:
    """The prior of z: exact, Gaussian, or by volume.

    Attributes
    ----------
    low, high : float
    mean, sigma : float or None
        Of a Gaussian; a sigma of 0 is exact.
    magnitude : float
        Absolute magnitude at maximum.
    depth : float
        Apparent magnitude to which a prior by volume is complete.
    """

    low: float
    high: float
    mean: float | None = None
    sigma: float | None = None
    magnitude: float = BACKGROUND_MAGNITUDE
    depth: float = DEPTH

    @classmethod
    def near(cls, z: float, error: float | None, is_exact: bool) -> "RedshiftRange":
        """Return the prior of a redshift that is known: exact, or a Gaussian cut at 5 sigma."""
        if is_exact:
            return cls(z, z, z, 0.0)
        sigma = max(error or 0.0, SMALLEST_REDSHIFT_ERROR)
        return cls(max(z - 5 * sigma, 0.0), z + 5 * sigma, z, sigma)

    @property
    def is_exact(self) -> bool:
        """Whether there is nothing to fit."""
        return self.high <= self.low

    def log_density(self, u: Array) -> Array:
        """Return the log density of u = ln(1 + z)."""
        z = np.expm1(u)
        if self.is_exact:
            return np.zeros_like(z)
        if self.mean is not None and self.sigma:
            value = -0.5 * ((z - self.mean) / self.sigma) ** 2 - np.log(self.sigma * np.sqrt(2 * np.pi))
            value = value - np.log(ndtr(5.0) - ndtr((self.low - self.mean) / self.sigma))
        else:
            value = np.log(self.count(z) / _sum_counts(self))
        inside = (z >= self.low) & (z <= self.high)
        return np.where(inside, value + u, -np.inf)

    def count(self, z: Array) -> Array:
        """Return spectra per redshift, up to a constant: by volume, rare beyond the depth."""
        fainter = np.maximum(self.magnitude + distance_modulus(z) - self.depth, 0.0)
        return np.asarray(supernova_rate(z) * np.exp(-fainter / _DEPTH_SCALE))


@functools.lru_cache(maxsize=1024)
def _sum_counts(redshift: RedshiftRange) -> float:
    lattice = np.linspace(redshift.low, redshift.high, _LATTICE)
    return float(np.mean(redshift.count(lattice)) * (redshift.high - redshift.low))


def log_phase_density(days: Array) -> Array:
    """Return the log density of days since maximum: flat, then falling; one density for all templates."""
    total = _PHASES[1] - _PHASES[0] + _LATER
    return np.asarray(-np.log(total) - np.maximum(days - _PHASES[1], 0.0) / _LATER)


def log_dust_density(ebv: Array) -> Array:
    """Return the log density of a host's E(B-V): exponential."""
    total = DUST_MEAN * -np.expm1(-DUST_MOST / DUST_MEAN)
    inside = (ebv >= 0) & (ebv <= DUST_MOST)
    return np.where(inside, -ebv / DUST_MEAN - np.log(total), -np.inf)


def log_velocity_density(shift: Array) -> Array:
    """Return the log density of a template's shift in ln(wavelength) by the velocity of its lines."""
    sigma = VELOCITY_SIGMA / LIGHT_SPEED
    value = -0.5 * (shift / sigma) ** 2 - np.log(sigma * np.sqrt(2 * np.pi))
    return np.where(np.abs(shift) <= VELOCITY_CUT * sigma, value, -np.inf)


def log_colour_density(c: Array) -> Array:
    """Return the log density of SALT's c: a Gaussian plus exponential dust."""
    rate = 1 / _COLOUR_MEAN
    s = _COLOUR_SIGMA
    tail = 0.5 * (1 + erf((c - rate * s**2) / (s * np.sqrt(2))))
    value = np.log(rate) + 0.5 * (rate * s) ** 2 - rate * c + np.log(np.maximum(tail, 1e-300))
    return np.where((c >= COLOUR_BOUNDS[0]) & (c <= COLOUR_BOUNDS[1]), value, -np.inf)


def log_normal_density(value: Array, mean: float, sigma: float) -> Array:
    """Return the log density of a Gaussian."""
    return np.asarray(-0.5 * ((value - mean) / sigma) ** 2 - np.log(sigma * np.sqrt(2 * np.pi)))


def log_width_density(log_width: Array, bounds: Array) -> Array:
    """Return the log density of the width of unresolved lines, as a logarithm less its median's, within bounds."""
    inside = ndtr(bounds[-1] / WIDTH_SCATTER) - ndtr(bounds[0] / WIDTH_SCATTER)
    value = log_normal_density(log_width, 0.0, WIDTH_SCATTER) - np.log(inside)
    return np.where((log_width >= bounds[0]) & (log_width <= bounds[-1]), value, -np.inf)
