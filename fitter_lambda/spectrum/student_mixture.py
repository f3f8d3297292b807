"""A mixture of Student's t distributions, fitted to weighted draws (population Monte Carlo; Cappe et al. 2008)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, logsumexp

from fitter_lambda.arrays import Array

_NU = 6.0
_STEPS = 5
#: Components with less of the weight than this are dropped.
_LEAST = 0.005
#: Added to covariances, as a fraction of the spread of all draws.
_RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class StudentMixture:
    """Components with weights (k,), means (k, d) and Cholesky roots of their scale (k, d, d)."""

    weights: Array
    means: Array
    roots: Array

    @classmethod
    def at_modes(cls, means: Array, covariances: Array, weights: Array) -> "StudentMixture":
        """Return components at modes, and others there of four times their width."""
        roots = np.linalg.cholesky(covariances)
        weights = np.concatenate([weights, 0.2 * weights])
        return cls(weights / weights.sum(), np.tile(means, (2, 1)), np.concatenate([1.2 * roots, 4 * roots]))

    def draw(self, number: int, random: np.random.Generator) -> Array:
        """Draw points (n, d)."""
        component = random.choice(len(self.weights), number, p=self.weights)
        normal = random.standard_normal((number, self.means.shape[1]))
        spread = np.sqrt(_NU / random.chisquare(_NU, number))
        return np.asarray(
            self.means[component] + spread[:, None] * np.einsum("nij,nj->ni", self.roots[component], normal)
        )

    def log_components(self, points: Array) -> Array:
        """Return the log weight times density of each component, shape (n, k)."""
        d = points.shape[1]
        gap = (points - self.means[:, None]) @ np.swapaxes(np.linalg.inv(self.roots), 1, 2)
        norm = gammaln((_NU + d) / 2) - gammaln(_NU / 2) - d / 2 * np.log(_NU * np.pi)
        log_det = np.log(np.diagonal(self.roots, axis1=1, axis2=2)).sum(axis=1)
        tail = -(_NU + d) / 2 * np.log1p((gap**2).sum(axis=2).T / _NU)
        return np.asarray(np.log(self.weights) + norm - log_det + tail)

    def log_density(self, points: Array) -> Array:
        """Return the log density at points (n, d)."""
        return np.asarray(logsumexp(self.log_components(points), axis=1))

    def adapt(self, points: Array, weight: Array) -> "StudentMixture":
        """Return a mixture fitted to weighted points by expectation maximisation, with moments as of Gaussians."""
        mixture = self
        spread = weight @ (points - weight @ points) ** 2
        ridge = np.diag(_RIDGE * np.maximum(spread, 1e-18))
        for _ in range(_STEPS):
            log = mixture.log_components(points)
            share = weight[:, None] * np.exp(log - logsumexp(log, axis=1, keepdims=True))
            mass = share.sum(axis=0)
            share = share[:, mass > _LEAST] / mass[mass > _LEAST]
            means = share.T @ points
            gap = points - means[:, None]
            covariances = np.swapaxes(share.T[..., None] * gap, 1, 2) @ gap + ridge
            kept = mass[mass > _LEAST]
            mixture = StudentMixture(kept / kept.sum(), means, np.linalg.cholesky(covariances))
        return mixture
