"""The posterior: a light curve, a source seen through its bands, and the priors.

The non-linear parameters theta are t0, the redshift when it is free, and a shape when there is one; given
them the linear ones, a, are nearly Gaussian. The search works with a integrated out, by Laplace's method
(Tierney & Kadane 1986),

    ln p(theta | y) = ln p(y | theta, a^) + ln p(a^ | theta) + ln p(theta) + J/2 ln 2 pi - 1/2 ln |H|,

exact where all rows are Gaussian and the prior of a is flat. Draws take a from a Student's t near a^, and are
weighed by the exact joint density: nothing of the approximation is left in them.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from fitter_lambda.engine.bandflux import BandFluxes, DesignMatrix
from fitter_lambda.engine.likelihood import Likelihood, times
from fitter_lambda.engine.linear_parameters import LinearProblem, Trend, solve
from fitter_lambda.engine.priors import (
    T0_WINDOW_DAYS,
    AmplitudePrior,
    RedshiftPrior,
    log_shape_prior,
    shape_bounds,
)
from fitter_lambda.engine.salt_scatter import SaltScatter, Scatter

__all__ = ["Conditional", "Draws", "Posterior"]

Array = npt.NDArray[np.float64]

#: The source has to shine on this fraction of the detections; otherwise background explains everything best.
_SHINING = 0.5
#: Points times rows that are worked on at once.
_PIECE = 60_000
#: Degrees of freedom of the linear parameters' proposal: tails wider than the posterior's.
_NU = 8.0


@dataclass(frozen=True)
class Conditional:
    """How a is drawn, given theta: mean (j,) and covariance (j, j) of (a - a^), in units of a^'s own.

    `trend` is where to look for a^ first, when something is known of it.
    """

    mean: Array
    covariance: Array
    trend: Trend | None = None

    @classmethod
    def wide(cls, number: int, variance: float) -> "Conditional":
        """About a^, so many times as wide as its own covariance."""
        return cls(np.zeros(number), variance * np.eye(number))


@dataclass(frozen=True)
class Draws:
    """Joint draws.

    Attributes
    ----------
    theta, a : ndarray, shapes (n, d), (n, j)
    offset : ndarray, shape (n, j)
        (a - a^), in units as in `Conditional`.
    log_ratio, log_joint : ndarray, shape (n,)
        ln p(y, theta, a) - ln q(a | theta), and ln p(y, theta, a).
    """

    theta: Array
    a: Array
    offset: Array
    log_ratio: Array
    log_joint: Array

    def joined(self, other: "Draws") -> "Draws":
        """These draws, and then others."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Draws(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Posterior:
    """Everything that a posterior density needs.

    Attributes
    ----------
    mjd : ndarray, shape (n,)
    likelihood : Likelihood
    fluxes : BandFluxes
    scatter : SaltScatter or None
    redshift : RedshiftPrior
    amplitude : AmplitudePrior
    shapes : tuple of str
        The non-linear shapes in use.
    detections : ndarray of int, shape (n,)
        How many each row stands for.
    steps : int
        Of least squares towards a^, where one is not enough.
    """

    mjd: Array
    likelihood: Likelihood
    fluxes: BandFluxes
    scatter: SaltScatter | None
    redshift: RedshiftPrior
    amplitude: AmplitudePrior
    shapes: tuple[str, ...]
    detections: npt.NDArray[np.int_]
    steps: int

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of theta."""
        z = () if self.redshift.kind == "fixed" else ("z",)
        return ("t0", *z, *self.shapes)

    @property
    def _flat(self) -> bool:
        return self.amplitude.highest is not None

    @property
    def bounds(self) -> Array:
        """Lowest and highest theta, shape (d, 2)."""
        z, grid, middle = self.redshift, self.fluxes.grid, np.sort(np.repeat(self.mjd, self.detections))
        limits = {"z": (z.low, z.high), **{name: shape_bounds(name, self._flat) for name in self.shapes}}
        # half of the detections lie within the source's phases, hence so does one of the middle ones
        first, last = middle[(len(middle) - 1) // 2], middle[len(middle) // 2]
        stretch = 1 + (z.high if grid.start < 0 else z.low)
        limits["t0"] = (first - (1 + z.high) * grid.last, last - stretch * grid.start)
        return np.array([limits[name] for name in self.names])

    def drop_unreachable_rows(self) -> "Posterior":
        """The same density, that does not go through rows which no theta within the bounds can see.

        Years of forced photometry before and after a supernova add a constant.
        """
        grid, ends = self.fluxes.grid, np.array([self.redshift.low, self.redshift.high])
        (first, last), band = self.bounds[0], self.likelihood.band
        before = self.mjd < first + np.min(grid.start * (1 + ends))
        after = self.mjd > last + np.max(grid.last * (1 + ends))
        if grid.dark_start:
            # zero flux, where at all redshifts the band lies within the source's wavelengths
            before &= self.fluxes.reach(ends, np.zeros((2, len(band))), band)[2].all(axis=0)
        far = (before | after) & (self.detections == 0) & (not self.likelihood.as_sncosmo)
        likelihood = self.likelihood.among(~far, before & grid.dark_start)
        return replace(self, mjd=self.mjd[~far], likelihood=likelihood, detections=self.detections[~far])

    def split_theta(self, theta: Array) -> tuple[Array, Array, Array]:
        """t0, z and the shape (each of shape (n,)) of theta (n, d); those of `general` as (n, k)."""
        columns = dict(zip(self.names, theta.T, strict=True))
        z = columns.get("z", np.full(len(theta), self.redshift.mean))
        if self.fluxes.is_slow:
            return columns["t0"], z, np.stack([columns[name] for name in self.shapes], axis=1)
        return columns["t0"], z, columns[self.shapes[0]] if self.shapes else np.zeros(len(theta))

    def log_prior(self, theta: Array) -> Array:
        """Log density of theta, shape (n,)."""
        columns = dict(zip(self.names, theta.T, strict=True))
        value = self.redshift.logpdf(self.split_theta(theta)[1]) - np.log(T0_WINDOW_DAYS)
        for name in self.shapes:
            value = value + log_shape_prior(name, columns[name], self._flat)
        low, high = self.bounds.T
        return np.where(np.all((theta >= low) & (theta <= high), axis=1), value, -np.inf)

    def view(self, theta: Array) -> tuple[DesignMatrix, Scatter | None]:
        """The rows at many theta; those with equal redshifts and shapes should follow each other."""
        t0, z, s = self.split_theta(theta)
        epochs = self.fluxes.grid.epochs(z, t0, self.mjd)
        design = self.fluxes.design(z, s, epochs, self.likelihood.band)
        return design, self.scatter.at(z, epochs, self.likelihood.band) if self.scatter else None

    def _pieces(self, theta: Array) -> tuple[list[Array], npt.NDArray[np.intp]]:
        """theta in the order of redshifts and shapes, in pieces that fit into memory; and the way back."""
        _, z, s = self.split_theta(theta)
        order = np.lexsort((*(s if s.ndim > 1 else s[:, None]).T, z))
        number = max(1, -(-len(theta) * len(self.mjd) // _PIECE))
        return np.array_split(theta[order], number), np.argsort(order, kind="stable")

    def solve(self, theta: Array) -> Array:
        """The linear parameters' mode (n, j)."""
        return solve(self._linear(theta), self.steps)[0]

    def _linear(self, theta: Array) -> LinearProblem:
        (_, z, s), (design, scatter) = self.split_theta(theta), self.view(theta)
        return LinearProblem(self.likelihood, self.amplitude, design, scatter, z, s)

    def _shines(self, design: DesignMatrix) -> npt.NDArray[np.bool_]:
        shining = (design.reached & (design.flux[..., 0] != 0)) @ self.detections
        return np.asarray(shining >= _SHINING * self.detections.sum())

    def laplace(self, theta: Array) -> Array:
        """Log posterior density (unnormalised, shape (n,)) of theta with a integrated out."""
        pieces, back = self._pieces(theta)
        return np.concatenate([self._laplace(piece) for piece in pieces])[back]

    def _laplace(self, theta: Array) -> Array:
        problem = self._linear(theta)
        a, _, log_det = solve(problem, self.steps)
        peak = self._density(theta, problem, a) + problem.log_volume(a)
        return np.asarray(peak + a.shape[1] / 2 * np.log(2 * np.pi) - 0.5 * log_det)

    def density(self, theta: Array, a: Array) -> Array:
        """Log joint density (unnormalised, shape (n,)) of theta and a, as one of sncosmo's own parameters.

        Those are (x0, x1) for SALT, not (x0, x0 x1): it is flat where their priors are.
        """
        jacobian = np.log(np.maximum(a[:, 0], 1e-300)) * (a.shape[1] - 1)
        return np.asarray(self._density(theta, self._linear(theta), a) + jacobian)

    def _density(self, theta: Array, problem: LinearProblem, a: Array) -> Array:
        density = problem.height(a, problem.expected(a)) + self.log_prior(theta)
        density = np.where(self._shines(problem.design), density, -np.inf)
        return np.where(np.isfinite(density), density, -np.inf)

    def joint(self, theta: Array, conditional: Conditional, random: np.random.Generator) -> Draws:
        """Draw a for each theta, and weigh the pair."""
        pieces, back = self._pieces(theta)
        parts = zip(*(self._joint(piece, conditional, random) for piece in pieces), strict=True)
        return Draws(theta, *(np.concatenate(part)[back] for part in parts))

    def _joint(
        self, theta: Array, conditional: Conditional, random: np.random.Generator
    ) -> tuple[Array, Array, Array, Array]:
        problem, trend = self._linear(theta), conditional.trend
        mode, covariance, _ = solve(problem, self.steps, trend.at(theta) if trend else None)
        root, spread = _root(covariance), np.linalg.cholesky(conditional.covariance)
        j = mode.shape[1]
        x = random.standard_normal(mode.shape) * np.sqrt(_NU / random.chisquare(_NU, (len(mode), 1)))
        offset = conditional.mean + x @ spread.T
        a = problem.shifted(mode, times(root, offset))
        norm = gammaln((_NU + j) / 2) - gammaln(_NU / 2) - j / 2 * math.log(_NU * math.pi)
        scale = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1) + np.log(np.diag(spread)).sum()
        log_q = norm - (_NU + j) / 2 * np.log1p((x**2).sum(axis=1) / _NU) - scale - problem.log_volume(a)
        log_joint = self._density(theta, problem, a)
        ratio = np.where(np.isfinite(log_q) & (a[:, 0] > 0), log_joint - log_q, -np.inf)
        return a, np.where(np.isfinite(offset), offset, 0.0), ratio, log_joint


def _root(covariance: Array) -> Array:
    """Cholesky's factors of (n, j, j), j = 1 or 2, which rounding cannot make fail."""
    root = np.sqrt(covariance[:, :1, :1])
    if covariance.shape[1] == 1:
        return root
    root = np.pad(root, ((0, 0), (0, 1), (0, 1)))
    root[:, 1, 0] = covariance[:, 0, 1] / root[:, 0, 0]
    root[:, 1, 1] = np.sqrt(np.maximum(covariance[:, 1, 1] - root[:, 1, 0] ** 2, 1e-12 * covariance[:, 1, 1]))
    return root
