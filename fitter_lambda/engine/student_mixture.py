"""A mixture of Student's t distributions, fitted to weighted draws (population Monte Carlo; Cappe et al. 2008)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from fitter_lambda.arrays import Array

#: Degrees of freedom of the components.
_NU = 6.0
_STEPS = 6
#: Components with less of the weight than this are dropped.
_LEAST = 0.005


@dataclass(frozen=True, eq=False)
class StudentMixture:
    """Components with weights (k,), means (k, d) and Cholesky roots of their scale (k, d, d)."""

    weights: Array
    means: Array
    roots: Array

    @classmethod
    def build(cls, weights: Array, means: Array, covariances: Array) -> "StudentMixture":
        """Build a mixture from weights up to a factor, means and scale matrices."""
        return cls(weights / weights.sum(), means, np.asarray(np.linalg.cholesky(covariances), dtype=float))

    @property
    def covariances(self) -> Array:
        """The scale matrices, shape (k, d, d)."""
        return np.asarray(self.roots @ np.swapaxes(self.roots, 1, 2))

    def draw(self, number: int, random: np.random.Generator) -> Array:
        """Draw points (n, d)."""
        component = random.choice(len(self.weights), number, p=self.weights)
        normal = random.standard_normal((number, self.means.shape[1]))
        spread = np.sqrt(_NU / random.chisquare(_NU, number))
        steps = np.einsum("nij,nj->ni", self.roots[component], normal)
        return np.asarray(self.means[component] + spread[:, None] * steps)

    def log_components(self, points: Array) -> Array:
        """Return the log weight times density of each component, shape (n, k)."""
        d = points.shape[1]
        gap = (points - self.means[:, None]) @ np.swapaxes(np.linalg.inv(self.roots), 1, 2)
        norm = gammaln((_NU + d) / 2) - gammaln(_NU / 2) - d / 2 * np.log(_NU * np.pi)
        log_det = np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum(axis=1)
        kernel = -(_NU + d) / 2 * np.log1p((gap**2).sum(axis=2).T / _NU)
        return np.asarray(np.log(self.weights) + norm - log_det + kernel)

    def log_density(self, points: Array) -> Array:
        """Return the log density at points (n, d)."""
        return np.asarray(np.logaddexp.reduce(self.log_components(points), axis=1))

    def adapt(self, points: Array, weight: Array, ridge: float) -> "StudentMixture":
        """Return a mixture fitted to weighted points by expectation maximisation, with moments as of Gaussians.

        Parameters
        ----------
        points, weight : ndarray, shapes (n, d), (n,)
            The weights sum to 1.
        ridge : float
            Added to covariances, as a fraction of the variance of all points.
        """
        mixture = self
        floor = ridge * np.diag(np.maximum(weight @ (points - weight @ points) ** 2, 1e-18))
        for _ in range(_STEPS):
            log = mixture.log_components(points)
            share = weight[:, None] * np.exp(log - np.logaddexp.reduce(log, axis=1, keepdims=True))
            mass = share.sum(axis=0)
            is_used = mass > _LEAST
            share = share[:, is_used] / mass[is_used]
            means = share.T @ points
            gap = points - means[:, None]
            covariances = np.swapaxes(share.T[..., None] * gap, 1, 2) @ gap + floor
            mixture = StudentMixture.build(mass[is_used], means, covariances)
        return mixture
