"""Priors: proper, and independent of any template's units, so that evidences compare.

Physical priors, the default:

- amplitude: absolute peak magnitude M_B ~ N(mean, sigma) of the source's class (`supernova_classes`), at the
  distance of a flat universe with H0 = 70 km/s/Mpc, Om = 0.3; sigma is widened by a peculiar velocity of 300
  km/s, unless the redshift's own error includes it. For SALT, M_B is that of c = 0: each c makes it fainter
  by beta c (Tripp 1998), beta = 3.1 (Betoule et al. 2014).
- x1 ~ N(0, 1); c ~ N(0, 0.1) plus an exponential tail of dust, mean 0.1 (the form of Brout & Scolnic 2021).
- E(B-V) of the host, for core collapse: exponential, mean 0.2 mag, up to 1.
- other shapes: uniform within their bounds.
- a factor of all errors: log-normal about 1.

Flat priors, to compare with other fits: amplitude uniform up to ten times what the brightest row needs, x1
and c uniform, no dust of the host.

Both: t0 has the density 1 / (1200 days) wherever a source can shine on the detections. For some sources that
is a little more or less than 1200 days, but the density is the same for all. The redshift's prior is the
same, too: see `fit_parameters.PARAMETERS`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.special import log_ndtr, ndtr

from fitter_lambda.arrays import Array
from fitter_lambda.engine.distances import distance_modulus, supernova_rate
from fitter_lambda.engine.linear_algebra import invert, multiply
from fitter_lambda.engine.linear_coordinates import X1_BOUNDS, LogCoordinates, PlainCoordinates, clip_bounds
from fitter_lambda.engine.row_kernels import climb_to_mode
from fitter_lambda.engine.supernova_classes import SupernovaClass

#: Smallest error of a redshift: peculiar velocities of 300 km/s (c * 0.001).
MIN_REDSHIFT_ERROR = 0.001
LOWEST_REDSHIFT = 1e-4
#: Of a tabulated density: the fraction of each tail that is cut off, and quantiles from which modes are sought.
_TAIL = 1e-6
_N_QUANTILES = 12
T0_WINDOW_DAYS = 1200.0
#: A factor of all errors, as a parameter; its logarithm has a normal prior about 0.
ERROR_SCALE = "error_scale"
ERROR_SCALE_BOUNDS = (0.2, 10.0)
ERROR_SCALE_SIGMA = 0.5
_SHAPE_BOUNDS = {"hostebv": (0.0, 1.0), "delta": (-0.5, 2.0), "s": (0.5, 1.5)}
_OTHER_SHAPES = (-5.0, 5.0)
TRIPP_BETA = 3.1
COLOUR_SIGMA = 0.1
COLOUR_TAIL = 0.1
_MEAN_HOST_EBV = 0.2
_MAG = 2.5 / math.log(10)
#: Steps on the normal equations, and standard deviations at which the rows detect the amplitude.
_NORMAL_STEPS = 8
_DETECTED = 2.0


@dataclass(frozen=True)
class RedshiftPrior:
    """Prior of the redshift.

    Attributes
    ----------
    kind : str
        "fixed" (at `mean`), "gaussian" (`mean`, `sigma`), "flat", "volume" (constant rate per comoving
        volume and time of the source) or "pdf" (`points`), cut at the bounds.
    mean, sigma, low, high : float
    points : tuple of (float, float)
        Redshifts and densities, with straight lines between them.
    """

    kind: str
    mean: float
    sigma: float
    low: float
    high: float
    points: tuple[tuple[float, float], ...] = ()

    @classmethod
    def from_points(cls, points: Sequence[tuple[float, float]]) -> "RedshiftPrior":
        """Build the prior of a tabulated density, normalised, and without tails that hold a millionth of it.

        Parameters
        ----------
        points : sequence of (float, float)
            Redshifts, ascending, and densities.
        """
        z, density = np.array(points, dtype=float).T
        mass = cumulative_trapezoid(density, z, initial=0.0)
        first = max(int(np.searchsorted(mass, _TAIL * mass[-1])) - 1, 0)
        last = int(np.searchsorted(mass, (1 - _TAIL) * mass[-1]))
        low = max(float(z[first]), LOWEST_REDSHIFT)
        kept = [low, *(value for value in z.tolist() if low < value <= z[last])]
        values = np.interp(kept, z, density)
        values = values / np.trapezoid(values, kept)
        return cls("pdf", math.nan, math.nan, low, kept[-1], tuple(zip(kept, values.tolist(), strict=True)))

    def space_redshifts(self, step: float) -> Array:
        """Return redshifts that cover the prior, in steps of ln(1 + z) at most; of "pdf" also some of its quantiles."""
        number = 2 + int(np.log((1 + self.high) / (1 + self.low)) / step)
        # rounding must not put the ends outside of the prior
        even = np.clip(np.geomspace(1 + self.low, 1 + self.high, number) - 1, self.low, self.high)
        if not self.points:
            return np.asarray(even)
        z, density = np.array(self.points).T
        mass = cumulative_trapezoid(density, z, initial=0.0)
        return np.union1d(even, np.interp((np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES * mass[-1], mass, z))

    @property
    def is_fixed(self) -> bool:
        """Whether the redshift is no parameter of the fit."""
        return self.kind == "fixed"

    @property
    def peculiar(self) -> float:
        """The error of the redshift by peculiar velocities, where `sigma` does not include it."""
        return 0.0 if self.kind == "gaussian" else MIN_REDSHIFT_ERROR

    def logpdf(self, z: Array) -> Array:
        """Log density; 0 for a fixed redshift, -inf outside the bounds."""
        if self.is_fixed:
            return np.zeros_like(z)
        if self.kind == "gaussian":
            inside = ndtr((self.high - self.mean) / self.sigma) - ndtr((self.low - self.mean) / self.sigma)
            norm = math.log(max(inside, 1e-300) * self.sigma * math.sqrt(2 * math.pi))
            value = -0.5 * ((z - self.mean) / self.sigma) ** 2 - norm
        elif self.kind == "volume":
            grid = np.linspace(self.low, self.high, 2001)
            value = np.log(supernova_rate(z)) - math.log(float(np.trapezoid(supernova_rate(grid), grid)))
        elif self.kind == "pdf":
            density = np.interp(z, *np.array(self.points).T)
            value = np.log(density, out=np.full_like(z, -np.inf), where=density > 0)
        else:
            value = np.full_like(z, -math.log(self.high - self.low))
        return np.where((z >= self.low) & (z <= self.high), value, -np.inf)


def log_error_scale_density(scale: Array) -> Array:
    """Log density of a factor of all errors, within its bounds."""
    log = np.log(np.maximum(scale, 1e-300))
    return -0.5 * (log / ERROR_SCALE_SIGMA) ** 2 - log - math.log(ERROR_SCALE_SIGMA) - 0.5 * math.log(2 * math.pi)


class Priors:
    """Priors of the linear parameters and of the shapes; the base of `PhysicalPriors` and `FlatPriors`.

    Uniform, unless a subclass defines another density.

    Attributes
    ----------
    extrapolates : bool
        Rows out of the source's reach have the flux that sncosmo gives them, not background.
    allows_host_dust : bool
    coordinates : PlainCoordinates or LogCoordinates
        Of the linear parameters.
    """

    extrapolates: ClassVar[bool] = False
    allows_host_dust: ClassVar[bool] = True
    coordinates: ClassVar[PlainCoordinates] = PlainCoordinates()
    colour_bounds: ClassVar[tuple[float, float]] = (-0.5, 1.0)

    @classmethod
    def get_shape_bounds(cls, name: str) -> tuple[float, float]:
        """Return the lowest and highest value of a shape."""
        return cls.colour_bounds if name == "c" else _SHAPE_BOUNDS.get(name, _OTHER_SHAPES)

    def log_shape_density(self, name: str, s: Array) -> Array:
        """Log density of a shape at values (n,)."""
        low, high = self.get_shape_bounds(name)
        return np.where((s >= low) & (s <= high), self._log_shape_density(name, s, low, high), -np.inf)

    def _log_shape_density(self, name: str, s: Array, low: float, high: float) -> Array:
        return np.full_like(s, -math.log(high - low))

    def log_density(self, a: Array, z: Array, shapes: Array) -> Array:
        """Log density (n,) in (amplitude,) or (x0, x0 x1), of linear parameters a (n, j)."""
        amplitude = np.maximum(a[:, 0], 1e-300)
        value = np.where(a[:, 0] > 0, self._log_amplitude_density(amplitude, z, shapes), -np.inf)
        if a.shape[1] == 1:
            return value
        return np.asarray(value + self._log_x1_density(a[:, 1] / amplitude) - np.log(amplitude))

    def _log_amplitude_density(self, amplitude: Array, z: Array, shapes: Array) -> Array:
        raise NotImplementedError

    def _log_x1_density(self, x1: Array) -> Array:
        low, high = X1_BOUNDS
        return np.where((x1 > low) & (x1 < high), -math.log(high - low), -np.inf)

    def curvature(self, a: Array, z: Array, shapes: Array) -> tuple[Array, Array]:
        """Return minus the curvature (n, j, j) and the slope (n, j) of the log density in `coordinates`."""
        slope = np.zeros_like(a)
        if a.shape[1] == 2:
            slope[:, 0] = -1 / np.maximum(a[:, 0], 1e-300)  # of the Jacobian 1 / x0
        return np.zeros((*a.shape, a.shape[1])), slope

    def add_curvature(self, a: Array, z: Array, shapes: Array, matrix: Array, slope: Array) -> tuple[Array, Array]:
        """Return those of the posterior in `coordinates`, from those of the likelihood along a."""
        matrix, slope = self.coordinates.transform(a, matrix, slope)
        own_matrix, own_slope = self.curvature(a, z, shapes)
        return matrix + own_matrix, slope + own_slope

    def solve_normal_equations(
        self, matrix: Array, right: Array, z: Array, shapes: Array
    ) -> tuple[Array, Array, Array]:
        """Find the mode where all rows are Gaussian with known variance.

        Parameters
        ----------
        matrix, right : ndarray, shapes (n, j, j), (n, j)
            Normal equations of the rows.
        z, shapes : ndarray, shapes (n,), (n, k)

        Returns
        -------
        a, covariance, log_det : ndarray, shapes (n, j), (n, j, j), (n,)
            The linear parameters, and in `coordinates` their covariance and ln det of its inverse.
        """
        covariance, log_det = invert(matrix)
        return clip_bounds(multiply(covariance, right), covariance), covariance, log_det


@dataclass(frozen=True)
class PhysicalPriors(Priors):
    """Priors of known supernovae.

    Attributes
    ----------
    unit_magnitude : float
        Peak apparent magnitude (B, Vega) of the source at amplitude 1.
    supernova_class : SupernovaClass
    beta : float
        Magnitudes by which a first shape of 1 makes the source fainter.
    peculiar : float
        The error of a redshift as a measure of distance.
    """

    unit_magnitude: float
    supernova_class: SupernovaClass
    beta: float
    peculiar: float
    coordinates: ClassVar[PlainCoordinates] = LogCoordinates()

    def log_amplitude(self, z: Array, shapes: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of ln amplitude."""
        colour = self.beta * shapes[:, 0] if self.beta else 0.0
        magnitude = self.supernova_class.mean + colour + distance_modulus(z)
        peculiar = 5 / math.log(10) * self.peculiar / np.maximum(z, 1e-4)
        sigma = np.hypot(self.supernova_class.sigma, peculiar)
        return (self.unit_magnitude - magnitude) / _MAG, sigma / _MAG

    def _log_shape_density(self, name: str, s: Array, low: float, high: float) -> Array:
        if name == "c":
            ratio = COLOUR_SIGMA / COLOUR_TAIL
            tail = math.log(COLOUR_TAIL) - 0.5 * ratio**2 + s / COLOUR_TAIL
            return np.asarray(log_ndtr(s / COLOUR_SIGMA - ratio) - tail)
        if name == "hostebv":
            norm = _MEAN_HOST_EBV * -math.expm1(-high / _MEAN_HOST_EBV)
            return np.asarray(-s / _MEAN_HOST_EBV - math.log(norm))
        return super()._log_shape_density(name, s, low, high)

    def _log_amplitude_density(self, amplitude: Array, z: Array, shapes: Array) -> Array:
        mean, sigma = self.log_amplitude(z, shapes)
        log = np.log(amplitude)
        return -0.5 * ((log - mean) / sigma) ** 2 - np.log(sigma) - log - 0.5 * math.log(2 * math.pi)

    def _log_x1_density(self, x1: Array) -> Array:
        return -0.5 * np.clip(x1, -1e100, 1e100) ** 2 - 0.5 * math.log(2 * math.pi)

    def curvature(self, a: Array, z: Array, shapes: Array) -> tuple[Array, Array]:
        """Return minus the curvature (n, j, j) and the slope (n, j) of the log density in `coordinates`."""
        mean, sigma = self.log_amplitude(z, shapes)
        matrix = np.zeros((*a.shape, a.shape[1]))
        slope = np.zeros_like(a)
        matrix[:, 0, 0] = 1 / sigma**2
        slope[:, 0] = (mean - np.log(a[:, 0])) / sigma**2
        if a.shape[1] == 2:
            matrix[:, 1, 1] = 1.0
            slope[:, 1] = -a[:, 1] / a[:, 0]
        return matrix, slope

    def solve_normal_equations(
        self, matrix: Array, right: Array, z: Array, shapes: Array
    ) -> tuple[Array, Array, Array]:
        """Find the mode where all rows are Gaussian with known variance: see `Priors`."""
        covariance, _ = invert(matrix)
        a = multiply(covariance, right)
        error = _DETECTED * np.sqrt(covariance[:, 0, 0])
        mean = np.exp(self.log_amplitude(z, shapes)[0])
        # an amplitude that the rows do not detect is the prior's, within the rows' error
        is_undetected = ~(a[:, 0] > error)
        a[is_undetected] = 0.0
        a[is_undetected, 0] = np.minimum(mean, error)[is_undetected]
        mean, sigma = np.broadcast_arrays(*self.log_amplitude(z, shapes))
        solution: tuple[Array, Array, Array] = climb_to_mode(matrix, right, mean, sigma, a, _NORMAL_STEPS)
        return solution


@dataclass(frozen=True)
class FlatPriors(Priors):
    """Uniform priors within wide bounds; `highest` is the highest amplitude."""

    highest: float
    extrapolates: ClassVar[bool] = True
    allows_host_dust: ClassVar[bool] = False
    colour_bounds: ClassVar[tuple[float, float]] = (-1.0, 2.0)

    def _log_amplitude_density(self, amplitude: Array, z: Array, shapes: Array) -> Array:
        return np.where(amplitude < self.highest, -math.log(self.highest), -np.inf)
