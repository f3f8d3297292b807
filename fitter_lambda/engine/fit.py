"""The whole fit of one source to one light curve: data, posterior, modes, draws, best fit."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fitter_lambda.arrays import Array, Indices, Mask
from fitter_lambda.engine.covariance_freezing import freeze_covariance, simplify_errors
from fitter_lambda.engine.fit_data import FitData, build_fit_data
from fitter_lambda.engine.importance_sampling import run_importance_sampling
from fitter_lambda.engine.importance_weights import PosteriorSample
from fitter_lambda.engine.linear_algebra import multiply
from fitter_lambda.engine.linear_coordinates import X1_BOUNDS
from fitter_lambda.engine.mode_search import Mode, add_modes, find_modes, maximize_density
from fitter_lambda.engine.nested_sampling import run_nested_sampling
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.posterior_builder import build_posterior
from fitter_lambda.engine.priors import ERROR_SCALE
from fitter_lambda.engine.row_prediction import RowPrediction
from fitter_lambda.engine.source_grid import SourceGrid, load_source_grid
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.fit_request import FitRequest

Progress = Callable[[float, str], None]

#: Draws from which modes are sought that the mode search has missed.
_MAX_STARTS = 8
#: Starts and rounds of the climb to the best fit: of gridded sources, and of those that take calls of
#: sncosmo.
_CLIMB = (3, 25)
_SLOW_CLIMB = (1, 5)
#: Kernels along phase without kinks.
_SMOOTH_KERNELS = ("spline", "convolution")
#: Of that climb, in standard deviations of the draws: bounds, and the sizes of the clouds that end it.
_FAR = 100.0
_CLOUD_SIZES = 0.3 * 0.5 ** np.arange(10)
_CLOUD_POINTS = 100


@dataclass(frozen=True)
class SearchedSource:
    """A source whose modes are known.

    Attributes
    ----------
    posterior : Posterior
    modes : list of Mode
        Empty for a source that nested sampling draws from.
    """

    posterior: Posterior
    modes: list[Mode]


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Attributes
    ----------
    data : FitData
    posterior : Posterior
    modes : list of Mode
    sample : PosteriorSample
    names : list of str
        Free parameters by sncosmo's names: the redshift when it is free, t0, amplitude, shapes.
    draws : ndarray, shape (n, d)
        Independent, equally weighted draws.
    best : ndarray, shape (d,)
        Where the joint posterior density is highest.
    seconds : dict of str to float
        "load" and "fit".
    """

    data: FitData
    posterior: Posterior
    modes: list[Mode]
    sample: PosteriorSample
    names: list[str]
    draws: Array
    best: Array
    seconds: dict[str, float]

    @property
    def best_t0_and_redshift(self) -> tuple[float, float]:
        """t0 and the redshift of the best fit."""
        t0, z, _ = self.posterior.split_theta(self.split_values(self.best[None])[0])
        return float(t0[0]), float(z[0])

    @property
    def log_density(self) -> Array:
        """Log joint density of the draws in the parameters `names`, shape (n,)."""
        amplitude = self.sample.a[:, 0]
        return np.asarray(self.sample.log_joint + (self.sample.a.shape[1] - 1) * np.log(amplitude))

    def thin_draws(self, number: int) -> Array:
        """Return `number` of the draws, evenly spaced, or all if there are fewer."""
        number = min(number, len(self.draws))
        return np.asarray(self.draws[np.linspace(0, len(self.draws) - 1, number).round().astype(int)])

    def split_values(self, values: Array) -> tuple[Array, Array]:
        """Split parameters (n, d) into theta (n, d') and linear parameters (n, j) of the engine."""
        columns = dict(zip(self.names, values.T, strict=True))
        theta = np.stack([columns[name] for name in self.posterior.names], axis=1)
        amplitude, *shapes = (columns[name] for name in self.posterior.fluxes.grid.linear)
        return theta, np.stack([amplitude, *(amplitude * x for x in shapes)], axis=1)

    def predict_rows(self, values: Array) -> RowPrediction:
        """Predict the rows at parameters (n, d)."""
        return self.posterior.predict_rows(*self.split_values(values))

    def predict_fluxes(self, values: Array, mjd: Array, band: Indices) -> tuple[Array, Mask]:
        """Predict fluxes (micro-Jansky) at any dates.

        Parameters
        ----------
        values : ndarray, shape (n, d)
            Parameters, in the order of `names`.
        mjd : ndarray, shape (m,)
        band : ndarray of int, shape (m,)
            Indices into the bands of the rows.

        Returns
        -------
        ndarray, shape (n, m)
            0 where the source does not reach.
        ndarray of bool, shape (n, m)
            Where it does.
        """
        theta, a = self.split_values(values)
        t0, z, shapes = self.posterior.split_theta(theta)
        fluxes = self.posterior.fluxes
        design = fluxes.build_design_matrix(z, t0, mjd, band, shapes)
        return multiply(design.flux, a), design.reached


def fit_supernova(request: FitRequest, progress: Progress) -> Fit:
    """Fit one source to one supernova.

    Parameters
    ----------
    request : FitRequest
    progress : callable
        Called with the fraction done and a description of the current step.

    Returns
    -------
    Fit

    Raises
    ------
    FitterError
        There is no fit; the message is for the user.
    """
    began = time.perf_counter()
    progress(0.02, "reading data and templates")
    # data first: what is wrong with them is said without a template, which may have to be fetched
    data = build_fit_data(request)
    grid = load_source_grid(request.parameters.source)
    return fit_source(grid, data, request.parameters, time.perf_counter() - began, progress)


def fit_source(
    grid: SourceGrid, data: FitData, parameters: Parameters, load_seconds: float, progress: Progress,
    searched: "SearchedSource | None" = None,
) -> Fit:  # fmt: skip
    """Fit a source that is loaded; `load_seconds` is reported, `searched` is what `search_source` returned."""
    began = time.perf_counter()
    progress(0.1, "looking for every mode")
    searched = searched or search_source(grid, data, parameters)
    posterior = searched.posterior
    modes = searched.modes
    reachable = posterior.drop_unreachable_rows()
    sample = draw_samples(
        reachable, modes, parameters, lambda done: progress(0.3 + 0.5 * done, "drawing from the posterior")
    )  # fmt: skip
    fit = build_fit(data, searched, sample)
    best = _maximize_joint_density(fit, reachable)
    return replace(fit, best=best, seconds={"load": load_seconds, "fit": time.perf_counter() - began})


def search_source(grid: SourceGrid, data: FitData, parameters: Parameters) -> SearchedSource:
    """Build the posterior of a source, and find its modes.

    Raises
    ------
    FitError
        The source does not reach the detections.
    """
    posterior = build_posterior(grid, data, parameters)
    if posterior.fluxes.is_slow:
        return SearchedSource(simplify_errors(posterior) if posterior.discrepancy else posterior, [])
    if posterior.discrepancy or (posterior.scatter and parameters.modelcov == "frozen"):
        return SearchedSource(*freeze_covariance(posterior))
    return SearchedSource(posterior, find_modes(posterior.drop_unreachable_rows()))


def draw_samples(
    posterior: Posterior, modes: list[Mode], parameters: Parameters, progress: Callable[[float], None]
) -> PosteriorSample:
    """Draw from a posterior; draw again with more modes if the first draws cannot be trusted."""
    random = np.random.default_rng(parameters.seed)
    n_draws = parameters.n_draws
    if posterior.fluxes.is_slow:
        return run_nested_sampling(posterior, n_draws, random, progress)
    first = run_importance_sampling(posterior, modes, n_draws, random, lambda done: progress(done / 2))
    if first.is_trusted:
        return first
    # the draws may have found modes that the search has missed
    _, order = np.unique(-first.log_joint, return_index=True)
    modes = add_modes(posterior, modes, first.theta[order[:_MAX_STARTS]])
    second = run_importance_sampling(
        posterior, modes, n_draws, random, lambda done: progress((1 + done) / 2)
    )  # fmt: skip
    return max(first, second, key=lambda sample: (sample.is_trusted, sample.effective_draws))


def build_fit(data: FitData, searched: SearchedSource, sample: PosteriorSample) -> Fit:
    """Build a fit from draws; its best fit is the best draw."""
    names, draws = _name_parameters(searched.posterior, sample.theta, sample.a)
    best = draws[np.argmax(sample.log_joint)]
    return Fit(data, searched.posterior, searched.modes, sample, names, draws, best, {})


def _name_parameters(posterior: Posterior, theta: Array, a: Array) -> tuple[list[str], Array]:
    """Return names and values (n, d) of sncosmo's parameters."""
    values = dict(zip(posterior.names, theta.T, strict=True))
    amplitude, *shapes = posterior.fluxes.grid.linear
    values[amplitude] = a[:, 0]
    values |= {name: a[:, 1 + i] / a[:, 0] for i, name in enumerate(shapes)}
    names = [name for name in ("z", "t0", amplitude, *shapes, *posterior.shapes, ERROR_SCALE) if name in values]
    return names, np.stack([values[name] for name in names], axis=1)


def _maximize_joint_density(fit: Fit, posterior: Posterior) -> Array:
    """Find where the joint density of all parameters is highest, from the best draw and the modes."""
    low, high = get_bounds(fit).T
    middle, root = _compute_whitening(fit.draws)
    starts = fit.best[None]
    if fit.modes:
        theta = np.array([mode.theta for mode in fit.modes])
        starts = np.concatenate([starts, _name_parameters(posterior, theta, posterior.solve(theta))[1]])

    def to_values(steps: Array) -> Array:
        return np.asarray(np.clip(middle + steps @ root.T, low, high))

    def log_density(steps: Array) -> Array:
        return posterior.log_joint_density(*fit.split_values(to_values(steps)))

    bound = np.full(len(middle), _FAR)
    steps = np.clip(np.linalg.solve(root, (starts - middle).T).T, -bound, bound)
    n_starts, n_rounds = _SLOW_CLIMB if posterior.fluxes.is_slow else _CLIMB
    order = np.argsort(-log_density(steps))[:n_starts]
    modes = maximize_density(log_density, steps[order], -bound, bound, np.ones(len(middle)), n_rounds)
    if not modes:
        return fit.best
    best = max(modes, key=lambda mode: mode.height).theta
    if not (posterior.fluxes.grid.kernel in _SMOOTH_KERNELS or posterior.fluxes.is_slow):
        best = _maximize_by_clouds(log_density, best)
    return np.asarray(to_values(best[None])[0])


def _maximize_by_clouds(log_density: Callable[[Array], Array], start: Array) -> Array:
    """Maximize by clouds of points about the best so far, ever smaller: kinks stop Newton's steps early, not these."""
    random = np.random.default_rng(0)
    best = start
    height = float(log_density(start[None])[0])
    for size in _CLOUD_SIZES:
        points = best + size * random.standard_normal((_CLOUD_POINTS, len(start)))
        heights = np.nan_to_num(log_density(points), nan=-np.inf, neginf=-np.inf)
        highest = int(np.argmax(heights))
        if heights[highest] > height:
            best = points[highest]
            height = float(heights[highest])
    return best


def _compute_whitening(draws: Array) -> tuple[Array, Array]:
    """Return the mean (d,) of the draws, and a matrix (d, d) that makes them from white noise."""
    middle = draws.mean(axis=0)
    size = np.maximum(draws.std(axis=0), 1e-12 * np.abs(middle) + 1e-300)
    values, vectors = np.linalg.eigh(np.cov(((draws - middle) / size).T).reshape(len(size), -1))
    return middle, size[:, None] * vectors * np.sqrt(np.maximum(values, 1e-6))


def get_bounds(fit: Fit) -> Array:
    """Return the lowest and highest values of the parameters, shape (d, 2)."""
    amplitude, *shapes = fit.posterior.fluxes.grid.linear
    bounds = dict(zip(fit.posterior.names, fit.posterior.bounds, strict=True))
    bounds[amplitude] = np.array([0.0, np.inf])
    bounds |= {name: np.array(X1_BOUNDS) for name in shapes}
    return np.array([bounds[name] for name in fit.names])
