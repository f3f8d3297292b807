"""The linear parameters given all others: where their density is highest, and how wide it is there.

Where all rows are Gaussian, of given variance, and the prior is flat, weighted least squares say both at
once. Elsewhere they are the start of Fisher's scoring (Green 1984), one step of it where the density is
nearly Gaussian. Where the errors depend on the flux, or weights on the residuals, it goes on: damped wherever
a step does not climb (Marquardt 1963), and with what the expected curvature misses learnt from the slopes
(symmetric updates of rank one to it alone, as in NL2SOL; Dennis, Gay & Welsch 1981).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.bandflux import Design
from fitter_lambda.engine.likelihood import Expected, Likelihood, Scatter, times
from fitter_lambda.engine.priors import X1_BOUNDS, AmplitudePrior

__all__ = ["LinearProblem", "invert", "solve"]

Array = npt.NDArray[np.float64]

_FIRST_DAMPING = 1.0
#: Square of the distance that is left, in standard deviations, that ends the climb.
_STILL = 1e-3
#: Of the expected curvature: less is taken to be none.
_LEAST = 0.01


@dataclass(frozen=True)
class LinearProblem:
    """What the density of the linear parameters a (n, j) depends on, at n points theta.

    Attributes
    ----------
    likelihood : Likelihood
    prior : AmplitudePrior
    design : Design
    scatter : Scatter or None
    z, s : ndarray, shape (n,)
    """

    likelihood: Likelihood
    prior: AmplitudePrior
    design: Design
    scatter: Scatter | None
    z: Array
    s: Array

    @property
    def is_exact(self) -> bool:
        """Whether least squares alone solve it."""
        return self.prior.highest is not None and self.scatter is None and self.likelihood.is_gaussian

    def at(self, points: npt.NDArray[np.intp]) -> "LinearProblem":
        """The same at some of the points."""
        scatter = self.scatter and self.scatter.at_points(points)
        design = self.design.at_points(points)
        return LinearProblem(self.likelihood, self.prior, design, scatter, self.z[points], self.s[points])

    def expected(self, a: Array) -> Expected:
        """What the model says of the rows."""
        return self.likelihood.expected(self.design, a, self.scatter)

    def height(self, a: Array, expected: Expected) -> Array:
        """Log density of the rows and of a, shape (n,)."""
        return self.likelihood.total(self.design, expected) + self.prior.logpdf(a, self.z, self.s)

    def step(self, a: Array, expected: Expected) -> tuple[Array, Array]:
        """Expected curvature (n, j, j) and slope (n, j) of `height`."""
        matrix, slope = self.likelihood.step(self.design, a, expected, self.scatter)
        prior, pull = self.prior.curvature(a, self.z, self.s)
        return matrix + prior, slope + pull

    def inside(self, a: Array, covariance: Array) -> Array:
        """a with a positive amplitude, and within the bounds of a flat prior."""
        a = np.where(np.isfinite(a), a, 0.0)
        a[:, 0] = np.maximum(a[:, 0], 0.05 * np.sqrt(covariance[:, 0, 0]))
        if a.shape[1] == 2 and self.prior.highest is not None:
            a[:, 1] = a[:, 0] * np.clip(a[:, 1] / a[:, 0], 0.999 * X1_BOUNDS[0], 0.999 * X1_BOUNDS[1])
        return a


def solve(problem: LinearProblem, steps: int) -> tuple[Array, Array, Array]:
    """The mode (n, j), the covariance there (n, j, j), and ln det of its inverse (n,).

    Parameters
    ----------
    problem : LinearProblem
    steps : int
        One, or at most so many damped ones.
    """
    matrix, right = problem.likelihood.least_squares(problem.design)
    covariance, log_det = invert(matrix)
    a = problem.inside(times(covariance, right), covariance)
    if problem.is_exact:
        return a, covariance, log_det
    if steps == 1:
        matrix, slope = problem.step(a, problem.expected(a))
        covariance, log_det = invert(matrix)
        return _moved(problem, a, times(covariance, slope), covariance), covariance, log_det
    return _climbed(problem, a, steps)


def _climbed(problem: LinearProblem, a: Array, steps: int) -> tuple[Array, Array, Array]:
    """As `solve`, by damped steps from `a`, of points that are not there yet."""
    expected = problem.expected(a)
    height, (curvature, slope) = problem.height(a, expected), problem.step(a, expected)
    rest, damping, one = np.zeros_like(curvature), np.zeros((len(a), 1, 1)), np.eye(a.shape[1])
    going = np.arange(len(a))
    for _ in range(steps):
        matrix = _positive(curvature[going], rest[going])
        covariance = invert(matrix)[0]
        far = np.einsum("nj,nj->n", slope[going], times(covariance, slope[going])) > _STILL
        going, matrix, covariance = going[far], matrix[far], covariance[far]
        if not len(going):
            break
        part, here = problem.at(going), a[going]
        move = times(invert(matrix * (1 + damping[going] * one))[0], slope[going])
        trial = _moved(part, here, move, covariance)
        expected = part.expected(trial)
        found, (new, tilt) = part.height(trial, expected), part.step(trial, expected)
        climbs = found >= height[going]
        damping[going[climbs]] /= 10
        damping[going[~climbs]] = np.maximum(10 * damping[going[~climbs]], _FIRST_DAMPING)
        gone, step, fall = going[climbs], trial - here, slope[going] - tilt
        rest[gone] = _secant(rest[gone], new[climbs], step[climbs], fall[climbs])
        a[gone], height[gone], curvature[gone], slope[gone] = (
            x[climbs] for x in (trial, found, new, tilt)
        )
    return a, *invert(_positive(curvature, rest))


def _secant(rest: Array, expected: Array, step: Array, fall: Array) -> Array:
    """What the curvature has beside what is expected of it, from how far the slope fell in a step."""
    missing = fall - times(expected + rest, step)
    along = np.einsum("nj,nj->n", missing, step)
    size = np.linalg.norm(missing, axis=1) * np.linalg.norm(step, axis=1)
    update = missing[:, :, None] * missing[:, None, :]
    safe = np.abs(along) > 1e-8 * size
    return np.where(safe[:, None, None], rest + update / np.where(safe, along, 1.0)[:, None, None], rest)


def _positive(expected: Array, rest: Array) -> Array:
    """The curvature, or where it is no maximum's what is expected of it."""
    matrix = expected + rest
    safe = np.linalg.det(matrix) > _LEAST * np.linalg.det(expected)
    good = safe & (matrix[:, 0, 0] > _LEAST * expected[:, 0, 0])
    return np.where(good[:, None, None], matrix, expected)


def _moved(problem: LinearProblem, a: Array, move: Array, covariance: Array) -> Array:
    trial = problem.inside(a + move, covariance)
    # no more than by half or to twice at once: far from the mode the curvature misleads
    return np.asarray(trial * np.clip(trial[:, :1], a[:, :1] / 2, a[:, :1] * 2) / trial[:, :1])


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
