"""The mode of the linear parameters at given theta, and their covariance there.

Where all rows are Gaussian with known variance, the normal equations of least squares are enough: solved once
with flat priors, in a few steps with physical ones. Otherwise they are the start of Fisher's scoring (Green
1984): one step where the density is nearly Gaussian. Where the errors depend on the flux, or weights on the
residuals, further steps follow, damped wherever a step does not climb (Marquardt 1963); once there are draws,
they start from a `LinearTrend` fitted to these.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.bandflux import DesignMatrix
from fitter_lambda.engine.likelihood import Likelihood, RowSums
from fitter_lambda.engine.linear_algebra import invert, multiply
from fitter_lambda.engine.priors import Priors
from fitter_lambda.engine.row_prediction import RowPrediction
from fitter_lambda.engine.salt_scatter import RowScatter

_FIRST_DAMPING = 1.0
#: Squared distance to the mode, in standard deviations, at which steps end.
_CONVERGED = 1e-3
#: The same, and the number of steps, from a start near the mode: the proposal of draws is wide enough for it.
_CONVERGED_FROM_TREND = 0.03
_STEPS_FROM_TREND = 2


@dataclass(frozen=True)
class LinearProblem:
    """The density of the linear parameters a (n, j) at n points theta.

    Attributes
    ----------
    likelihood : Likelihood
    priors : Priors
    design : DesignMatrix
    scatter : RowScatter or None
    z, shapes : ndarray, shapes (n,), (n, k)
    error_scale : ndarray or None, shape (n,)
        Factor of all errors.
    """

    likelihood: Likelihood
    priors: Priors
    design: DesignMatrix
    scatter: RowScatter | None
    z: Array
    shapes: Array
    error_scale: Array | None = None

    @cached_property
    def sums(self) -> RowSums:
        """Sums over the rows, of their constant covariance."""
        return self.likelihood.sum_rows(self.design, self.error_scale)

    @property
    def is_quadratic(self) -> bool:
        """Whether the sums and the limits are the whole likelihood."""
        return self.scatter is None and not self.likelihood.robust

    @cached_property
    def _limits(self) -> "LinearProblem | None":
        """The problem of the limits alone; None where there are none."""
        at = self.likelihood.rows.is_limit
        if not at.any():
            return None
        return replace(self, likelihood=self.likelihood.limits, design=self.design.take_rows(at))

    def take(self, points: Indices) -> "LinearProblem":
        """Return the problem at some of the points."""
        return replace(
            self, design=self.design.take(points), scatter=self.scatter and self.scatter.take(points),
            z=self.z[points], shapes=self.shapes[points],
            error_scale=None if self.error_scale is None else self.error_scale[points],
        )  # fmt: skip

    def predict(self, a: Array) -> RowPrediction:
        """Predict the rows at linear parameters a (n, j)."""
        prediction = self.likelihood.predict(self.design, a, self.scatter)
        return prediction if self.error_scale is None else prediction.scale_errors(self.error_scale)

    def log_density(self, a: Array, prediction: RowPrediction | None = None) -> Array:
        """Log density of the rows and of a, shape (n,); `prediction` is that at a, where it is known."""
        prior = self.priors.log_density(a, self.z, self.shapes)
        if not self.is_quadratic:
            return self.likelihood.log_density(prediction or self.predict(a)) + prior
        value = self.sums.log_density(a) + prior
        if self._limits:
            value += self._limits.likelihood.log_limit_density(self._limits.predict(a))
        return value

    def compute_curvature(self, a: Array, prediction: RowPrediction) -> tuple[Array, Array]:
        """Return minus the expected curvature (n, j, j) and the slope (n, j) in the priors' coordinates."""
        matrix, slope = self.likelihood.compute_curvature(a, prediction, self.scatter)
        return self.priors.add_curvature(a, self.z, self.shapes, matrix, slope)

    def step_with_limits(self, a: Array) -> tuple[Array, Array]:
        """Return the same as `compute_curvature` where the problem is quadratic but for limits."""
        sums = self.sums
        matrix = sums.matrix
        slope = sums.right - multiply(sums.matrix, a)
        if self._limits:
            own_matrix, own_slope = self._limits.likelihood.compute_curvature(a, self._limits.predict(a), None)
            matrix = matrix + own_matrix
            slope = slope + own_slope
        return self.priors.add_curvature(a, self.z, self.shapes, matrix, slope)


@dataclass(frozen=True)
class LinearTrend:
    """Linear parameters as a function of theta: parabolas for the logarithm of the amplitude and for x1.

    Attributes
    ----------
    middle, size : ndarray, shape (d,)
        Of theta, to which the coefficients belong.
    coefficients : ndarray, shape (m, j)
    range : ndarray, shape (2, j)
        Lowest and highest values of the draws; the trend does not leave it.
    """

    middle: Array
    size: Array
    coefficients: Array
    range: Array

    @classmethod
    def fit(cls, theta: Array, a: Array, weight: Array) -> "LinearTrend":
        """Fit weighted draws of theta (n, d) and a (n, j) by least squares."""
        middle = weight @ theta
        size = np.sqrt(weight @ (theta - middle) ** 2) + 1e-300
        has_weight = weight > 0
        values = np.column_stack([np.log(a[has_weight, 0]), a[has_weight, 1:] / a[has_weight, :1]])
        root = np.sqrt(weight[has_weight])[:, None]
        features = _build_parabola((theta[has_weight] - middle) / size)
        coefficients = np.linalg.lstsq(root * features, root * values, rcond=1e-8)[0]
        return cls(middle, size, coefficients, np.array([values.min(axis=0), values.max(axis=0)]))

    def evaluate(self, theta: Array) -> Array:
        """Evaluate the linear parameters (n, j) at theta (n, d)."""
        values = _build_parabola((theta - self.middle) / self.size) @ self.coefficients
        values = np.clip(values, *self.range)
        amplitude = np.exp(values[:, :1])
        return np.concatenate([amplitude, amplitude * values[:, 1:]], axis=1)


def _build_parabola(x: Array) -> Array:
    i, j = np.triu_indices(x.shape[1])
    return np.column_stack([np.ones(len(x)), x, x[:, i] * x[:, j]])


def solve_linear_parameters(
    problem: LinearProblem, n_steps: int, start: Array | None = None
) -> tuple[Array, Array, Array]:
    """Find the mode of the linear parameters.

    Parameters
    ----------
    problem : LinearProblem
    n_steps : int
        1, or the most damped steps.
    start : ndarray, shape (n, j), optional
        Near the mode; damped steps then begin there, not at least squares.

    Returns
    -------
    a, covariance, log_det : ndarray, shapes (n, j), (n, j, j), (n,)
        The mode, and in the priors' coordinates the covariance there and ln det of its inverse.
    """
    if start is not None and n_steps > 1:
        return _climb(problem, start, _STEPS_FROM_TREND, _CONVERGED_FROM_TREND)
    sums = problem.sums
    a, covariance, log_det = problem.priors.solve_normal_equations(sums.matrix, sums.right, problem.z, problem.shapes)
    if problem.scatter is None and problem.likelihood.is_gaussian:
        return a, covariance, log_det
    if n_steps > 1:
        return _climb(problem, a, n_steps, _CONVERGED)
    matrix, slope = problem.step_with_limits(a)
    covariance, log_det = invert(matrix)
    a = problem.priors.coordinates.shift_bounded(a, multiply(covariance, slope), covariance)
    return a, covariance, log_det


def _climb(problem: LinearProblem, a: Array, n_steps: int, tolerance: float) -> tuple[Array, Array, Array]:
    """Climb from `a` to the mode by damped steps, at the points that have not converged."""
    coordinates = problem.priors.coordinates
    prediction = problem.predict(a)
    height = problem.log_density(a, prediction) + coordinates.log_volume(a)
    curvature, slope = problem.compute_curvature(a, prediction)
    active = np.arange(len(a))
    damping = np.zeros((len(a), 1, 1))
    for _ in range(n_steps):
        covariance = invert(curvature[active])[0]
        distance = np.einsum("nj,nj->n", slope[active], multiply(covariance, slope[active]))
        covariance = covariance[distance > tolerance]
        active = active[distance > tolerance]
        if not len(active):
            break
        part = problem.take(active)
        damped_curvature = curvature[active] * (1 + damping[active] * np.eye(a.shape[1]))
        move = multiply(invert(damped_curvature)[0], slope[active])
        trial = coordinates.shift_bounded(a[active], move, covariance)
        prediction = part.predict(trial)
        trial_height = part.log_density(trial, prediction) + coordinates.log_volume(trial)
        trial_curvature, trial_slope = part.compute_curvature(trial, prediction)
        climbs = trial_height >= height[active]
        climbing = active[climbs]
        failing = active[~climbs]
        a[climbing] = trial[climbs]
        height[climbing] = trial_height[climbs]
        curvature[climbing] = trial_curvature[climbs]
        slope[climbing] = trial_slope[climbs]
        damping[climbing] /= 10
        damping[failing] = np.maximum(10 * damping[failing], _FIRST_DAMPING)
    return a, *invert(curvature)
