"""The likelihood of a light curve, given the flux that each linear parameter adds to each row.

Rows, for model flux f = sum_j a_j F_j and total variance v (measured error, floors and model error):

- a measured flux y, negative too:    N(y; f, v); robust: Student's t, nu = 4, of scale v^(1/2)
  (Lange, Little & Taylor 1989), as a scale mixture of normals
- a limit L without flux:             (1 - e) Phi((L - f) / v^(1/2)) + e   (a censored datum; Tobin 1958;
  one in a thousand, e, is a failed subtraction, which would outweigh a whole light curve otherwise)
- a row that the model does not reach: (1 - q) of what it costs at zero flux, and q N(y; 0, v + S^2), with S
  the brightest flux that was measured, and a limit as at zero flux: the same for all models, so that
  evidences of the same rows compare. q, the fraction of these rows that hold light, is not known, and summed
  over: years of zeros cost a source that has ended as good as nothing

SALT's own scatter joins v as v + f^2 r for each row, and as a coherent d_b f within each band b: the
covariance of Guy et al. (2010) and Kenworthy et al. (2021), with its -1/2 ln|C|, whose blocks are inverted
by the Sherman-Morrison formula. For limits, and with Student's t, d_b f joins v, too.
"""

import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import binom

from fitter_lambda.engine.bandflux import DesignMatrix
from fitter_lambda.engine.salt_scatter import Scatter

__all__ = ["NU", "Likelihood", "RowPrediction", "times"]

Array = npt.NDArray[np.float64]

#: Degrees of freedom of the robust likelihood: tails heavy, variance finite.
NU = 4.0
_FAILED = 1e-3
#: Standard deviations from a limit, beyond which nothing changes; and below the model, which are far.
_FAR, _FAR_BELOW = 1e3, 3.0
_LN_2PI = float(np.log(2 * np.pi))
#: Fractions of the rows out of reach that may hold light, equally likely.
_LIT = np.array([0.5, 0.1, 0.02, 0.004, 0.0008])
# ln Gamma((nu+1)/2) - ln Gamma(nu/2) - ln(pi nu)/2 at nu = 4
_T_NORM = float(np.log(3 / 8))


@dataclass(frozen=True)
class RowPrediction:
    """What a model says of each row; arrays of shape (n_points, n_rows).

    Attributes
    ----------
    flux, variance : ndarray
        The variance without what the rows of a band share.
    coherent : ndarray or None
        The standard deviation of that.
    growth, bend : ndarray or None
        SALT's own variance, over the squared flux, and its slope along x1.
    """

    flux: Array
    variance: Array
    coherent: Array | None = None
    growth: Array | None = None
    bend: Array | None = None


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
    as_sncosmo : bool
        Rows out of the model's reach are predicted by its flux there, as sncosmo does, not by background.
    """

    def __init__(
        self, flux: Array, variance: Array, band: npt.NDArray[np.int_], limit: npt.NDArray[np.bool_],
        *, robust: bool = False, as_sncosmo: bool = False,
    ) -> None:  # fmt: skip
        self.flux, self.variance, self.band, self.limit = flux, variance, band, limit
        self.robust, self.as_sncosmo = robust, as_sncosmo
        self.in_band = np.eye(int(band.max()) + 1)[band]
        self.brightest = float(np.max(np.abs(flux[~limit]), initial=0.0))
        # log densities of the rows without light, and with any
        self.dark = self._rows(np.zeros((1, len(flux))), variance[None])[0]
        self.lit = np.where(limit, self.dark, _log_normal(flux, variance + self.brightest**2))
        self.background = self._background(_LIT[:, None]).T
        self.elsewhere = np.zeros(len(_LIT))

    def among(self, rows: npt.NDArray[np.bool_], dark: npt.NDArray[np.bool_]) -> "Likelihood":
        """The same, of some of the rows: of the others some are always dark, the rest always out of reach."""
        part = copy.copy(self)
        for name in ("flux", "variance", "band", "limit", "in_band", "dark", "lit", "background"):
            setattr(part, name, getattr(self, name)[rows])
        part.elsewhere = self.dark[~rows & dark].sum() + self.background[~rows & ~dark].sum(axis=0)
        return part

    def _background(self, lit: Array) -> Array:
        """Log density of each row if it is out of reach, and such a fraction (n, 1) of those holds light."""
        return np.asarray(np.logaddexp(self.dark + np.log1p(-lit), self.lit + np.log(lit)))

    @property
    def is_gaussian(self) -> bool:
        """Whether the linear parameters can be solved for in one step."""
        return not (self.robust or self.limit.any())

    def predict(self, design: DesignMatrix, a: Array, scatter: Scatter | None = None) -> RowPrediction:
        """What the model at linear parameters a (n_points, j) says of the rows."""
        flux = times(design.flux, a)
        if scatter is None:
            return RowPrediction(flux, np.broadcast_to(self.variance, flux.shape))
        own, bend = scatter.at(a)
        dispersion, alone = scatter.coherent @ self.in_band.T, self.limit | self.robust
        own = own + alone * dispersion**2
        coherent = None if self.robust else flux * dispersion * ~alone
        return RowPrediction(flux, self.variance + flux**2 * own, coherent, own, bend)

    def log_density_by_row(self, design: DesignMatrix, expected: RowPrediction) -> Array:
        """Log density of each row (n_points, n_rows), the coherent scatter on the diagonal."""
        extra = 0.0 if expected.coherent is None else expected.coherent**2
        rows = self._rows(expected.flux, expected.variance + extra)
        return np.where(self._reached(design), rows, self._background(self._fraction(design)))

    def _rows(self, model: Array, variance: Array) -> Array:
        residual = self.flux - model
        if self.robust:
            rows = _T_NORM - 0.5 * np.log(variance) - 2.5 * np.log1p(residual**2 / (NU * variance))
        else:
            rows = _log_normal(residual, variance)
        if self.limit.any():
            at = self.limit
            rows[:, at] = np.log(_below(residual[:, at] / np.sqrt(variance[:, at])))
        return np.asarray(rows)

    def _reached(self, design: DesignMatrix) -> npt.NDArray[np.bool_]:
        return np.asarray(design.reached | self.as_sncosmo)

    def _out_of_reach(self, design: DesignMatrix) -> Array:
        """Log density (n_points, k) of the rows out of reach and of each fraction of them with light."""
        return np.asarray(~self._reached(design) @ self.background + self.elsewhere - np.log(len(_LIT)))

    def _fraction(self, design: DesignMatrix) -> Array:
        """The mean of that fraction, shape (n_points, 1)."""
        by_fraction = self._out_of_reach(design)
        share = np.exp(by_fraction - np.logaddexp.reduce(by_fraction, axis=1, keepdims=True))
        return np.asarray(share @ _LIT[:, None])

    def log_density(self, design: DesignMatrix, expected: RowPrediction) -> Array:
        """Log likelihood of all rows, shape (n_points,)."""
        rows = np.where(self._reached(design), self._rows(expected.flux, expected.variance), 0.0)
        total = rows.sum(axis=1) + np.logaddexp.reduce(self._out_of_reach(design), axis=1)
        if expected.coherent is not None:
            along, across = self._shared(design, expected, expected.coherent)
            total += 0.5 * np.sum(across**2 / (1 + along) - np.log1p(along), axis=1)
        return np.asarray(total)

    def replicate(self, design: DesignMatrix, expected: RowPrediction, random: np.random.Generator) -> Array:
        """Fluxes of the rows (n_points, n_rows) as the model would make them."""
        shape, normal = expected.flux.shape, random.normal(size=expected.flux.shape)
        noise = random.standard_t(NU, shape) if self.robust else normal
        flux = expected.flux + noise * np.sqrt(expected.variance)
        if expected.coherent is not None:
            common = random.normal(size=(shape[0], self.in_band.shape[1]))
            flux += expected.coherent * (common @ self.in_band.T)
        broad = (random.uniform(size=shape) < self._fraction(design)) * self.brightest**2
        background = normal * np.sqrt(self.variance + broad)
        return np.where(self._reached(design), flux, background)

    def chi2(self, design: DesignMatrix, expected: RowPrediction) -> tuple[Array, Array]:
        """Squared residuals over the variance and the number of rows, each of shape (n_points, n_bands).

        Limits, and rows that the model does not reach, do not count.
        """
        used = self._gaussian(design)
        total = (used * (self.flux - expected.flux) ** 2 / expected.variance) @ self.in_band
        if expected.coherent is not None:
            along, across = self._shared(design, expected, expected.coherent)
            total -= across**2 / (1 + along)
        return total, used @ self.in_band

    def limits_p_value(self, design: DesignMatrix, expected: RowPrediction) -> Array:
        """How likely so many limits lie far below the model, shape (n_points,).

        Any row of a light curve may be one of them, by chance or since its subtraction failed.
        """
        at = self.limit & self._reached(design)
        far = at & (expected.flux - self.flux > _FAR_BELOW * np.sqrt(expected.variance))
        chance = _FAILED + (1 - _FAILED) * ndtr(-_FAR_BELOW)
        return np.asarray(binom.sf(far.sum(axis=1) - 1, len(self.flux), chance))

    def _shared(self, design: DesignMatrix, expected: RowPrediction, coherent: Array) -> tuple[Array, Array]:
        """u^T D^-1 u and u^T D^-1 times the residuals, of the covariance D + u u^T of each band."""
        weighted = self._gaussian(design) * coherent / expected.variance
        return (weighted * coherent) @ self.in_band, (weighted * (self.flux - expected.flux)) @ self.in_band

    def _gaussian(self, design: DesignMatrix) -> Array:
        """1 for each measured row (n_points, n_rows) that the model speaks of, else 0."""
        return np.asarray(self._reached(design) & ~self.limit, dtype=float)

    def least_squares(self, design: DesignMatrix) -> tuple[Array, Array]:
        """Normal matrix (n, j, j) and right side (n, j), as if rows were Gaussian, of measured variance."""
        weight = self._gaussian(design) / self.variance
        return _normal(design.flux, weight), _sum(design.flux, weight * self.flux)

    def step(
        self, design: DesignMatrix, a: Array, expected: RowPrediction, scatter: Scatter | None
    ) -> tuple[Array, Array]:
        """RowPrediction curvature (n, j, j) and slope (n, j) of `total` along a (n, j).

        Parameters
        ----------
        design : DesignMatrix
        a : ndarray, shape (n, j)
        expected : RowPrediction
            At a.
        scatter : Scatter, optional
        """
        flux, used, variance = design.flux, self._gaussian(design), expected.variance
        distance = self.flux - expected.flux
        residual = used * distance
        weight = used * ((NU + 1) / (NU * variance + residual**2) if self.robust else 1 / variance)
        pull, spare = weight * residual, weight * residual**2 - used
        matrix: Array | float = 0.0
        if scatter is not None and expected.coherent is not None:
            matrix, pull, spare = self._coherent_step(flux, weight, residual, expected.coherent, scatter)
        if self.limit.any():
            at = np.flatnonzero(self.limit)
            sigma = np.sqrt(variance[:, at])
            x = np.clip(distance[:, at] / sigma, -_FAR, _FAR)
            hazard = (1 - _FAILED) * np.exp(-0.5 * x * x - 0.5 * _LN_2PI) / _below(x)
            hazard = hazard * self._reached(design)[:, at]
            weight[:, at] = np.maximum(hazard * (hazard + x), 1e-12 * hazard) / sigma**2
            pull[:, at], spare[:, at] = -hazard / sigma, -hazard * x
        if expected.growth is None or expected.bend is None:
            return matrix + _normal(flux, weight), _sum(flux, pull)
        # the variance grows with the flux, and with x1: its own information (Fisher scoring) and score
        grows = 2 * expected.flux * expected.growth / variance
        bends = expected.flux**2 * expected.bend / variance
        x1_of_a = np.stack([-a[:, 1] / a[:, 0] ** 2, 1 / a[:, 0]], axis=1)
        cross = 0.5 * _sum(flux, used * grows * bends)[:, :, None] * x1_of_a[:, None]
        square = 0.5 * np.sum(used * bends**2, axis=1)[:, None, None] * x1_of_a[:, :, None] * x1_of_a[:, None]
        matrix = matrix + _normal(flux, weight + 0.5 * used * grows**2) + square
        slope = _sum(flux, pull + 0.5 * spare * grows)
        return (
            matrix + cross + np.swapaxes(cross, 1, 2),
            slope + 0.5 * np.sum(spare * bends, axis=1)[:, None] * x1_of_a,
        )

    def _coherent_step(
        self, flux: Array, weight: Array, residual: Array, coherent: Array, scatter: Scatter
    ) -> tuple[Array, Array, Array]:
        """What a covariance D + u u^T within each band, u = d f, changes in a step.

        Returns what it adds to the normal matrix; d ln p / df of each row; and D times 2 d ln p / dD.
        """
        share, per_row = weight * coherent, scatter.coherent @ self.in_band.T
        more = 1 + (share * coherent) @ self.in_band
        common = ((share * residual) @ self.in_band / more) @ self.in_band.T
        own = share / (more @ self.in_band.T)
        # C^-1 times the residuals, and the diagonal of C^-1, over weight
        whitened = residual - coherent * common
        pulled = weight * whitened
        spare = pulled * whitened - (weight > 0) + own * coherent
        pull = pulled + per_row * (pulled * common - own)
        cross, turn = (
            np.stack([(by * column) @ self.in_band for column in np.moveaxis(flux, 2, 0)], axis=1)
            for by in (share, own * per_row)
        )
        matrix = 2 * turn @ np.swapaxes(turn, 1, 2) - (cross / more[:, None]) @ np.swapaxes(cross, 1, 2)
        return matrix, pull, spare


def _normal(flux: Array, weight: Array) -> Array:
    return np.asarray(np.swapaxes(flux * weight[..., None], 1, 2) @ flux)


def _sum(flux: Array, right: Array) -> Array:
    return np.asarray((np.swapaxes(flux, 1, 2) @ right[..., None])[..., 0])


def times(matrix: Array, vector: Array) -> Array:
    """Products of matrices (n, j, k) and vectors (n, k)."""
    return np.asarray((matrix @ vector[..., None])[..., 0])


def _below(x: Array) -> Array:
    """Probability of a limit that lies x standard deviations above the model."""
    return np.asarray((1 - _FAILED) * ndtr(x) + _FAILED)


def _log_normal(x: Array, variance: Array) -> Array:
    with np.errstate(over="ignore"):
        return -0.5 * (x**2 / variance + np.log(variance) + _LN_2PI)
