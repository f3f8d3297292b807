"""The density of a spectrum given redshift, phase, dust and amplitude; all else is linear and integrated out.

With columns C, coefficients b ~ N(0, S) and noise of precision K, the residual r of the transient alone has

    ln p(r) = -1/2 (r^T K r - m^T H m) - 1/2 ln det(S H) + const,   H = C^T K C + S^-1,   m = H^-1 C^T K r

(as in The Joker, Price-Whelan et al. 2017). Galaxies are never negative: their part of b is drawn from the truncated
Gaussian one by one (Geweke, Hajivassiliou and Keane; Genz 1992), with weights that make the density of theta and draw
exact.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.spectrum.linear_columns import FEATURE_SIGMA, HOST_SIGMA, LINE_SIGMA, N_HOSTS, AddedColumns
from fitter_lambda.spectrum.spectrum_data import CALIBRATION_SIGMA, SpectrumData
from fitter_lambda.spectrum.spectrum_models import SpectrumModel

_N_CALIBRATION = len(CALIBRATION_SIGMA)
#: Rows of theta at a time, so that their columns stay in the cache of the processor.
_CHUNK = 40
#: Draws of galaxies for each theta.
_REPEATS = 16
#: Starting values of the amplitude come from a Gaussian prior of this mean and width.
_GUESS = 0.7


@dataclass(frozen=True, eq=False)
class JointDensity:
    """Log joint density of rows of theta, each with drawn galaxies.

    Attributes
    ----------
    log_density : ndarray, shape (n,)
        Of data, theta and galaxies, less the log density by which the galaxies were drawn.
    mean : ndarray, shape (n, k)
        Of all coefficients, without regard to signs.
    root : ndarray, shape (n, k, k)
        Cholesky root of the precision.
    galaxies : ndarray, shape (n, g)
        The drawn ones: the last coefficients.
    """

    log_density: Array
    mean: Array
    root: Array
    galaxies: Array

    def complete(self, random: np.random.Generator) -> Array:
        """Draw the other coefficients given the galaxies; return all, shape (n, k)."""
        n, k = self.mean.shape
        g = self.galaxies.shape[1]
        gap = self.galaxies - self.mean[:, k - g :]
        lower, cross = self.root[:, : k - g, : k - g], self.root[:, k - g :, : k - g]
        # of z^T L L^T z the part with the first z is |L1^T z1 + L21^T gap|^2
        right = random.standard_normal((n, k - g)) - np.einsum("ngk,ng->nk", cross, gap)
        first = np.linalg.solve(np.swapaxes(lower, 1, 2), right[..., None])[..., 0]
        return np.concatenate([self.mean[:, : k - g] + first, self.galaxies], axis=1)


@dataclass(frozen=True, eq=False)
class _Products:
    """Products of columns and data: by the weights (n, k, k), and with the coherent modes (n, k, j)."""

    data: SpectrumData
    plain: Array
    coherent: Array

    def take(self, place: Indices) -> "_Products":
        """Return the products of some rows."""
        return _Products(self.data, self.plain[place], self.coherent[place])

    def at(self, discrepancy: Array) -> Array:
        """Return the products (n, k, k) by the precision for sizes (n,) of the discrepancy."""
        part = self.data.shrink(discrepancy)[:, None]
        return np.asarray(self.plain - (self.coherent * part) @ np.swapaxes(self.coherent, 1, 2))


@dataclass(frozen=True, eq=False)
class MarginalLikelihood:
    """Densities of one model for one spectrum."""

    model: SpectrumModel
    added: AddedColumns

    @property
    def sigma(self) -> Array:
        """Widths of the priors of all coefficients: calibration, lines, galaxies; for a star, its features."""
        n_added = self.added.stellar.shape[0] if self.model.is_star else self.added.tables.shape[1]
        sigma = np.full(_N_CALIBRATION + n_added, FEATURE_SIGMA if self.model.is_star else LINE_SIGMA)
        sigma[:_N_CALIBRATION] = CALIBRATION_SIGMA
        if not self.model.is_star:
            sigma[-N_HOSTS:] = HOST_SIGMA
        return sigma

    def build_columns(self, theta: Array) -> Array:
        """Return the columns (n, k + 1, pixels) at unit amplitude: transient, its calibration, what is added."""
        data = self.added.data
        u, axis, dust, _, x1, velocity, _ = theta.T
        flux = self.model.template.evaluate(data.x, np.column_stack([u + velocity, axis, dust, x1]))
        flux /= np.maximum(flux[:, data.good].mean(axis=1, keepdims=True), 1e-12)
        added = self.added.stellar * flux[:, None] if self.model.is_star else self.added.evaluate(theta[:, 0])
        return np.concatenate([flux[:, None] * data.legendre, added], axis=1)

    def evaluate(self, theta: Array, random: np.random.Generator | None) -> JointDensity:
        """Evaluate rows (n, 7) of theta within the bounds; without random numbers galaxies are at medians."""
        parts = []
        for i in range(0, len(theta), _CHUNK):
            rows = theta[i : i + _CHUNK]
            # amplitude and discrepancy change no column
            unique, place = np.unique(rows[:, [0, 1, 2, 4, 5]], axis=0, return_inverse=True)
            products = self._multiply(np.insert(unique, [3, 5], 0.0, axis=1))
            parts.append(self._integrate(products.take(place).at(np.exp(rows[:, 6])), rows, random))
        if not parts:
            k, g = len(self.sigma), 0 if self.model.is_star else N_HOSTS
            return JointDensity(np.empty(0), np.empty((0, k)), np.empty((0, k, k)), np.empty((0, g)))
        return JointDensity(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _multiply(self, theta: Array) -> "_Products":
        """Multiply the columns and the data."""
        data = self.added.data
        root = np.sqrt(data.grainy_weight)
        columns = self.build_columns(theta)
        flux = np.broadcast_to(data.flux, (len(theta), 1, len(root)))
        white = np.concatenate([columns, flux], axis=1) * root
        return _Products(data, white @ np.swapaxes(white, 1, 2), data.project(white))

    def _integrate(
        self, products: Array, theta: Array, random: np.random.Generator | None
    ) -> tuple[Array, Array, Array, Array]:
        amplitude = np.exp(theta[:, 3])
        sigma = self.sigma
        # the calibration's coefficients are relative to the amplitude
        scale = np.ones((len(theta), products.shape[1]))
        scale[:, : _N_CALIBRATION + 1] = amplitude[:, None]
        products = products * scale[:, :, None] * scale[:, None]
        own = slice(1, -1)
        right = products[:, own, -1] - products[:, own, 0]
        chi2 = products[:, -1, -1] - 2 * products[:, -1, 0] + products[:, 0, 0]
        root = np.asarray(np.linalg.cholesky(products[:, own, own] + np.diag(sigma**-2.0)), dtype=float)
        half = np.linalg.solve(root, right[..., None])
        mean = np.linalg.solve(np.swapaxes(root, 1, 2), half)[..., 0]
        log_det = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1) + np.log(sigma).sum()
        density = (
            self.added.data.log_norm(np.exp(theta[:, 6])) - 0.5 * (chi2 - (half[..., 0] ** 2).sum(axis=1)) - log_det
        )
        galaxies, log_weight = self._draw_galaxies(root, mean, random)
        return density + log_weight, mean, root, galaxies

    def _draw_galaxies(self, root: Array, mean: Array, random: np.random.Generator | None) -> tuple[Array, Array]:
        if self.model.is_star:
            return np.empty((len(mean), 0)), np.zeros(len(mean))
        # of several draws one is kept, by their weights; the mean weight varies less from theta to theta
        repeats = _REPEATS if random else 1
        part = np.repeat(root[:, -N_HOSTS:, -N_HOSTS:], repeats, axis=0)
        draws, log_weight = draw_positive(part, np.repeat(mean[:, -N_HOSTS:], repeats, axis=0), random)
        log_weight = log_weight.reshape(-1, repeats)
        gumbel = random.gumbel(size=log_weight.shape) if random else 0.0
        kept = np.argmax(log_weight + gumbel, axis=1)
        total = logsumexp(log_weight, axis=1) - np.log(repeats)
        return draws.reshape(len(mean), repeats, -1)[np.arange(len(mean)), kept], total

    def choose_scales(self, theta: Array, sizes: Array) -> tuple[Array, Array]:
        """Return theta with the best of some discrepancies and the amplitude that fits best, and log densities."""
        thetas = []
        densities = []
        for i in range(0, len(theta), _CHUNK):
            rows = theta[i : i + _CHUNK]
            products = self._multiply(rows)
            tried = []
            for size in sizes:
                matrix = products.at(np.full(len(rows), size))
                trial = rows.copy()
                trial[:, 3] = self._guess_amplitude(matrix)
                trial[:, 6] = np.log(size)
                tried.append((trial, self._integrate(matrix, trial, None)[0] + self.model.log_prior(trial)))
            density = np.array([item[1] for item in tried])
            best = np.argmax(density, axis=0), np.arange(len(rows))
            thetas.append(np.array([item[0] for item in tried])[best])
            densities.append(density[best])
        return np.concatenate(thetas), np.concatenate(densities)

    def _guess_amplitude(self, products: Array) -> Array:
        """Return the log amplitudes that fit best in least squares, calibration included."""
        sigma = np.concatenate([[_GUESS], self.sigma])
        sigma[1 : _N_CALIBRATION + 1] *= _GUESS
        matrix = products[:, :-1, :-1] + np.diag(sigma**-2.0)
        right = products[:, :-1, -1] + np.eye(len(sigma))[0] / _GUESS
        best = np.linalg.solve(matrix, right[..., None])[:, 0, 0]
        return np.asarray(np.log(np.clip(best, 0.02, 1.4)))


def draw_positive(root: Array, mean: Array, random: np.random.Generator | None) -> tuple[Array, Array]:
    """Draw coefficients above 0, one by one, of a Gaussian by the root of its precision.

    Returns
    -------
    ndarray, shape (n, g)
    ndarray, shape (n,)
        Log weight: of the draw's density under the Gaussian, relative to a prior that knows no sign, over the density
        of the draw. Its mean is the chance that all are positive, over that of the prior.
    """
    n, g = mean.shape
    gap = np.zeros((n, g))
    log_weight = np.full(n, g * np.log(2.0))
    for i in reversed(range(g)):
        scale = root[:, i, i]
        centre = mean[:, i] - np.einsum("nj,nj->n", root[:, i + 1 :, i], gap[:, i + 1 :]) / scale
        limit = -centre * scale
        log_weight += log_ndtr(-limit)
        # the upper tail by symmetry, which keeps digits far out
        tail = np.maximum(ndtr(-limit) * (random.uniform(size=n) if random else 0.5), 1e-300)
        step = np.maximum(-ndtri(tail), limit)
        gap[:, i] = centre + step / scale - mean[:, i]
    return mean + gap, log_weight
