"""The density of a spectrum given redshift, phase, dust and amplitude; all else is linear and integrated out.

With columns C, coefficients b ~ N(0, S) and noise of precision K, the residual r of the transient alone has

    ln p(r) = -1/2 (r^T K r - m^T H m) - 1/2 ln det(S H) + const,   H = C^T K C + S^-1,   m = H^-1 C^T K r

(as in The Joker, Price-Whelan et al. 2017). Galaxies and forbidden lines are never negative: their part of b is drawn
from the truncated Gaussian, with weights that make the density of theta and draw exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.column_kernels import solve_systems
from fitter_lambda.spectrum.linear_columns import (
    FEATURE_SIGMA,
    HOST_SIGMA,
    LINE_SIGMA,
    N_HOSTS,
    N_POSITIVE,
    AddedColumns,
)
from fitter_lambda.spectrum.positive_coefficients import draw_positive, estimate_chance
from fitter_lambda.spectrum.spectrum_data import CALIBRATION_SIGMA, ColumnProducts
from fitter_lambda.spectrum.spectrum_models import N_OWN, N_SHARED, SpectrumModel

_N_CALIBRATION = len(CALIBRATION_SIGMA)
#: Columns of rows of one spectrum: see `SpectrumModel.select`.
_AMPLITUDE, _DISCREPANCY, _WIDTH = 5, 6, 7
#: Rows of theta at a time, so that their columns stay in the cache of the processor.
_CHUNK = 20
#: Draws of the positive coefficients for each theta.
_REPEATS = 4
#: Starting values of the amplitude come from a Gaussian prior of this mean and width.
_GUESS = 0.7


@dataclass(frozen=True, eq=False)
class JointDensity:
    """Log joint density of rows of theta, each with drawn galaxies and forbidden lines.

    Attributes
    ----------
    log_density : ndarray, shape (n,)
        Of data, theta and the positive coefficients, less the log density by which these were drawn.
    mean : ndarray, shape (n, k)
        Of all coefficients, without regard to signs.
    root : ndarray, shape (n, k, k)
        Cholesky root of the precision.
    positive : ndarray, shape (n, g)
        The last coefficients, drawn.
    """

    log_density: Array
    mean: Array
    root: Array
    positive: Array

    @classmethod
    def join(cls, parts: Sequence["JointDensity"]) -> "JointDensity":
        """Join the rows of several."""
        return cls(*(np.concatenate([getattr(one, item.name) for one in parts]) for item in fields(cls)))

    def complete(self, random: np.random.Generator) -> Array:
        """Draw the other coefficients given the positive ones; return all, shape (n, k)."""
        n, k = self.mean.shape
        g = self.positive.shape[1]
        gap = self.positive - self.mean[:, k - g :]
        lower, cross = self.root[:, : k - g, : k - g], self.root[:, k - g :, : k - g]
        # of z^T L L^T z the part with the first z is |L1^T z1 + L21^T gap|^2
        right = random.standard_normal((n, k - g)) - np.einsum("ngk,ng->nk", cross, gap)
        first = np.linalg.solve(np.swapaxes(lower, 1, 2), right[..., None])[..., 0]
        return np.concatenate([self.mean[:, : k - g] + first, self.positive], axis=1)


@dataclass(frozen=True, eq=False)
class SpectrumLikelihood:
    """Densities of one model for one spectrum, the k-th, at rows of theta that `SpectrumModel.select` returns."""

    model: SpectrumModel
    k: int
    added: AddedColumns

    @cached_property
    def sigma(self) -> Array:
        """Widths of the priors of all coefficients: calibration, lines, galaxies; for a star, its features."""
        if self.model.is_star:
            return np.concatenate([CALIBRATION_SIGMA, np.full(len(self.added.stellar), FEATURE_SIGMA)])
        lines = np.full(self.added.tables.shape[2] - N_HOSTS, LINE_SIGMA)
        return np.concatenate([CALIBRATION_SIGMA, lines, np.full(N_HOSTS, HOST_SIGMA)])

    def build_columns(self, rows: Array) -> Array:
        """Return the columns (n, k + 1, pixels) at unit amplitude: transient, its calibration, what is added."""
        data = self.added.data
        u, axis, dust, x1, velocity = rows[:, :N_SHARED].T
        added = (
            np.empty((len(rows), 0, data.x.number)) if self.model.is_star else self.added.evaluate(u, rows[:, _WIDTH])
        )
        if self.model.group == "galaxy":
            flux = self._mix_galaxies(rows, added[:, -N_HOSTS:])
        else:
            flux = self.model.templates[self.k].evaluate(data.x, np.column_stack([u + velocity, axis, dust, x1]))
        flux /= np.maximum(flux @ data.good / data.good.sum(), 1e-12)[:, None]
        if self.model.is_star:
            added = self.added.stellar * flux[:, None]
        return np.concatenate([flux[:, None] * data.legendre, added], axis=1)

    def _mix_galaxies(self, rows: Array, galaxies: Array) -> Array:
        """Return the light of two neighbours of the galaxies (n, 3, pixels) behind dust: their lines' width is free."""
        template = self.model.templates[self.k]
        share = np.maximum(0.0, 1 - np.abs(rows[:, 1:2] - np.arange(N_HOSTS)))
        law = np.interp(self.added.data.x.x - rows[:, :1], template.grid.x, template.law)
        return np.asarray((share[:, None] @ galaxies)[:, 0] * np.exp(-rows[:, 2:3] * law))

    def evaluate(self, rows: Array, random: np.random.Generator | None) -> JointDensity:
        """Evaluate rows (n, 8) within the bounds; without random numbers by the estimated chance of signs."""
        # amplitude and discrepancy change no column
        fixed = rows.copy()
        fixed[:, _AMPLITUDE : _DISCREPANCY + 1] = 0.0
        numbers: dict[bytes, int] = {}
        place = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in fixed], dtype=np.intp)
        products = self._multiply_columns(fixed[np.unique(place, return_index=True)[1]])
        return JointDensity(*self._integrate(*products.at(np.exp(rows[:, _DISCREPANCY]), place), rows, random))

    def _multiply_columns(self, rows: Array) -> ColumnProducts:
        """Multiply the columns of rows, few at a time, so that they stay in the cache of the processor."""
        chunks = [rows[i : i + _CHUNK] for i in range(0, max(1, len(rows)), _CHUNK)]
        return ColumnProducts.join([self.added.data.multiply(self.build_columns(chunk)) for chunk in chunks])

    def _integrate(
        self, products: Array, norm: Array, rows: Array, random: np.random.Generator | None
    ) -> tuple[Array, Array, Array, Array]:
        amplitude = np.exp(rows[:, _AMPLITUDE])
        sigma = self.sigma
        # the calibration's coefficients are relative to the amplitude
        scale = np.ones((len(rows), products.shape[1]))
        scale[:, : _N_CALIBRATION + 1] = amplitude[:, None]
        products = products * scale[:, :, None] * scale[:, None]
        own = slice(1, -1)
        right = products[:, own, -1] - products[:, own, 0]
        chi2 = products[:, -1, -1] - 2 * products[:, -1, 0] + products[:, 0, 0]
        root, mean, square, log_det = solve_systems(products[:, own, own] + np.diag(sigma**-2.0), right)
        density = norm - 0.5 * (chi2 - square) - log_det - np.log(sigma).sum()
        positive, log_weight = self._draw_positive(root, mean, random)
        return density + log_weight, mean, root, positive

    def _draw_positive(self, root: Array, mean: Array, random: np.random.Generator | None) -> tuple[Array, Array]:
        if self.model.is_star:
            return np.empty((len(mean), 0)), np.zeros(len(mean))
        part, middle = root[:, -N_POSITIVE:, -N_POSITIVE:], mean[:, -N_POSITIVE:]
        if random is None:
            return np.maximum(middle, 0.0), estimate_chance(part, middle)
        # of several draws one is kept, by their weights; the mean weight varies less from theta to theta
        draws, log_weight = draw_positive(part, middle, _REPEATS, random)
        kept = np.argmax(log_weight + random.gumbel(size=log_weight.shape), axis=1)
        top = log_weight.max(axis=1)
        total = top + np.log(np.exp(log_weight - top[:, None]).mean(axis=1))
        return draws[np.arange(len(mean)), kept], total

    def choose_scales(self, rows: Array, sizes: Array) -> tuple[Array, Array]:
        """Return rows with the best of some discrepancies and the amplitude that fits best with it.

        And their log densities with the priors of the spectrum's own columns.
        """
        products = self._multiply_columns(rows)
        trials = np.repeat(rows[None], len(sizes), axis=0)
        density = np.empty(trials.shape[:2])
        for trial, total, size in zip(trials, density, sizes, strict=True):
            matrix, norm = products.at(np.full(len(rows), size))
            trial[:, _AMPLITUDE] = self._guess_amplitude(matrix)
            trial[:, _DISCREPANCY] = np.log(size)
            total[:] = self._integrate(matrix, norm, trial, None)[0] + self.model.log_own_prior(trial, self.k)
        best = np.argmax(density, axis=0), np.arange(len(rows))
        return trials[best], density[best]

    def _guess_amplitude(self, products: Array) -> Array:
        """Return the log amplitudes that fit best in least squares, calibration included."""
        sigma = np.concatenate([[_GUESS], self.sigma])
        sigma[1 : _N_CALIBRATION + 1] *= _GUESS
        right = products[:, :-1, -1] + np.eye(len(sigma))[0] / _GUESS
        best = solve_systems(products[:, :-1, :-1] + np.diag(sigma**-2.0), right)[1][:, 0]
        return np.asarray(np.log(np.clip(best, 0.02, 1.4)))


@dataclass(frozen=True, eq=False)
class MarginalLikelihood:
    """Densities of one model for all spectra: given what they share they are independent, so their logs add up."""

    model: SpectrumModel
    members: tuple[SpectrumLikelihood, ...]

    @classmethod
    def build(cls, model: SpectrumModel, added: Sequence[AddedColumns]) -> "MarginalLikelihood":
        """Build the likelihood of a model."""
        return cls(model, tuple(SpectrumLikelihood(model, k, one) for k, one in enumerate(added)))

    def evaluate(self, theta: Array, random: np.random.Generator | None) -> tuple[Array, list[JointDensity]]:
        """Return log densities (n,) of rows of theta within the bounds, and the part of each spectrum."""
        parts = [one.evaluate(self.model.select(theta, k), random) for k, one in enumerate(self.members)]
        return np.sum([part.log_density for part in parts], axis=0), parts

    def log_posterior(self, theta: Array) -> Array:
        """Return log densities (n,) with the prior, by the estimated chance of signs."""
        return np.asarray(self.evaluate(theta, None)[0] + self.model.log_prior(theta))

    def choose_scales(self, theta: Array, sizes: Array) -> tuple[Array, Array]:
        """Return theta with the best scales of each spectrum, see `SpectrumLikelihood.choose_scales`."""
        theta = theta.copy()
        density = self.model.log_shared_prior(theta)
        for k, one in enumerate(self.members):
            start = N_SHARED + k * N_OWN
            rows, own = one.choose_scales(self.model.select(theta, k), sizes)
            theta[:, start : start + N_OWN] = rows[:, N_SHARED:]
            density = density + own
        return theta, density
