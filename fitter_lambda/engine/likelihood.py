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

__all__ = ["NU", "Likelihood", "Scatter", "invert"]

Array = npt.NDArray[np.float64]

#: Degrees of freedom of the robust likelihood: tails heavy, variance finite.
NU = 4.0
_FAILED = 1e-3
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

    def at(self, a: Array) -> Array:
        """Relative variance of each row (n_points, n_rows) at linear parameters (n_points, 2)."""
        x1 = np.clip(a[:, 1] / np.maximum(a[:, 0], 1e-300), -5, 5)[:, None]
        v = self.relative[..., 0] + x1 * (self.relative[..., 1] + x1 * self.relative[..., 2])
        v = np.where(v < 0, 1e-4, v)  # as snfit has it
        total = self.colour_free[..., 0] + x1 * self.colour_free[..., 1]
        relative = v * (self.gain / np.maximum(total, 1e-100)) ** 2
        return np.where(total > 0, np.minimum(relative, 1e8), 1e4)


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
        total = self.variance + model**2 * scatter.at(a)
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
            return _normal(flux, used / self.variance, used / self.variance * self.flux)
        model = _times(flux, a)
        variance, coherent = self.variances(a, model, scatter)
        residual = self.flux - model
        weight = (NU + 1) / (NU * variance + residual**2) if self.robust else 1 / variance
        excess = weight * residual**2 - 1
        weight, slope = used * weight, used * weight * residual
        if scatter is not None:
            # variance grows with flux: its own score and information (Fisher scoring)
            growth = used * (variance - self.variance + (0 if coherent is None else coherent**2)) / variance
            with np.errstate(divide="ignore", invalid="ignore"):
                growth = np.where(np.abs(model) > 0, growth / model, 0.0)
            weight, slope = weight + 2 * growth**2, slope + growth * excess
        if self.limit.any():
            at = np.flatnonzero(self.limit)
            sigma = np.sqrt(variance[:, at])
            x = residual[:, at] / sigma
            hazard = (1 - _FAILED) * np.exp(-0.5 * x * x - 0.5 * _LN_2PI) / _below(x)
            reached = 1.0 if self.zero_outside else design.reached[:, at].astype(float)
            weight[:, at] = reached * np.maximum(hazard * (hazard + x), 1e-12) / sigma**2
            slope[:, at] = -reached * hazard / sigma
        matrix, right = _normal(flux, weight, weight * model + slope)
        if coherent is not None:
            share = weight * coherent
            along = (share * coherent) @ self.in_band
            cross = np.einsum("prj,pr,rb->pbj", flux, share, self.in_band, optimize=True)
            seen = (share * self.flux) @ self.in_band / (1 + along)
            matrix -= np.einsum("pbj,pbk,pb->pjk", cross, cross, 1 / (1 + along))
            right -= np.einsum("pbj,pb->pj", cross, seen)
        return matrix, right


def invert(matrix: Array) -> tuple[Array, Array]:
    """Inverses and log determinants of symmetric positive matrices (n, j, j), j = 1 or 2.

    A direction that no row constrains gets a variance that is huge, not infinite.
    """
    size = np.trace(matrix, axis1=1, axis2=2)[:, None, None]
    matrix = matrix + np.eye(matrix.shape[-1]) * (1e-12 * size + 1e-300)
    if matrix.shape[-1] == 1:
        return 1 / matrix, np.log(matrix[:, 0, 0])
    a, b, c = matrix[:, 0, 0], matrix[:, 0, 1], matrix[:, 1, 1]
    determinant = np.maximum(a * c - b * b, 1e-300)
    inverse = np.stack([np.stack([c, -b], -1), np.stack([-b, a], -1)], -2) / determinant[:, None, None]
    return inverse, np.log(determinant)


def _normal(flux: Array, weight: Array, right: Array) -> tuple[Array, Array]:
    weighted = flux * weight[..., None]
    return np.swapaxes(weighted, 1, 2) @ flux, (np.swapaxes(flux, 1, 2) @ right[..., None])[..., 0]


def _times(flux: Array, a: Array) -> Array:
    return np.asarray((flux @ a[..., None])[..., 0])


def _below(x: Array) -> Array:
    """Probability of a limit that lies x standard deviations above the model."""
    return np.asarray((1 - _FAILED) * ndtr(x) + _FAILED)


def _log_normal(x: Array, variance: Array) -> Array:
    return -0.5 * (x**2 / variance + np.log(variance) + _LN_2PI)
