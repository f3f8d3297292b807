"""The whole fit of one source to one light curve: data, posterior, modes, draws, best fit."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from fitter_lambda.engine.bandflux import DesignMatrix
from fitter_lambda.engine.fit_data import FitData, build_fit_data
from fitter_lambda.engine.importance_sampling import sample
from fitter_lambda.engine.importance_weights import Sample
from fitter_lambda.engine.likelihood import RowPrediction
from fitter_lambda.engine.mode_search import Mode, climb, climbed, distinct, find_modes
from fitter_lambda.engine.nested_sampling import sample_nested
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.posterior_builder import build_posterior
from fitter_lambda.engine.priors import X1_BOUNDS
from fitter_lambda.engine.source_grid import SourceGrid, load_source_grid
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.fit_request import FitRequest

__all__ = ["Fit", "Progress", "drawn", "fit_of", "fit_source", "fit_supernova"]

Array = npt.NDArray[np.float64]
Progress = Callable[[float, str], None]

_MOST_STARTS = 8
#: Of the climb to the best fit: how many starts, and rounds.
_CLIMB, _CLIMB_OF_SLOW_SOURCES = (3, 25), (1, 5)
#: Of the climb to the best fit, in standard deviations of the draws: its bounds, and the simplex' size at
#: first and in the end.
_FAR, _SIMPLEX, _SMALL = 100.0, 0.1, 0.002


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Attributes
    ----------
    data : FitData
    posterior : Posterior
    modes : list of Mode
    sample : Sample
    names : list of str
        Free parameters, by sncosmo's names: the redshift first when it is free, t0, amplitude, shapes.
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
    sample: Sample
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
        """Log joint density of the draws, as one of the parameters by their names, shape (n,)."""
        amplitude = self.sample.a[:, 0]
        return np.asarray(self.sample.log_joint + (self.sample.a.shape[1] - 1) * np.log(amplitude))

    def thin_draws(self, number: int) -> Array:
        """So many of the draws, or all of them if they are fewer."""
        number = min(number, len(self.draws))
        return np.asarray(self.draws[np.linspace(0, len(self.draws) - 1, number).round().astype(int)])

    def split_values(self, values: Array) -> tuple[Array, Array]:
        """Theta (n, d') and linear parameters (n, j) of the engine, from parameters (n, d)."""
        columns = dict(zip(self.names, values.T, strict=True))
        theta = np.stack([columns[name] for name in self.posterior.names], axis=1)
        linear = [columns[name] for name in self.posterior.fluxes.grid.linear]
        return theta, np.stack([linear[0], *(linear[0] * x for x in linear[1:])], axis=1)

    def predict_rows(self, values: Array) -> tuple[DesignMatrix, RowPrediction]:
        """The rows as seen from parameters (n, d), and what the model says of them."""
        theta, a = self.split_values(values)
        design, scatter = self.posterior.view(theta)
        return design, self.posterior.likelihood.predict(design, a, scatter)

    def predict_fluxes(
        self, values: Array, mjd: Array, band: npt.NDArray[np.int_]
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Model flux (micro-Jansky) at any epochs.

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
            0 where the model does not reach.
        ndarray of bool, shape (n, m)
            Where it does.
        """
        theta, a = self.split_values(values)
        t0, z, s = self.posterior.split_theta(theta)
        fluxes = self.posterior.fluxes
        design = fluxes.design(z, s, fluxes.grid.epochs(z, t0, mjd), band)
        return (design.flux @ a[..., None])[..., 0], design.reached


def fit_supernova(request: FitRequest, progress: Progress) -> Fit:
    """Fit one source to one supernova.

    Parameters
    ----------
    request : FitRequest
    progress : callable
        Told the fraction done and what is being done.

    Returns
    -------
    Fit

    Raises
    ------
    FitterError
        Whatever stands in the way, in words for the person who asked.
    """
    began = time.perf_counter()
    progress(0.02, "reading data and templates")
    grid, data = load_source_grid(request.parameters.source), build_fit_data(request)
    return fit_source(grid, data, request.parameters, time.perf_counter() - began, progress)


def fit_source(
    grid: SourceGrid, data: FitData, parameters: Parameters, load: float, progress: Progress,
    modes: list[Mode] | None = None,
) -> Fit:  # fmt: skip
    """Fit one source that is loaded; `load` is the seconds that it took, `modes` those known of it."""
    began = time.perf_counter()
    progress(0.1, "looking for every mode")
    posterior = build_posterior(grid, data, parameters)
    near = posterior.drop_unreachable_rows()
    if modes is None:
        modes = [] if grid.general else find_modes(near)
    sampled = drawn(
        near, modes, parameters, lambda done: progress(0.3 + 0.5 * done, "drawing from the posterior")
    )  # fmt: skip
    fit = fit_of(data, posterior, modes, sampled)
    fit = replace(fit, best=_highest(fit, near))
    return replace(fit, seconds={"load": load, "fit": time.perf_counter() - began})


def fit_of(data: FitData, posterior: Posterior, modes: list[Mode], sampled: Sample) -> Fit:
    """Name the draws' parameters; the best fit is the best of them."""
    names, draws = _columns(posterior, sampled.theta, sampled.a)
    return Fit(data, posterior, modes, sampled, names, draws, draws[np.argmax(sampled.log_joint)], {})


def _highest(fit: Fit, posterior: Posterior) -> Array:
    """Where the joint density of all parameters is highest, climbed to from the best draw and modes."""
    low, high = _bounds(fit).T
    middle, root = _rounded(fit.draws)
    grid = posterior.fluxes.grid
    number, rounds = _CLIMB_OF_SLOW_SOURCES if grid.general else _CLIMB
    starts = fit.best[None]
    if fit.modes:
        theta = np.array([mode.theta for mode in fit.modes])
        starts = np.concatenate([starts, _columns(posterior, theta, posterior.solve(theta))[1]])

    def values(steps: Array) -> Array:
        return np.asarray(np.clip(middle + steps @ root.T, low, high))

    def density(steps: Array) -> Array:
        return posterior.density(*fit.split_values(values(steps)))

    far, one = np.full(len(middle), _FAR), np.ones(len(middle))
    steps = np.clip(np.linalg.solve(root, (starts - middle).T).T, -far, far)
    highest = np.argsort(-density(steps))[:number]
    modes = climb(density, steps[highest], -far, far, one, rounds)
    if not modes:
        return fit.best
    best = max(modes, key=lambda mode: mode.height).theta
    if not (grid.kernel == "spline" or grid.general or posterior.scatter):
        # kinks along time stop Newton's steps early; a simplex (Nelder & Mead 1965) goes over them
        simplex = best + _SIMPLEX * np.eye(1 + len(best), len(best), -1)
        options = {"initial_simplex": simplex, "xatol": _SMALL, "fatol": 1e-5}
        found = minimize(
            lambda step: -np.nan_to_num(density(step[None])[0], neginf=-1e30),
            best, method="Nelder-Mead", options=options,
        )  # fmt: skip
        best = found.x
    return np.asarray(values(best[None])[0])


def _rounded(draws: Array) -> tuple[Array, Array]:
    """Mean (d,), and a matrix (d, d) that makes the draws from round ones about 0."""
    middle = draws.mean(axis=0)
    size = np.maximum(draws.std(axis=0), 1e-12 * np.abs(middle) + 1e-300)
    values, vectors = np.linalg.eigh(np.cov(((draws - middle) / size).T).reshape(len(size), -1))
    return middle, size[:, None] * vectors * np.sqrt(np.maximum(values, 1e-6))


def _bounds(fit: Fit) -> Array:
    """Lowest and highest values of the parameters, shape (d, 2)."""
    amplitude, *shapes = fit.posterior.fluxes.grid.linear
    bounds = dict(zip(fit.posterior.names, fit.posterior.bounds, strict=True))
    bounds |= {amplitude: np.array([0.0, np.inf])} | {name: np.array(X1_BOUNDS) for name in shapes}
    return np.array([bounds[name] for name in fit.names])


def drawn(
    posterior: Posterior, modes: list[Mode], parameters: Parameters, progress: Callable[[float], None]
) -> Sample:
    """Draws of a posterior, tried again with more modes where the first ones are not to be trusted."""
    random = np.random.default_rng(parameters.seed)
    if posterior.fluxes.is_slow:
        return sample_nested(posterior, parameters.n_draws, random, progress)
    first = sample(posterior, modes, parameters.n_draws, random, lambda done: progress(done / 2))
    if first.is_trusted:
        return first
    # the draws came upon something that the search had not seen
    _, highest = np.unique(-first.log_joint, return_index=True)
    modes = distinct([*modes, *climbed(posterior, first.theta[highest[:_MOST_STARTS]])])
    second = sample(posterior, modes, parameters.n_draws, random, lambda done: progress((1 + done) / 2))
    return max(first, second, key=lambda each: (each.is_trusted, each.effective_draws))


def _columns(posterior: Posterior, theta: Array, a: Array) -> tuple[list[str], Array]:
    """Names and values (n, d) of sncosmo's parameters."""
    values = dict(zip(posterior.names, theta.T, strict=True))
    amplitude, *shapes = posterior.fluxes.grid.linear
    values[amplitude] = a[:, 0]
    values |= {name: a[:, 1 + i] / a[:, 0] for i, name in enumerate(shapes)}
    names = [name for name in ("z", "t0", amplitude, *shapes, *posterior.shapes) if name in values]
    return names, np.stack([values[name] for name in names], axis=1)
