"""The linear parameters given all others: where their density is highest, and how wide it is there.

With a flat prior it is that of a; with the physical one, of b = (ln amplitude, x1), in which the prior is a
Gaussian, so that the density is nearly one whether the data or the prior say more.

Where all rows are Gaussian, of given variance, weighted least squares say everything: at once for a, by a few
steps on the normal equations alone for b. Elsewhere they are the start of Fisher's scoring (Green 1984), one
step of it where the density is nearly Gaussian. Where the errors depend on the flux, or weights on the
residuals, it goes on, damped wherever a step does not climb (Marquardt 1963); once there are draws, from what
these have as a function of theta.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.bandflux import DesignMatrix
from fitter_lambda.engine.likelihood import Likelihood, RowPrediction, times
from fitter_lambda.engine.priors import X1_BOUNDS, AmplitudePrior
from fitter_lambda.engine.salt_scatter import Scatter

__all__ = ["LinearProblem", "Trend", "solve"]

Array = npt.NDArray[np.float64]

_FIRST_DAMPING = 1.0
#: Steps on normal equations, and standard deviations at which they see the amplitude.
_STEPS_WITHOUT_ROWS, _SEEN = 8, 2.0
#: Square of the distance that is left, in standard deviations, that ends the climb.
_STILL = 1e-3
#: For draws, whose proposal is wide enough for what is left: that, and steps from a start that is near.
_STILL_FROM_NEAR, _STEPS_FROM_NEAR = 0.03, 2
_LN2 = math.log(2)


@dataclass(frozen=True)
class LinearProblem:
    """What the density of the linear parameters a (n, j) depends on, at n points theta.

    Attributes
    ----------
    likelihood : Likelihood
    prior : AmplitudePrior
    design : DesignMatrix
    scatter : Scatter or None
    z, s : ndarray, shape (n,)
    """

    likelihood: Likelihood
    prior: AmplitudePrior
    design: DesignMatrix
    scatter: Scatter | None
    z: Array
    s: Array

    @property
    def is_gaussian(self) -> bool:
        """Whether least squares know all of the likelihood."""
        return self.scatter is None and self.likelihood.is_gaussian

    @property
    def in_logs(self) -> bool:
        """Whether the density is that of b."""
        return self.prior.highest is None

    def at(self, points: npt.NDArray[np.intp]) -> "LinearProblem":
        """The same at some of the points."""
        scatter = self.scatter and self.scatter.at_points(points)
        design = self.design.at_points(points)
        return LinearProblem(self.likelihood, self.prior, design, scatter, self.z[points], self.s[points])

    def expected(self, a: Array) -> RowPrediction:
        """What the model says of the rows."""
        return self.likelihood.predict(self.design, a, self.scatter)

    def height(self, a: Array, expected: RowPrediction) -> Array:
        """Log density of the rows and of a, shape (n,)."""
        return self.likelihood.log_density(self.design, expected) + self.prior.logpdf(a, self.z, self.s)

    def log_volume(self, a: Array) -> Array:
        """Log of how much a changes with b, shape (n,); 0 where it is a that counts."""
        return a.shape[1] * np.log(np.maximum(a[:, 0], 1e-300)) if self.in_logs else np.zeros(len(a))

    def step(self, a: Array, expected: RowPrediction) -> tuple[Array, Array]:
        """RowPrediction curvature (n, j, j) and slope (n, j) of the density."""
        return self.with_prior(a, *self.likelihood.step(self.design, a, expected, self.scatter))

    def with_prior(self, a: Array, matrix: Array, slope: Array) -> tuple[Array, Array]:
        """Those of the density, from those of the likelihood along a."""
        if self.in_logs:
            of_b = a[:, :1, None] * np.eye(a.shape[1])
            of_b[:, 1:, 0] = a[:, 1:]
            back = np.swapaxes(of_b, 1, 2)
            matrix, slope = back @ matrix @ of_b, times(back, slope)
        prior, pull = self.prior.curvature(a, self.z, self.s)
        return matrix + prior, slope + pull

    def shifted(self, a: Array, move: Array) -> Array:
        """Where a gets by a move (n, j) of b, or of a itself."""
        if not self.in_logs:
            return a + move
        amplitude = a[:, :1] * np.exp(move[:, :1])
        return np.concatenate([amplitude, amplitude * (a[:, 1:] / a[:, :1] + move[:, 1:])], axis=1)

    def moved(self, a: Array, move: Array, covariance: Array) -> Array:
        """The same, no more than by half or to twice at once: far from the mode the curvature misleads."""
        if self.in_logs:
            move[:, 0] = np.clip(move[:, 0], -_LN2, _LN2)
            return self.shifted(a, move)
        trial = self.inside(a + move, covariance)
        return np.asarray(trial * np.clip(trial[:, :1], a[:, :1] / 2, a[:, :1] * 2) / trial[:, :1])

    def inside(self, a: Array, covariance: Array) -> Array:
        """a with a positive amplitude, and within the bounds of the flat prior."""
        a = np.where(np.isfinite(a), a, 0.0)
        a[:, 0] = np.maximum(a[:, 0], 0.05 * np.sqrt(covariance[:, 0, 0]))
        if a.shape[1] == 2:
            a[:, 1] = a[:, 0] * np.clip(a[:, 1] / a[:, 0], 0.999 * X1_BOUNDS[0], 0.999 * X1_BOUNDS[1])
        return a


@dataclass(frozen=True)
class Trend:
    """Linear parameters as a function of theta: a parabola for the logarithm of the first, and for x1.

    Attributes
    ----------
    middle, size : ndarray, shape (d,)
        Of theta, to which the coefficients belong.
    coefficients : ndarray, shape (m, j)
    range : ndarray, shape (2, j)
        Of what they were made from, and no farther.
    """

    middle: Array
    size: Array
    coefficients: Array
    range: Array

    @classmethod
    def of(cls, theta: Array, a: Array, weight: Array) -> "Trend":
        """By weighted least squares, from draws of theta (n, d) and a (n, j)."""
        middle = weight @ theta
        size = np.sqrt(weight @ (theta - middle) ** 2) + 1e-300
        seen = weight > 0
        values = np.column_stack([np.log(a[seen, 0]), a[seen, 1:] / a[seen, :1]])
        root = np.sqrt(weight[seen])[:, None]
        features = _parabola((theta[seen] - middle) / size)
        coefficients = np.linalg.lstsq(root * features, root * values, rcond=1e-8)[0]
        return cls(middle, size, coefficients, np.array([values.min(axis=0), values.max(axis=0)]))

    def at(self, theta: Array) -> Array:
        """Linear parameters (n, j) at theta (n, d)."""
        values = np.clip(_parabola((theta - self.middle) / self.size) @ self.coefficients, *self.range)
        amplitude = np.exp(values[:, :1])
        return np.concatenate([amplitude, amplitude * values[:, 1:]], axis=1)


def _parabola(x: Array) -> Array:
    pairs = np.triu_indices(x.shape[1])
    return np.column_stack([np.ones(len(x)), x, x[:, pairs[0]] * x[:, pairs[1]]])


def solve(problem: LinearProblem, steps: int, start: Array | None = None) -> tuple[Array, Array, Array]:
    """The mode as a (n, j), the covariance of a or b there (n, j, j), and ln det of its inverse (n,).

    Parameters
    ----------
    problem : LinearProblem
    steps : int
        One, or at most so many damped ones.
    start : ndarray, shape (n, j), optional
        Near the mode: of damped steps that need not begin at least squares.
    """
    if start is not None and steps > 1:
        return _climbed(problem, start, _STEPS_FROM_NEAR, _STILL_FROM_NEAR)
    matrix, right = problem.likelihood.least_squares(problem.design)
    if problem.in_logs:
        a, covariance, log_det = _by_normal_equations(problem, matrix, right)
    else:
        covariance, log_det = _invert(matrix)
        a = problem.inside(times(covariance, right), covariance)
    if problem.is_gaussian:
        return a, covariance, log_det
    if steps == 1:
        matrix, slope = problem.step(a, problem.expected(a))
        covariance, log_det = _invert(matrix)
        return problem.moved(a, times(covariance, slope), covariance), covariance, log_det
    return _climbed(problem, a, steps, _STILL)


def _by_normal_equations(problem: LinearProblem, matrix: Array, right: Array) -> tuple[Array, Array, Array]:
    """As `solve`, for b, of rows that are Gaussian of measured variance."""
    covariance, log_det = _invert(matrix)
    a, error = times(covariance, right), _SEEN * np.sqrt(covariance[:, 0, 0])
    mean = np.exp(problem.prior.log_amplitude(problem.z, problem.s)[0])
    # an amplitude that the data do not see is the prior's, as far as they allow
    unseen = ~(a[:, 0] > error)
    a[unseen] = 0.0
    a[unseen, 0] = np.minimum(mean, error)[unseen]
    for _ in range(_STEPS_WITHOUT_ROWS):
        curvature, slope = problem.with_prior(a, matrix, right - times(matrix, a))
        covariance, log_det = _invert(curvature)
        a = problem.moved(a, times(covariance, slope), covariance)
    return a, covariance, log_det


def _climbed(problem: LinearProblem, a: Array, steps: int, still: float) -> tuple[Array, Array, Array]:
    """As `solve`, by damped steps from `a`, of points that are not there yet."""
    expected = problem.expected(a)
    height = problem.height(a, expected) + problem.log_volume(a)
    curvature, slope = problem.step(a, expected)
    going, damping, one = np.arange(len(a)), np.zeros((len(a), 1, 1)), np.eye(a.shape[1])
    for _ in range(steps):
        covariance = _invert(curvature[going])[0]
        far = np.einsum("nj,nj->n", slope[going], times(covariance, slope[going])) > still
        going, covariance = going[far], covariance[far]
        if not len(going):
            break
        part, damped = problem.at(going), curvature[going] * (1 + damping[going] * one)
        trial = part.moved(a[going], times(_invert(damped)[0], slope[going]), covariance)
        expected = part.expected(trial)
        found, steeper = part.height(trial, expected) + part.log_volume(trial), part.step(trial, expected)
        climbs = found >= height[going]
        gone, stuck = going[climbs], going[~climbs]
        a[gone], height[gone] = trial[climbs], found[climbs]
        curvature[gone], slope[gone] = (x[climbs] for x in steeper)
        damping[gone] /= 10
        damping[stuck] = np.maximum(10 * damping[stuck], _FIRST_DAMPING)
    return a, *_invert(curvature)


def _invert(matrix: Array) -> tuple[Array, Array]:
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
