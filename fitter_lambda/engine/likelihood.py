"""The likelihood of a light curve, given the flux that each linear parameter adds to each row.

Rows, for model flux f = sum_j a_j F_j and total variance v (measured error, floors and model error):

- a measured flux y, negative too:    N(y; f, v); robust: Student's t, nu = 4, of scale v^(1/2)
  (Lange, Little & Taylor 1989), as a scale mixture of normals
- a limit L without flux:             (1 - e) Phi((L - f) / v^(1/2)) + e   (a censored datum; Tobin 1958;
  one in a thousand, e, is a failed subtraction, which would outweigh a whole light curve otherwise)
- a row that the model does not reach: half N(y; 0, v), half N(y; 0, v + S^2), with S the brightest flux
  of the data: the same for all models, so that evidences of the same rows compare

SALT's own scatter joins v as v + f^2 r for each row, and as a coherent d_b f within each band b: the
covariance of Guy et al. (2010) and Kenworthy et al. (2021), whose blocks are
inverted by the Sherman-Morrison formula. Its -1/2 ln|C| belongs to the likelihood.

Given everything else, the linear parameters are found by iterated weighted least squares (Green 1984):
for Gaussian rows of known variance one step is exact, and the curvature there is the inverse covariance.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from fitter_lambda.engine.bandflux import Design

__all__ = ["NU", "Likelihood", "Scatter"]

Array = npt.NDArray[np.float64]

#: Degrees of freedom of the robust likelihood: tails heavy, variance finite.
NU = 4.0
_FAILED = 1e-3
#: Of SALT's relative variance, where its flux is nearly nothing.
_BROADEST = 1e4
#: Standard deviations from a limit, beyond which nothing changes.
_FAR = 1e3
_LN_2PI = float(np.log(2 * np.pi))
# ln Gamma((nu+1)/2) - ln Gamma(nu/2) - ln(pi nu)/2 at nu = 4
_T_NORM = float(np.log(3 / 8))


@dataclass(frozen=True)
class Scatter:
    """A model's own scatter at many points.

    Attributes
    ----------
    relative : ndarray, shape (n_points, n_rows, 3)
        Variance of a row as a polynomial in x1: constant, linear, square.
    colour_free : ndarray, shape (n_points, n_rows, 2)
        The flux, without colour, that it belongs to: its part at x1 = 0, and what x1 adds.
    gain : ndarray, shape (n_points, n_rows)
        What the standard deviation is multiplied by.
    coherent : ndarray, shape (n_points, n_bands)
        Relative dispersion common to a band.
    """

    relative: Array
    colour_free: Array
    gain: Array
    coherent: Array

    def at_points(self, points: npt.NDArray[np.intp]) -> "Scatter":
        """The same at some of the points."""
        return Scatter(
            self.relative[points], self.colour_free[points], self.gain[points], self.coherent[points]
        )

    def at(self, a: Array) -> tuple[Array, Array]:
        """Relative variance of each row at linear parameters (n_points, 2), and its slope along x1.

        Both are of shape (n_points, n_rows).
        """
        x1 = np.clip(a[:, 1] / np.maximum(a[:, 0], 1e-300), -5, 5)[:, None]
        constant, linear, square = np.moveaxis(self.relative, 2, 0)
        v, slope = constant + x1 * (linear + x1 * square), linear + 2 * x1 * square
        v, slope = np.where(v < 0, 1e-4, v), np.where(v < 0, 0.0, slope)  # as snfit has it
        total = np.maximum(self.colour_free[..., 0] + x1 * self.colour_free[..., 1], 1e-100)
        with np.errstate(over="ignore", invalid="ignore"):
            scale = (self.gain / total) ** 2
            relative, slope = v * scale, (slope - 2 * v * self.colour_free[..., 1] / total) * scale
        broken = relative > _BROADEST
        return np.where(broken, _BROADEST, relative), np.where(broken | (np.abs(x1) >= 5), 0.0, slope)


class Likelihood:
    """The likelihood of one light curve.

    Parameters
    ----------
    flux : ndarray, shape (n,)
        Micro-Jansky; for limits, the limit.
    variance : ndarray, shape (n,)
    band : ndarray of int, shape (n,)
    limit : ndarray of bool, shape (n,)
    robust : bool
    zero_outside : bool
        Rows out of the model's reach are predicted as zero, as sncosmo does, not as background.
    """

    def __init__(
        self, flux: Array, variance: Array, band: npt.NDArray[np.int_], limit: npt.NDArray[np.bool_],
        *, robust: bool = False, zero_outside: bool = False,
    ) -> None:  # fmt: skip
        self.flux, self.variance, self.band, self.limit = flux, variance, band, limit
        self.robust, self.zero_outside = robust, zero_outside
        self.in_band = np.eye(int(band.max()) + 1)[band]
        bright = np.max(np.abs(flux)) if len(flux) else 0.0
        zero = _log_normal(flux, variance)
        broad = _log_normal(flux, variance + bright**2)
        self.background = np.where(
            limit, np.log(_below(flux / np.sqrt(variance))), np.logaddexp(zero, broad) - np.log(2)
        )

    @property
    def is_gaussian(self) -> bool:
        """Whether the linear parameters can be solved for in one step."""
        return not (self.robust or self.limit.any())

    def variances(self, a: Array, model: Array, scatter: Scatter | None) -> tuple[Array, Array | None]:
        """Variance of each row (n_points, n_rows), and its band's coherent part, at model fluxes."""
        if scatter is None:
            return np.broadcast_to(self.variance, model.shape), None
        coherent = model * (scatter.coherent @ self.in_band.T)
        total = self.variance + model**2 * scatter.at(a)[0]
        return (total + coherent**2, None) if self.robust else (total, coherent)

    def pointwise(self, design: Design, a: Array, scatter: Scatter | None = None) -> Array:
        """Log density of each row (n_points, n_rows), the coherent scatter on the diagonal."""
        model = _times(design.flux, a)
        variance, coherent = self.variances(a, model, scatter)
        if coherent is not None:
            variance = variance + coherent**2
        return self._rows(design, model, variance)

    def _rows(self, design: Design, model: Array, variance: Array) -> Array:
        residual = self.flux - model
        if self.robust:
            rows = _T_NORM - 0.5 * np.log(variance) - 2.5 * np.log1p(residual**2 / (NU * variance))
        else:
            with np.errstate(over="ignore"):
                rows = -0.5 * (residual**2 / variance + np.log(variance) + _LN_2PI)
        if self.limit.any():
            at = self.limit
            rows[:, at] = np.log(_below(residual[:, at] / np.sqrt(variance[:, at])))
        return rows if self.zero_outside else np.where(design.reached, rows, self.background)

    def total(self, design: Design, a: Array, scatter: Scatter | None = None) -> Array:
        """Log likelihood of all rows, shape (n_points,).

        Parameters
        ----------
        design : Design
            Of n_points.
        a : ndarray, shape (n_points, j)
        scatter : Scatter, optional
        """
        model = _times(design.flux, a)
        variance, coherent = self.variances(a, model, scatter)
        total = self._rows(design, model, variance).sum(axis=1)
        if coherent is not None:
            used = self._gaussian(design)
            along = (used * coherent**2 / variance) @ self.in_band
            across = (used * coherent * (self.flux - model) / variance) @ self.in_band
            total += 0.5 * np.sum(across**2 / (1 + along) - np.log1p(along), axis=1)
        return np.asarray(total)

    def chi2(self, design: Design, a: Array, scatter: Scatter | None = None) -> tuple[Array, Array]:
        """Squared residuals over the variance and the number of rows, each of shape (n_points, n_bands).

        Limits, and rows that the model does not reach, do not count.
        """
        model, used = _times(design.flux, a), self._gaussian(design)
        variance, coherent = self.variances(a, model, scatter)
        residual = self.flux - model
        total = (used * residual**2 / variance) @ self.in_band
        if coherent is not None:
            along = (used * coherent**2 / variance) @ self.in_band
            total -= ((used * coherent * residual / variance) @ self.in_band) ** 2 / (1 + along)
        return total, used @ self.in_band

    def _gaussian(self, design: Design) -> Array:
        """1 for each measured row (n_points, n_rows) that the model speaks of, else 0."""
        return np.asarray((design.reached | self.zero_outside) & ~self.limit, dtype=float)

    def step(self, design: Design, a: Array | None, scatter: Scatter | None) -> tuple[Array, Array]:
        """One step of iterated least squares: the normal matrix (n, j, j) and its right side (n, j).

        Parameters
        ----------
        design : Design
        a : ndarray, shape (n, j), or None
            Where to expand; None: as if all rows were Gaussian, of their measured variance.
        scatter : Scatter, optional
        """
        flux, used = design.flux, self._gaussian(design)
        if a is None:
            weight = used / self.variance
            return _normal(flux, weight), _sum(flux, weight * self.flux)
        model = _times(flux, a)
        variance, coherent = self.variances(a, model, scatter)
        distance = self.flux - model
        residual = used * distance
        weight = used * ((NU + 1) / (NU * variance + residual**2) if self.robust else 1 / variance)
        pull, spare = weight * residual, weight * residual**2 - used
        matrix: Array | float = 0.0
        if scatter is not None and coherent is not None:
            matrix, pull, spare = self._coherent_step(flux, weight, residual, coherent, scatter)
        if self.limit.any():
            at = np.flatnonzero(self.limit)
            sigma = np.sqrt(variance[:, at])
            x = np.clip(distance[:, at] / sigma, -_FAR, _FAR)
            hazard = (1 - _FAILED) * np.exp(-0.5 * x * x - 0.5 * _LN_2PI) / _below(x)
            hazard = hazard if self.zero_outside else hazard * design.reached[:, at]
            weight[:, at] = np.maximum(hazard * (hazard + x), 1e-12 * hazard) / sigma**2
            pull[:, at], spare[:, at] = -hazard / sigma, -hazard * x
        matrix, right = matrix + _normal(flux, weight), _sum(flux, pull)
        if scatter is not None:
            # the variance grows with the flux: its own information (Fisher scoring) and score
            growth = self._growth(flux, a, model, scatter) / variance[..., None]
            matrix, right = matrix + 0.5 * _normal(growth, used), right + 0.5 * _sum(growth, spare)
        return matrix, right + _times(matrix, a)

    def _growth(self, flux: Array, a: Array, model: Array, scatter: Scatter) -> Array:
        """How the variances of rows grow with each linear parameter, shape (n_points, n_rows, j)."""
        relative, slope = scatter.at(a)
        if self.robust:
            relative = relative + (scatter.coherent @ self.in_band.T) ** 2
        x1_of_a = np.stack([-a[:, 1] / a[:, 0] ** 2, 1 / a[:, 0]], axis=1)
        return np.asarray(
            (2 * model * relative)[..., None] * flux + (model**2 * slope)[..., None] * x1_of_a[:, None]
        )

    def _coherent_step(
        self, flux: Array, weight: Array, residual: Array, coherent: Array, scatter: Scatter
    ) -> tuple[Array, Array, Array]:
        """What a covariance D + u u^T within each band, u = d f, changes in a step.

        Returns what it adds to the normal matrix; d ln p / df of each row; and D times 2 d ln p / dD.
        """
        share, per_row = weight * coherent, scatter.coherent @ self.in_band.T
        more = 1 + (share * coherent) @ self.in_band
        common = (share * residual) @ self.in_band / more
        own = share / (more @ self.in_band.T)
        # C^-1 times the residuals, and the diagonal of C^-1, over weight
        whitened = residual - coherent * (common @ self.in_band.T)
        spare = weight * whitened**2 - (weight > 0) + own * coherent
        pull = weight * whitened + per_row * (weight * whitened * (common @ self.in_band.T) - own)
        cross, turn = (
            np.swapaxes(flux * by[..., None], 1, 2) @ self.in_band for by in (share, own * per_row)
        )
        matrix = 2 * turn @ np.swapaxes(turn, 1, 2) - (cross / more[:, None]) @ np.swapaxes(cross, 1, 2)
        return matrix, pull, spare


def _normal(flux: Array, weight: Array) -> Array:
    return np.asarray(np.swapaxes(flux * weight[..., None], 1, 2) @ flux)


def _sum(flux: Array, right: Array) -> Array:
    return np.asarray((np.swapaxes(flux, 1, 2) @ right[..., None])[..., 0])


def _times(flux: Array, a: Array) -> Array:
    return np.asarray((flux @ a[..., None])[..., 0])


def _below(x: Array) -> Array:
    """Probability of a limit that lies x standard deviations above the model."""
    return np.asarray((1 - _FAILED) * ndtr(x) + _FAILED)


def _log_normal(x: Array, variance: Array) -> Array:
    return -0.5 * (x**2 / variance + np.log(variance) + _LN_2PI)
