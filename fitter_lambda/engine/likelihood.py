"""The likelihood of a light curve, from the flux of each linear parameter in each row.

Rows, for model flux f = sum_j a_j F_j and total variance v (measured error, floors and model error):

- a measured flux y, negative ones included: N(y; f, v); robust: Student's t, nu = 4, of scale v^(1/2)
  (Lange, Little & Taylor 1989), as a scale mixture of normals
- a limit L without flux: (1 - e) Phi((L - f) / v^(1/2)) + e, a censored datum (Tobin 1958). One limit in a
  thousand, e, is a failed subtraction, which would otherwise outweigh a whole light curve.
- a row that the source does not reach: (1 - q) times its density at zero flux, and q N(y; 0, v + S^2), with S
  the brightest flux measured in the band within days (`Rows.brightness`); a limit as at zero flux. This is the same
  for all sources, so that evidences of the same rows compare. q, the fraction of these rows that hold light, is
  unknown and summed over: years of zeros after a source has ended cost next to nothing.

Models have errors in proportion to their flux, in part shared by the rows of a band (`model_discrepancy`,
`salt_scatter`). Frozen, their covariance is that of one point, and a constant. With SALT's scatter at each point it
adds f^2 r to v in each row, and a coherent d_b f within each band b (Guy et al. 2010; Kenworthy et al. 2021), with its
-1/2 ln|C|; its blocks are inverted by the Sherman-Morrison formula. For limits, and with Student's t, shared errors are
part of v.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from scipy.special import ndtr
from scipy.stats import binom

from fitter_lambda.arrays import Array, Indices, Mask
from fitter_lambda.engine.bandflux import DesignMatrix
from fitter_lambda.engine.linear_algebra import multiply, project, sum_by_band, weigh_products
from fitter_lambda.engine.row_covariance import RowCovariance
from fitter_lambda.engine.row_prediction import RowPrediction
from fitter_lambda.engine.rows import Rows
from fitter_lambda.engine.salt_scatter import RowScatter

#: Degrees of freedom of the robust likelihood: heavy tails, finite variance.
NU = 4.0
#: Fraction of limits that are failed subtractions.
_FAILED = 1e-3
#: Standard deviations from a limit beyond which its density is constant.
_FAR = 1e3
#: Standard deviations below the model at which a limit counts against it.
_FAR_BELOW = 3.0
_LN_2PI = float(np.log(2 * np.pi))
#: Fractions of the rows out of reach that may hold light, equally likely.
_LIT_FRACTIONS = np.array([0.5, 0.1, 0.02, 0.004, 0.0008])
# ln Gamma((nu+1)/2) - ln Gamma(nu/2) - ln(pi nu)/2 at nu = 4
_T_NORM = float(np.log(3 / 8))


@dataclass(frozen=True)
class RowSums:
    """Sums over the rows at n points, that give the density of measured rows at any linear parameters a.

    Attributes
    ----------
    matrix, right : ndarray, shapes (n, j, j), (n, j)
        Normal equations: F^T C^-1 F and F^T C^-1 y.
    square, log_det : ndarray, shape (n,)
        y^T C^-1 y, and ln det(2 pi C).
    background : ndarray, shape (n,)
        Log density of the rows out of reach.
    """

    matrix: Array
    right: Array
    square: Array
    log_det: Array
    background: Array

    def take(self, points: Indices) -> "RowSums":
        """Return the sums at some of the points."""
        return RowSums(*(values[points] for values in vars(self).values()))

    def scale_errors(self, scale: Array, number: Array) -> "RowSums":
        """Return the sums with all errors times a factor (n,); `number` (n,) is that of the rows."""
        square = scale**2
        return RowSums(
            self.matrix / square[:, None, None], self.right / square[:, None], self.square / square,
            self.log_det + 2 * number * np.log(scale), self.background,
        )  # fmt: skip

    def log_density(self, a: Array) -> Array:
        """Log likelihood (n,) of measured rows and those out of reach, at linear parameters a (n, j)."""
        chi2 = self.square + np.sum(a * (multiply(self.matrix, a) - 2 * self.right), axis=1)
        return np.asarray(self.background - 0.5 * (chi2 + self.log_det))


@dataclass(frozen=True)
class Likelihood:
    """The likelihood of one light curve.

    Attributes
    ----------
    rows : Rows
    robust : bool
        Student's t instead of a normal distribution.
    extrapolates : bool
        Rows out of the source's phases have the flux that sncosmo gives them, not background.
    dropped_density : ndarray, shape (5,)
        Log density of rows that were dropped, for each fraction with light.
    frozen : RowCovariance or None
        The covariance of the rows, the same at all points, where models have errors.
    """

    rows: Rows
    robust: bool = False
    extrapolates: bool = False
    dropped_density: Array = field(default_factory=lambda: np.zeros(len(_LIT_FRACTIONS)))
    frozen: RowCovariance | None = None

    @cached_property
    def _dark(self) -> Array:
        """Log density of each row at zero flux."""
        density = self._row_log_density(np.zeros((1, len(self.rows))), self.rows.variance[None])
        return np.asarray(density[0])

    @cached_property
    def _lit(self) -> Array:
        """Log density of each row that holds light which the source does not predict."""
        density = _log_normal(self.rows.flux, self.rows.variance + self.rows.brightness**2)
        return np.where(self.rows.is_limit, self._dark, density)

    @cached_property
    def _background_by_fraction(self) -> Array:
        """Log density of each row out of reach for each fraction with light, shape (n_rows, 5)."""
        return np.asarray(self._background(_LIT_FRACTIONS[:, None]).T)

    def drop(self, mask: Mask, is_dark: Mask) -> "Likelihood":
        """Replace the rows in `mask` by the constant that they add.

        Those that are also in `is_dark` have zero flux, the others are background.
        """
        dark = self._dark[mask & is_dark].sum()
        background = self._background_by_fraction[mask & ~is_dark].sum(axis=0)
        frozen = self.frozen and self.frozen.take(~mask)
        return replace(self, rows=self.rows.take(~mask), dropped_density=dark + background, frozen=frozen)

    @cached_property
    def covariance(self) -> RowCovariance:
        """Covariance of the rows as far as it does not depend on the point."""
        return self.frozen or RowCovariance.build_diagonal(self.rows.variance)

    @property
    def is_gaussian(self) -> bool:
        """Whether least squares describe the rows exactly, apart from SALT's scatter at each point."""
        return not (self.robust or self.rows.is_limit.any())

    def predict(self, design: DesignMatrix, a: Array, scatter: RowScatter | None = None) -> RowPrediction:
        """Predict the rows at linear parameters a (n_points, j)."""
        flux = multiply(design.flux, a)
        is_used = self._find_used(design)
        if scatter is None:
            variance = np.broadcast_to(self.covariance.variance, flux.shape)
            factors = None if self.frozen is None else self.frozen.factors[None]
            return RowPrediction(design, is_used, flux, variance, factors)
        growth, bend = scatter.relative_variance(a)
        dispersion = scatter.coherent @ self.rows.in_band.T
        is_independent = self.rows.is_limit | self.robust
        growth = growth + is_independent * dispersion**2
        factors = None if self.robust else (flux * dispersion * ~is_independent)[:, :, None]
        variance = self.rows.variance + flux**2 * growth
        return RowPrediction(design, is_used, flux, variance, factors, growth=growth, bend=bend)

    def _find_used(self, design: DesignMatrix) -> Mask:
        return design.reached | design.covered if self.extrapolates else design.reached

    def log_density(self, prediction: RowPrediction) -> Array:
        """Log likelihood of all rows, shape (n_points,)."""
        rows = np.where(prediction.is_used, self._row_log_density(prediction.flux, prediction.variance), 0.0)
        total = rows.sum(axis=1) + np.logaddexp.reduce(self._log_density_by_fraction(prediction.is_used), axis=1)
        if self.frozen is not None:
            return np.asarray(total + self._correct_for_shared_errors(prediction))
        if prediction.factors is not None:
            along, across = self._sum_bands(prediction, prediction.factors[..., 0])
            total += 0.5 * np.sum(across**2 / (1 + along) - np.log1p(along), axis=1)
        return np.asarray(total)

    def _correct_for_shared_errors(self, prediction: RowPrediction) -> Array:
        """Return what errors that rows share add to the log density (n_points,) of independent rows."""
        residual = (self.rows.flux - prediction.flux)[:, :, None]
        is_measured = prediction.is_used & ~self.rows.is_limit
        zero = np.zeros(len(self.rows))
        alone = RowCovariance.build_diagonal(self.covariance.variance)
        bands = (self.rows.band, self.rows.n_bands)
        chi2, _, _, log_det = self.covariance.sum_rows(residual, is_measured, zero, *bands)
        chi2_alone, _, _, log_det_alone = alone.sum_rows(residual, is_measured, zero, *bands)
        square = 1.0 if prediction.error_scale is None else prediction.error_scale**2
        return np.asarray(0.5 * ((chi2_alone - chi2)[:, 0, 0] / square + log_det_alone - log_det))

    def log_density_by_row(self, prediction: RowPrediction) -> Array:
        """Log density of each row (n_points, n_rows), with shared errors on the diagonal."""
        rows = self._row_log_density(prediction.flux, prediction.total_variance)
        return np.where(prediction.is_used, rows, self._background(self._mean_lit_fraction(prediction)))

    def _row_log_density(self, model: Array, variance: Array) -> Array:
        residual = self.rows.flux - model
        if self.robust:
            density = _T_NORM - 0.5 * np.log(variance) - 2.5 * np.log1p(residual**2 / (NU * variance))
        else:
            density = _log_normal(residual, variance)
        if self.rows.is_limit.any():
            at = self.rows.is_limit
            density[:, at] = np.log(_limit_probability(residual[:, at] / np.sqrt(variance[:, at])))
        return np.asarray(density)

    def _background(self, lit_fraction: Array) -> Array:
        """Log density (n, n_rows) of rows out of reach, if a fraction (n, 1) of them holds light."""
        log_dark = self._dark + np.log1p(-lit_fraction)
        return np.asarray(np.logaddexp(log_dark, self._lit + np.log(lit_fraction)))

    def _log_density_by_fraction(self, is_used: Mask) -> Array:
        """Log joint density (n_points, 5) of the rows out of reach and of each fraction with light."""
        background = 0.0 if is_used.all() else ~is_used @ self._background_by_fraction
        total = background + self.dropped_density - np.log(len(_LIT_FRACTIONS))
        return np.broadcast_to(total, (len(is_used), len(_LIT_FRACTIONS)))

    def _mean_lit_fraction(self, prediction: RowPrediction) -> Array:
        """Mean fraction of the rows out of reach that holds light, shape (n_points, 1)."""
        by_fraction = self._log_density_by_fraction(prediction.is_used)
        share = np.exp(by_fraction - np.logaddexp.reduce(by_fraction, axis=1, keepdims=True))
        return np.asarray(share @ _LIT_FRACTIONS[:, None])

    def replicate(self, prediction: RowPrediction, random: np.random.Generator) -> Array:
        """Draw fluxes of the rows (n_points, n_rows) from the model."""
        shape = prediction.flux.shape
        normal = random.normal(size=shape)
        noise = random.standard_t(NU, shape) if self.robust else normal
        flux = prediction.flux + noise * np.sqrt(prediction.variance)
        if prediction.factors is not None:
            common = random.normal(size=(shape[0], self.rows.n_bands, prediction.factors.shape[2]))
            flux += np.sum(prediction.factors * common[:, self.rows.band], axis=2)
        is_lit = random.uniform(size=shape) < self._mean_lit_fraction(prediction)
        background = normal * np.sqrt(self.rows.variance + is_lit * self.rows.brightness**2)
        return np.where(prediction.is_used, flux, background)

    def chi2(self, prediction: RowPrediction) -> tuple[Array, Array]:
        """Squared residuals over the variance and the number of rows, both of shape (n_points, n_bands).

        Without limits and rows that the model does not predict.
        """
        is_measured = self._select_measured(prediction)
        number = is_measured @ self.rows.in_band
        if self.frozen is not None:
            return self._sum_chi2_by_band(prediction), number
        residual = self.rows.flux - prediction.flux
        total = (is_measured * residual**2 / prediction.variance) @ self.rows.in_band
        if prediction.factors is not None:
            along, across = self._sum_bands(prediction, prediction.factors[..., 0])
            total -= across**2 / (1 + along)
        return total, number

    def _sum_chi2_by_band(self, prediction: RowPrediction) -> Array:
        """Return chi2 (n_points, n_bands) with the constant covariance."""
        residual = (self.rows.flux - prediction.flux)[:, :, None]
        is_measured = prediction.is_used & ~self.rows.is_limit
        zero = np.zeros(len(self.rows))
        columns = []
        for own in self.rows.in_band.T > 0:
            matrix, *_ = self.covariance.sum_rows(
                residual, is_measured & own, zero, self.rows.band, self.rows.n_bands
            )  # fmt: skip
            columns.append(matrix[:, 0, 0])
        square = 1.0 if prediction.error_scale is None else prediction.error_scale[:, None] ** 2
        return np.asarray(np.stack(columns, axis=1) / square)

    def limits_p_value(self, prediction: RowPrediction) -> Array:
        """Chance of as many limits far below the model, shape (n_points,).

        Any row of a light curve may be one of them, by noise or since its subtraction failed.
        """
        is_far = prediction.flux - self.rows.flux > _FAR_BELOW * np.sqrt(prediction.variance)
        is_far &= self.rows.is_limit & prediction.is_used
        chance = _FAILED + (1 - _FAILED) * ndtr(-_FAR_BELOW)
        return np.asarray(binom.sf(is_far.sum(axis=1) - 1, len(self.rows), chance))

    def _sum_bands(self, prediction: RowPrediction, coherent: Array) -> tuple[Array, Array]:
        """Return u^T D^-1 u and u^T D^-1 times the residuals, of the covariance D + u u^T of each band."""
        weights = self._select_measured(prediction) * coherent / prediction.variance
        in_band = self.rows.in_band
        return (weights * coherent) @ in_band, (weights * (self.rows.flux - prediction.flux)) @ in_band

    def _select_measured(self, prediction: RowPrediction) -> Array:
        """1 for measured rows that the model predicts, else 0; shape (n_points, n_rows)."""
        return np.asarray(prediction.is_used & ~self.rows.is_limit, dtype=float)

    def sum_rows(self, design: DesignMatrix, scale: Array | None = None) -> RowSums:
        """Sum the measured rows, with their constant covariance, and the rows out of reach.

        `scale` (n_points,) is a factor of all errors.
        """
        rows = self.rows
        is_used = self._find_used(design)
        matrix, right, square, log_det = self.covariance.sum_rows(
            design.flux, is_used & ~rows.is_limit, rows.flux, rows.band, rows.n_bands
        )  # fmt: skip
        background = np.logaddexp.reduce(self._log_density_by_fraction(is_used), axis=1)
        sums = RowSums(matrix, right, square, log_det, background)
        return sums if scale is None else sums.scale_errors(scale, np.sum(is_used & ~rows.is_limit, axis=1))

    @cached_property
    def limits(self) -> "Likelihood":
        """The likelihood of the limits alone."""
        at = self.rows.is_limit
        frozen = self.frozen and self.frozen.take(at)
        return replace(self, rows=self.rows.take(at), frozen=frozen)

    def log_limit_density(self, prediction: RowPrediction) -> Array:
        """Log likelihood (n_points,) of the limits that the model reaches; of `limits`."""
        rows = self._row_log_density(prediction.flux, prediction.total_variance)
        return np.asarray(np.where(prediction.is_used, rows, 0.0).sum(axis=1))

    def compute_curvature(self, a: Array, prediction: RowPrediction, scatter: RowScatter | None) -> tuple[Array, Array]:
        """Return minus the expected curvature (n, j, j) and the slope (n, j) of `log_density` along a.

        Parameters
        ----------
        a : ndarray, shape (n, j)
        prediction : RowPrediction
            At a.
        scatter : RowScatter, optional
        """
        flux = prediction.design.flux
        variance = prediction.variance
        is_measured = self._select_measured(prediction)
        residual = is_measured * (self.rows.flux - prediction.flux)
        weight = is_measured * ((NU + 1) / (NU * variance + residual**2) if self.robust else 1 / variance)
        # of each row: weight -d2 ln p / df2, slope d ln p / df, excess 2 v d ln p / dv
        slope = weight * residual
        excess = weight * residual**2 - is_measured
        matrix: Array | float = 0.0
        if prediction.factors is not None and scatter is not None:
            dispersion = scatter.coherent @ self.rows.in_band.T
            matrix, slope, excess = self._whiten(flux, weight, residual, prediction.factors[..., 0], dispersion)
        if self.rows.is_limit.any():
            at = np.flatnonzero(self.rows.is_limit)
            weight[:, at], slope[:, at], excess[:, at] = self._differentiate_limits(prediction, at)
        if prediction.growth is None or prediction.bend is None:
            return matrix + weigh_products(flux, weight), project(flux, slope)
        # the variance grows with the flux and with x1: its Fisher information and score
        grows = 2 * prediction.flux * prediction.growth / variance
        bends = prediction.flux**2 * prediction.bend / variance
        x1_slope = np.stack([-a[:, 1] / a[:, 0] ** 2, 1 / a[:, 0]], axis=1)
        cross = 0.5 * project(flux, is_measured * grows * bends)[:, :, None] * x1_slope[:, None]
        square = 0.5 * np.sum(is_measured * bends**2, axis=1)[:, None, None]
        square = square * x1_slope[:, :, None] * x1_slope[:, None]
        matrix = matrix + weigh_products(flux, weight + 0.5 * is_measured * grows**2) + square
        matrix = matrix + cross + np.swapaxes(cross, 1, 2)
        x1_score = 0.5 * np.sum(excess * bends, axis=1)[:, None] * x1_slope
        return matrix, project(flux, slope + 0.5 * excess * grows) + x1_score

    def _differentiate_limits(self, prediction: RowPrediction, at: Indices) -> tuple[Array, Array, Array]:
        """Return weight, slope and excess, as in `compute_curvature`, of the limits with indices `at`."""
        sigma = np.sqrt(prediction.variance[:, at])
        x = np.clip((self.rows.flux - prediction.flux)[:, at] / sigma, -_FAR, _FAR)
        hazard = (1 - _FAILED) * np.exp(-0.5 * x * x - 0.5 * _LN_2PI) / _limit_probability(x)
        hazard = hazard * prediction.is_used[:, at]
        return np.maximum(hazard * (hazard + x), 1e-12 * hazard) / sigma**2, -hazard / sigma, -hazard * x

    def _whiten(
        self, flux: Array, weight: Array, residual: Array, coherent: Array, dispersion: Array
    ) -> tuple[Array, Array, Array]:
        """Return how a covariance D + u u^T within each band changes curvature and slope.

        `dispersion` is the slope of u along f. Returned are what it adds to the curvature; d ln p / df of each row; and
        D times 2 d ln p / dD.
        """
        in_band = self.rows.in_band
        share = weight * coherent
        norm = 1 + (share * coherent) @ in_band
        common = ((share * residual) @ in_band / norm) @ in_band.T
        shrinkage = share / (norm @ in_band.T)
        # C^-1 times the residuals, and the diagonal of C^-1, over weight
        white_residual = residual - coherent * common
        slope = weight * white_residual
        excess = slope * white_residual - (weight > 0) + shrinkage * coherent
        slope = slope + dispersion * (slope * common - shrinkage)
        cross, turn = (sum_by_band(flux, factor, in_band) for factor in (share, shrinkage * dispersion))
        matrix = 2 * turn @ np.swapaxes(turn, 1, 2) - (cross / norm[:, None]) @ np.swapaxes(cross, 1, 2)
        return matrix, slope, excess


def _limit_probability(x: Array) -> Array:
    """Probability of a limit that lies x standard deviations above the model."""
    return np.asarray((1 - _FAILED) * ndtr(x) + _FAILED)


def _log_normal(x: Array, variance: Array) -> Array:
    with np.errstate(over="ignore"):
        return -0.5 * (x**2 / variance + np.log(variance) + _LN_2PI)
