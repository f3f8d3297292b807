"""Priors: proper, and free of the units of any template, or no evidence would mean anything.

`physical`, the default:

- amplitude: absolute peak magnitude M_B ~ N(mean, sigma) of the source's class (`CLASSES`), at the distance
  of a flat universe with H0 = 70 km/s/Mpc, Om = 0.3; sigma is widened by a peculiar velocity of 300 km/s,
  unless the redshift's own error holds it already.
  For SALT, M_B is that of c = 0: each c makes it fainter by beta c (Tripp 1998), beta = 3.1 (Betoule et
  al. 2014).
- x1 ~ N(0, 1); c ~ N(0, 0.1) plus an exponential tail of dust, mean 0.1 (the form of Brout & Scolnic 2021).
- E(B-V) of the host, for core collapse: exponential, mean 0.2 mag, up to 1.
- other shapes uniform within their bounds; t0 of density 1 / (1200 days) wherever a model can shine on the
  detections: for some that is a little less or more than 1200 days, but the density is the same for all.

`flat`, for comparisons: amplitude uniform up to ten times what the brightest datum needs, x1 and c uniform,
no dust of the host. The redshift's prior is the same in both: see `parameters.PARAMETERS`.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import exponnorm

__all__ = [
    "CLASSES",
    "COSMOLOGY",
    "AmplitudePrior",
    "SupernovaClass",
    "RedshiftPrior",
    "distance_modulus",
    "get_supernova_class",
]

Array = npt.NDArray[np.float64]

COSMOLOGY = "flat LCDM, H0 = 70 km/s/Mpc, Om = 0.3"
_H0, _OM, _LIGHT = 70.0, 0.3, 299792.458
#: A redshift is never known better than this: peculiar velocities of 300 km/s (c * 0.001).
MIN_REDSHIFT_ERROR = 0.001
#: Distances are tabulated up to here.
HIGHEST_REDSHIFT = 11.0
T0_WINDOW_DAYS = 1200.0
#: Flat priors go far beyond any supernova: they are there to compare with fits that know no bounds.
X1_BOUNDS = (-20.0, 20.0)
_SHAPE_BOUNDS = {"c": (-0.5, 1.0), "hostebv": (0.0, 1.0), "delta": (-0.5, 2.0), "s": (0.5, 1.5)}
_OTHER_SHAPES = (-5.0, 5.0)
_FLAT_COLOUR = (-1.0, 2.0)
TRIPP_BETA = 3.1
_COLOUR_SIGMA, _COLOUR_TAIL, _HOST_MEAN = 0.1, 0.1, 0.2
_MAG = 2.5 / math.log(10)


@dataclass(frozen=True)
class SupernovaClass:
    """A class of supernovae: its group in `auto`, and its peak absolute magnitudes (B, Vega)."""

    group: str
    mean: float
    sigma: float
    dusty: bool


#: By sncosmo's type of a source. Ia, Ib, Ic, IIb, IIL, IIP and IIn: Richardson et al. (2014), table 1,
#: rounded; the others lie between their neighbours, and are wide. PopIII, and whatever has no entry:
#: anything bright.
CLASSES = {
    "SN Ia": SupernovaClass("Ia", -19.25, 0.5, False),
    "SN Ib": SupernovaClass("stripped", -17.45, 1.1, True),
    "SN Ic": SupernovaClass("stripped", -17.65, 1.2, True),
    "SN Ib/c": SupernovaClass("stripped", -17.55, 1.2, True),
    "SN IIb": SupernovaClass("stripped", -17.0, 0.9, True),
    "SN Ic-BL": SupernovaClass("stripped", -18.5, 1.0, True),
    "SN II": SupernovaClass("II", -17.0, 1.2, True),
    "SN IIP": SupernovaClass("II", -16.75, 1.0, True),
    "SN IIL": SupernovaClass("II", -18.0, 0.9, True),
    "SN IIL/P": SupernovaClass("II", -17.0, 1.2, True),
    "SN IIn": SupernovaClass("II", -18.5, 1.4, True),
    "SN II-pec": SupernovaClass("II", -16.5, 1.2, True),
}
_OTHER = SupernovaClass("other", -19.0, 3.0, False)


def get_supernova_class(kind: str) -> SupernovaClass:
    """The class of sncosmo's type."""
    return CLASSES.get(kind, _OTHER)


_Z = np.expm1(np.linspace(0.0, math.log1p(HIGHEST_REDSHIFT), 4001))
_COMOVING = np.concatenate([[0.0], np.cumsum(np.diff(_Z) * 0.5 * sum(
    1 / np.sqrt(_OM * (1 + x) ** 3 + 1 - _OM) for x in (_Z[1:], _Z[:-1])
))]) * _LIGHT / _H0  # fmt: skip


def distance_modulus(z: Array) -> Array:
    """Distance modulus (mag); Hogg (1999), eq. 14, 21 and 25."""
    z = np.maximum(z, 1e-6)
    return np.asarray(5 * np.log10((1 + z) * np.interp(z, _Z, _COMOVING)) + 25)


@dataclass(frozen=True)
class RedshiftPrior:
    """What is known of the redshift.

    Attributes
    ----------
    kind : str
        "fixed" (at `mean`), "gaussian" (`mean`, `sigma`), "flat" or "volume" (constant rate per comoving
        volume and time of the source), cut at the bounds.
    mean, sigma, low, high : float
    """

    kind: str
    mean: float
    sigma: float
    low: float
    high: float

    @property
    def peculiar(self) -> float:
        """The part of a redshift by peculiar velocities, where it is not in `sigma`."""
        return 0.0 if self.kind == "gaussian" else MIN_REDSHIFT_ERROR

    def logpdf(self, z: Array) -> Array:
        """Log density; 0 for a fixed redshift, -inf outside the bounds."""
        if self.kind == "fixed":
            return np.zeros_like(z)
        if self.kind == "gaussian":
            inside = ndtr((self.high - self.mean) / self.sigma) - ndtr((self.low - self.mean) / self.sigma)
            value = -0.5 * ((z - self.mean) / self.sigma) ** 2 - math.log(
                max(inside, 1e-300) * self.sigma * math.sqrt(2 * math.pi)
            )
        elif self.kind == "volume":
            grid = np.linspace(self.low, self.high, 2001)
            value = np.log(_volume(z)) - math.log(float(np.trapezoid(_volume(grid), grid)))
        else:
            value = np.full_like(z, -math.log(self.high - self.low))
        return np.where((z >= self.low) & (z <= self.high), value, -np.inf)


def _volume(z: Array) -> Array:
    """Comoving volume per redshift and time of the source, up to a constant; Hogg (1999), eq. 28."""
    z = np.maximum(z, 1e-6)
    return np.asarray(np.interp(z, _Z, _COMOVING) ** 2 / np.sqrt(_OM * (1 + z) ** 3 + 1 - _OM) / (1 + z))


@dataclass(frozen=True)
class AmplitudePrior:
    """The linear parameters' prior: the amplitude's, and x1's where there is one.

    Attributes
    ----------
    unit_magnitude : float
        Peak apparent magnitude (B, Vega) of the source at amplitude 1.
    mean, sigma : float
        Of the absolute magnitude.
    beta : float
        Magnitudes that a shape of 1 makes the source fainter.
    highest : float or None
        Flat prior up to here, instead.
    peculiar : float
        The error of a redshift as a measure of distance.
    """

    unit_magnitude: float
    mean: float
    sigma: float
    beta: float
    highest: float | None
    peculiar: float

    def log_amplitude(self, z: Array, s: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of ln amplitude."""
        magnitude = self.mean + (self.beta * s if self.beta else 0.0) + distance_modulus(z)
        peculiar = 5 / math.log(10) * self.peculiar / np.maximum(z, 1e-4)
        return (self.unit_magnitude - magnitude) / _MAG, np.hypot(self.sigma, peculiar) / _MAG

    def logpdf(self, a: Array, z: Array, s: Array) -> Array:
        """Log density in (A,) or (x0, x0 x1), shape (n,), of parameters (n, j)."""
        amplitude = np.maximum(a[:, 0], 1e-300)
        if self.highest is not None:
            value = np.where((a[:, 0] > 0) & (a[:, 0] < self.highest), -math.log(self.highest), -np.inf)
        else:
            mean, sigma = self.log_amplitude(z, s)
            log = np.log(amplitude)
            value = -0.5 * ((log - mean) / sigma) ** 2 - np.log(sigma) - log - 0.5 * math.log(2 * math.pi)
            value = np.where(a[:, 0] > 0, value, -np.inf)
        if a.shape[1] == 1:
            return value
        x1 = a[:, 1] / amplitude
        if self.highest is not None:
            low, high = X1_BOUNDS
            shape = np.where((x1 > low) & (x1 < high), -math.log(high - low), -np.inf)
        else:
            shape = -0.5 * np.clip(x1, -1e100, 1e100) ** 2 - 0.5 * math.log(2 * math.pi)
        return np.asarray(value + shape - np.log(amplitude))

    def curvature(self, a: Array, z: Array, s: Array) -> tuple[Array, Array]:
        """Curvature (n, j, j) and slope (n, j) of the log density of b = (ln amplitude, x1).

        Of a, where the prior is flat.
        """
        n, j = a.shape
        matrix, slope = np.zeros((n, j, j)), np.zeros((n, j))
        if self.highest is None:
            mean, sigma = self.log_amplitude(z, s)
            matrix[:, 0, 0], slope[:, 0] = 1 / sigma**2, (mean - np.log(a[:, 0])) / sigma**2
            if j == 2:
                matrix[:, 1, 1], slope[:, 1] = 1.0, -a[:, 1] / a[:, 0]
        elif j == 2:
            slope[:, 0] = -1 / np.maximum(a[:, 0], 1e-300)
        return matrix, slope


def shape_bounds(name: str, flat: bool) -> tuple[float, float]:
    """Lowest and highest value of a shape."""
    return _FLAT_COLOUR if flat and name == "c" else _SHAPE_BOUNDS.get(name, _OTHER_SHAPES)


def log_shape_prior(name: str, s: Array, flat: bool) -> Array:
    """Log density of a shape."""
    low, high = shape_bounds(name, flat)
    if name == "c" and not flat:
        value = exponnorm.logpdf(s, _COLOUR_TAIL / _COLOUR_SIGMA, 0.0, _COLOUR_SIGMA)
    elif name == "hostebv":
        value = -s / _HOST_MEAN - math.log(_HOST_MEAN * -math.expm1(-high / _HOST_MEAN))
    else:
        value = np.full_like(s, -math.log(high - low))
    return np.where((s >= low) & (s <= high), value, -np.inf)
