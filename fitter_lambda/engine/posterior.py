"""The posterior: a light curve, a source seen through its bands, and the priors.

The non-linear parameters theta are t0, the redshift when it is free, and shapes when there are any; given
them, the linear parameters a are nearly Gaussian. The mode search integrates a out by Laplace's method
(Tierney & Kadane 1986),

    ln p(theta | y) = ln p(y | theta, a^) + ln p(a^ | theta) + ln p(theta) + J/2 ln 2 pi - 1/2 ln |H|,

exact where all rows are Gaussian and the prior of a is flat. Draws take a from a Student's t near a^, and
have weights of the exact joint density, free of this approximation.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import gammaln

from fitter_lambda.arrays import Array
from fitter_lambda.engine.bandflux import BandFluxes
from fitter_lambda.engine.likelihood import Likelihood
from fitter_lambda.engine.linear_algebra import multiply
from fitter_lambda.engine.linear_parameters import LinearProblem, LinearTrend, solve_linear_parameters
from fitter_lambda.engine.model_discrepancy import ModelDiscrepancy
from fitter_lambda.engine.priors import (
    ERROR_SCALE,
    ERROR_SCALE_BOUNDS,
    T0_WINDOW_DAYS,
    Priors,
    RedshiftPrior,
    log_error_scale_density,
)
from fitter_lambda.engine.row_prediction import RowPrediction
from fitter_lambda.engine.rows import Rows
from fitter_lambda.engine.salt_scatter import SaltScatter

#: The source has to shine on this fraction of the detections; otherwise background explains all rows best.
_MIN_SHINING_FRACTION = 0.5
#: Points times rows that are computed at once.
_CHUNK = 60_000
#: Degrees of freedom of the linear parameters' proposal: tails wider than the posterior's.
_NU = 8.0


@dataclass(frozen=True)
class LinearProposal:
    """Proposal of the linear parameters at given theta: a Student's t near their mode a^.

    Attributes
    ----------
    mean, covariance : ndarray, shapes (j,), (j, j)
        Of (a - a^), in units of the standard deviations at a^.
    trend : LinearTrend or None
        Where the search for a^ starts.
    """

    mean: Array
    covariance: Array
    trend: LinearTrend | None = None

    @classmethod
    def at_mode(cls, n_linear: int, variance: float) -> "LinearProposal":
        """Build the proposal about a^ with a multiple of the covariance there."""
        return cls(np.zeros(n_linear), variance * np.eye(n_linear))


@dataclass(frozen=True)
class JointDraws:
    """Draws of theta and a.

    Attributes
    ----------
    theta, a : ndarray, shapes (n, d), (n, j)
    offset : ndarray, shape (n, j)
        (a - a^), in the units of `LinearProposal`.
    log_ratio : ndarray, shape (n,)
        ln p(y, theta, a) - ln q(a | theta).
    log_joint : ndarray, shape (n,)
        ln p(y, theta, a).
    """

    theta: Array
    a: Array
    offset: Array
    log_ratio: Array
    log_joint: Array

    def append(self, other: "JointDraws") -> "JointDraws":
        """Return these draws followed by others."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return JointDraws(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Posterior:
    """The posterior density of one source.

    Attributes
    ----------
    likelihood : Likelihood
    fluxes : BandFluxes
    scatter : SaltScatter or None
    discrepancy : ModelDiscrepancy or None
        Other errors of the model; part of the density once they are frozen.
    redshift : RedshiftPrior
    priors : Priors
    shapes : tuple of str
        The non-linear shapes in use.
    n_steps : int
        Most steps towards a^ where the normal equations do not give it.
    fits_error_scale : bool
        A factor of all errors is one of theta.
    """

    likelihood: Likelihood
    fluxes: BandFluxes
    scatter: SaltScatter | None
    discrepancy: ModelDiscrepancy | None
    redshift: RedshiftPrior
    priors: Priors
    shapes: tuple[str, ...]
    n_steps: int
    fits_error_scale: bool = False

    @property
    def rows(self) -> Rows:
        """The rows of the light curve."""
        return self.likelihood.rows

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of theta."""
        redshift = () if self.redshift.is_fixed else ("z",)
        return ("t0", *redshift, *((ERROR_SCALE,) if self.fits_error_scale else ()), *self.shapes)

    @cached_property
    def bounds(self) -> Array:
        """Lowest and highest theta, shape (d, 2)."""
        z = self.redshift
        grid = self.fluxes.grid
        detection_mjd = np.sort(np.repeat(self.rows.mjd, self.rows.n_detections))
        # half of the detections lie within the source's phases, hence so does one of the middle ones
        first = detection_mjd[(len(detection_mjd) - 1) // 2] - (1 + z.high) * grid.last
        stretch = 1 + (z.high if grid.start < 0 else z.low)
        last = detection_mjd[len(detection_mjd) // 2] - stretch * grid.start
        limits = {"t0": (first, last), "z": (z.low, z.high), ERROR_SCALE: ERROR_SCALE_BOUNDS}
        limits |= {name: self.priors.get_shape_bounds(name) for name in self.shapes}
        return np.array([limits[name] for name in self.names])

    def drop_unreachable_rows(self) -> "Posterior":
        """Return the same density without the rows that no theta within the bounds reaches.

        Years of forced photometry before and after a supernova add a constant.
        """
        if self.likelihood.extrapolates:
            return self
        grid = self.fluxes.grid
        rows = self.rows
        z = np.array([self.redshift.low, self.redshift.high])
        first, last = self.bounds[0]
        is_before = rows.mjd < first + np.min(grid.start * (1 + z))
        is_after = rows.mjd > last + np.max(grid.last * (1 + z))
        if grid.dark_start:
            # zero flux, where the band lies within the source's wavelengths at all redshifts
            is_before &= self.fluxes.find_reach(z, np.zeros((2, len(rows))), rows.band)[2].all(axis=0)
        is_unreachable = (is_before | is_after) & (rows.n_detections == 0)
        return replace(self, likelihood=self.likelihood.drop(is_unreachable, is_before & grid.dark_start))

    def split_theta(self, theta: Array) -> tuple[Array, Array, Array]:
        """Split theta (n, d) into t0 (n,), z (n,) and shapes (n, k)."""
        z = np.full(len(theta), self.redshift.mean) if self.redshift.is_fixed else theta[:, 1]
        return theta[:, 0], z, theta[:, theta.shape[1] - len(self.shapes) :]

    def _get_error_scale(self, theta: Array) -> Array | None:
        if not self.fits_error_scale:
            return None
        return np.maximum(theta[:, self.names.index(ERROR_SCALE)], ERROR_SCALE_BOUNDS[0])

    def log_prior(self, theta: Array) -> Array:
        """Log density of theta, shape (n,)."""
        _, z, shapes = self.split_theta(theta)
        value = self.redshift.logpdf(z) - np.log(T0_WINDOW_DAYS)
        for name, column in zip(self.shapes, shapes.T, strict=True):
            value = value + self.priors.log_shape_density(name, column)
        scale = self._get_error_scale(theta)
        if scale is not None:
            value = value + log_error_scale_density(scale)
        low, high = self.bounds.T
        return np.where(np.all((theta >= low) & (theta <= high), axis=1), value, -np.inf)

    def _split_in_chunks(self, theta: Array) -> list[Array]:
        """Cut theta to fit into memory."""
        number = -(-len(theta) * len(self.rows) // _CHUNK)
        return np.array_split(theta, number) if number > 1 else [theta]

    def solve(self, theta: Array) -> Array:
        """Find the mode (n, j) of the linear parameters at theta."""
        return solve_linear_parameters(self._build_linear_problem(theta), self.n_steps)[0]

    def predict_rows(self, theta: Array, a: Array) -> RowPrediction:
        """Predict the rows at theta (n, d) and linear parameters a (n, j)."""
        return self._build_linear_problem(theta).predict(a)

    def _build_linear_problem(self, theta: Array) -> LinearProblem:
        t0, z, shapes = self.split_theta(theta)
        rows = self.rows
        design = self.fluxes.build_design_matrix(z, t0, rows.mjd, rows.band, shapes)
        scatter = self.scatter.compute_row_scatter(z, t0, rows.mjd, rows.band) if self.scatter else None
        return LinearProblem(self.likelihood, self.priors, design, scatter, z, shapes, self._get_error_scale(theta))

    def log_marginal_density(self, theta: Array) -> Array:
        """Log posterior density (unnormalised, shape (n,)) of theta, by Laplace's method for a."""
        return np.concatenate([self._marginalize_chunk(chunk) for chunk in self._split_in_chunks(theta)])

    def _marginalize_chunk(self, theta: Array) -> Array:
        problem = self._build_linear_problem(theta)
        a, _, log_det = solve_linear_parameters(problem, self.n_steps)
        peak = self._log_joint(theta, problem, a) + self.priors.coordinates.log_volume(a)
        return np.asarray(peak + a.shape[1] / 2 * np.log(2 * np.pi) - 0.5 * log_det)

    def log_joint_density(self, theta: Array, a: Array) -> Array:
        """Log joint density (unnormalised, shape (n,)) of theta and a, in sncosmo's own parameters.

        These are (x0, x1) for SALT, not (x0, x0 x1): the density is flat where their priors are.
        """
        log_jacobian = np.log(np.maximum(a[:, 0], 1e-300)) * (a.shape[1] - 1)
        return np.asarray(self._log_joint(theta, self._build_linear_problem(theta), a) + log_jacobian)

    def _log_joint(self, theta: Array, problem: LinearProblem, a: Array) -> Array:
        density = problem.log_density(a) + self.log_prior(theta)
        is_lit = problem.design.reached & (problem.design.flux[..., 0] != 0)
        n_shining = is_lit @ self.rows.n_detections
        shines = n_shining >= _MIN_SHINING_FRACTION * self.rows.n_detections.sum()
        return np.where(shines & np.isfinite(density), density, -np.inf)

    def draw_linear_parameters(self, theta: Array, proposal: LinearProposal, random: np.random.Generator) -> JointDraws:
        """Draw a for each theta, and compute the density of the pair."""
        chunks = self._split_in_chunks(theta)
        parts = zip(*(self._draw_chunk(chunk, proposal, random) for chunk in chunks), strict=True)
        return JointDraws(theta, *(np.concatenate(part) for part in parts))

    def _draw_chunk(
        self, theta: Array, proposal: LinearProposal, random: np.random.Generator
    ) -> tuple[Array, Array, Array, Array]:
        """Return the attributes of `JointDraws` after theta."""
        problem = self._build_linear_problem(theta)
        start = proposal.trend.evaluate(theta) if proposal.trend else None
        mode, covariance, _ = solve_linear_parameters(problem, self.n_steps, start)
        root = _factorize(covariance)
        spread = np.linalg.cholesky(proposal.covariance)
        j = mode.shape[1]
        x = random.standard_normal(mode.shape) * np.sqrt(_NU / random.chisquare(_NU, (len(mode), 1)))
        offset = proposal.mean + x @ spread.T
        coordinates = self.priors.coordinates
        a = coordinates.shift(mode, multiply(root, offset))
        norm = gammaln((_NU + j) / 2) - gammaln(_NU / 2) - j / 2 * math.log(_NU * math.pi)
        scale = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1) + np.log(np.diag(spread)).sum()
        log_q = norm - (_NU + j) / 2 * np.log1p((x**2).sum(axis=1) / _NU) - scale - coordinates.log_volume(a)
        log_joint = self._log_joint(theta, problem, a)
        log_ratio = np.where(np.isfinite(log_q) & (a[:, 0] > 0), log_joint - log_q, -np.inf)
        return a, np.where(np.isfinite(offset), offset, 0.0), log_ratio, log_joint


def _factorize(covariance: Array) -> Array:
    """Return Cholesky factors of covariances (n, j, j), j = 1 or 2, safe against rounding."""
    root = np.sqrt(covariance[:, :1, :1])
    if covariance.shape[1] == 1:
        return root
    root = np.pad(root, ((0, 0), (0, 1), (0, 1)))
    root[:, 1, 0] = covariance[:, 0, 1] / root[:, 0, 0]
    root[:, 1, 1] = np.sqrt(np.maximum(covariance[:, 1, 1] - root[:, 1, 0] ** 2, 1e-12 * covariance[:, 1, 1]))
    return root
