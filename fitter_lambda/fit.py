"""The whole fit of one source to one light curve: data, posterior, modes, draws, best fit."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from fitter_lambda.data import DETECTION_SIGMA, FAINT_SIGMA, Data, read_data
from fitter_lambda.engine.bandflux import BandFluxes
from fitter_lambda.engine.cube import HOST_DUST, Cube, load_cube
from fitter_lambda.engine.general import GeneralFluxes
from fitter_lambda.engine.likelihood import Likelihood
from fitter_lambda.engine.nested import sample_nested
from fitter_lambda.engine.peak import unit_magnitude
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.priors import (
    TRIPP_BETA,
    X1_BOUNDS,
    AmplitudePrior,
    Class,
    class_of,
    shape_bounds,
)
from fitter_lambda.engine.sampler import Sample, sample
from fitter_lambda.engine.scatter import SaltScatter
from fitter_lambda.engine.search import Mode, climb, climbed, distinct, find_modes
from fitter_lambda.errors import TooLittleDataError
from fitter_lambda.parameters import Parameters
from fitter_lambda.payload import Payload
from fitter_lambda.photometry import LightCurve
from fitter_lambda.templates import source_types

__all__ = ["Fit", "Progress", "drawn", "fit_cube", "fit_of", "fit_supernova", "posterior_of"]  # fmt: skip

Array = npt.NDArray[np.float64]
Progress = Callable[[float, str], None]

#: Above this shape of the weights' tail they say nothing (Vehtari et al. 2024).
_TRUSTED = 0.7
_TRIES, _MOST_STARTS = 2, 8
#: Another try, where there are fewer effective draws than this fraction.
_FEW = 0.1
#: Of the climb to the best fit: how many of the draws it starts from, and rounds.
_CLIMB, _CLIMB_OF_SLOW_SOURCES = (4, 25), (1, 5)
#: Of the climb to the best fit, in standard deviations of the draws: its bounds, and the simplex' size.
_FAR, _SIMPLEX = 100.0, 0.3
#: Steps of least squares towards the linear parameters' mode; more where their own value changes the errors.
_STEPS, _MORE_STEPS = 1, 6


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Attributes
    ----------
    data : Data
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

    data: Data
    posterior: Posterior
    modes: list[Mode]
    sample: Sample
    names: list[str]
    draws: Array
    best: Array
    seconds: dict[str, float]

    def split(self, values: Array) -> tuple[Array, Array]:
        """Theta (n, d') and linear parameters (n, j) of the engine, from parameters (n, d)."""
        columns = dict(zip(self.names, values.T, strict=True))
        theta = np.stack([columns[name] for name in self.posterior.names], axis=1)
        linear = [columns[name] for name in self.posterior.fluxes.cube.linear]
        return theta, np.stack([linear[0], *(linear[0] * x for x in linear[1:])], axis=1)

    def predict(
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
        theta, a = self.split(values)
        t0, z, s = self.posterior.split(theta)
        fluxes = self.posterior.fluxes
        design = fluxes.design(z, s, fluxes.cube.epochs(z, t0, mjd), band)
        return (design.flux @ a[..., None])[..., 0], design.reached


def posterior_of(cube: Cube, data: Data, parameters: Parameters) -> Posterior:
    """The posterior of one source.

    Raises
    ------
    TooLittleDataError
        Fewer measured rows than parameters.
    """
    rows, prior, flat = data.rows, data.redshift, parameters.priors == "flat"
    kind = class_of(source_types().get(cube.name, ""))
    is_salt = len(cube.linear) == 2
    shape = cube.shape or (HOST_DUST if kind.dusty and not flat and not cube.general else None)
    shapes = cube.general or ((shape,) if shape else ())
    needed = 1 + len(cube.linear) + len(shapes) + (prior.kind != "fixed") + 1
    n_measured = int(np.sum(~rows.limit))
    if n_measured < needed:
        raise TooLittleDataError(
            f"Only {n_measured} usable rows are left, and {cube.name} needs at least {needed}; "
            "add photometry, fix the redshift, or choose a model with fewer parameters."
        )
    fluxes = _fluxes(cube, data, shape, flat)
    error = 0.0 if is_salt else parameters.model_error
    likelihood = Likelihood(
        rows.flux, _variance(rows, error, dict(parameters.error_floor)), rows.band, rows.limit,
        robust=parameters.robust, zero_outside=flat,
    )  # fmt: skip
    scatter = (
        SaltScatter(cube, rows.bandpasses, prior.low, prior.high) if is_salt and parameters.modelcov else None
    )
    significance = np.where(rows.limit, 0.0, rows.flux / rows.fluxerr)
    detections = significance > (DETECTION_SIGMA if np.max(significance) > DETECTION_SIGMA else FAINT_SIGMA)
    return Posterior(
        rows.mjd, rows.band, likelihood, fluxes, scatter, prior,
        _amplitude_prior(cube, fluxes, data, kind, flat), shapes, flat, detections,
        _MORE_STEPS if parameters.robust or scatter else _STEPS,
    )  # fmt: skip


def _fluxes(cube: Cube, data: Data, shape: str | None, flat: bool) -> BandFluxes:
    bands, z = data.rows.bandpasses, data.redshift
    if cube.general:
        return GeneralFluxes(cube, bands, z.low, z.high, data.mwebv)
    low, high = shape_bounds(shape, flat) if shape else (0.0, 0.0)
    return BandFluxes(cube, bands, z.low, z.high, shape, low, high, data.mwebv)


def _variance(rows: LightCurve, model_error: float, floors: dict[str, float]) -> Array:
    floor = np.array([floors.get(name, floors.get("", 0.0)) for name in rows.bands])[rows.band]
    fraction = np.hypot(np.where(rows.limit, 0.0, model_error), np.where(rows.limit, 0.0, floor))
    return np.asarray(rows.fluxerr**2 + (fraction * rows.flux) ** 2)


def _amplitude_prior(cube: Cube, fluxes: BandFluxes, data: Data, kind: Class, flat: bool) -> AmplitudePrior:
    highest = None
    if flat:
        # the faintest that the source's peak gets at amplitude 1, at the farthest redshift
        peak = np.abs(fluxes.at(np.array([data.redshift.high]))[0, :, :, :, 0]).max(axis=(1, 2))
        highest = 10 * float(np.max(data.rows.flux)) / max(float(peak[peak > 0].min(initial=np.inf)), 1e-300)
    beta = TRIPP_BETA if len(cube.linear) == 2 else 0.0
    return AmplitudePrior(unit_magnitude(cube), kind.mean, kind.sigma, beta, highest)


def fit_supernova(payload: Payload, progress: Progress) -> Fit:
    """Fit one source to one supernova.

    Parameters
    ----------
    payload : Payload
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
    cube, data = load_cube(payload.parameters.source), read_data(payload)
    return fit_cube(cube, data, payload.parameters, time.perf_counter() - began, progress)


def fit_cube(cube: Cube, data: Data, parameters: Parameters, load: float, progress: Progress) -> Fit:
    """Fit one source that is loaded; `load` is the seconds that it took."""
    began = time.perf_counter()
    progress(0.1, "looking for every mode")
    posterior = posterior_of(cube, data, parameters)
    modes = [] if cube.general else find_modes(posterior)
    sampled = drawn(
        posterior, modes, parameters, lambda done: progress(0.3 + 0.5 * done, "drawing from the posterior")
    )  # fmt: skip
    fit = fit_of(data, posterior, modes, sampled)
    return replace(fit, seconds={"load": load, "fit": time.perf_counter() - began})


def fit_of(data: Data, posterior: Posterior, modes: list[Mode], sampled: Sample) -> Fit:
    """Name the draws' parameters, and climb to the best fit."""
    names, draws = _columns(posterior, sampled.theta, sampled.a)
    fit = Fit(data, posterior, modes, sampled, names, draws, draws[0], {})
    return replace(fit, best=_highest(fit))


def _highest(fit: Fit) -> Array:
    """Where the joint density of all parameters is highest, climbed to from draws and modes."""
    low, high = _bounds(fit).T
    middle, root = _rounded(fit.draws)
    cube = fit.posterior.fluxes.cube
    number, rounds = _CLIMB_OF_SLOW_SOURCES if cube.general else _CLIMB
    starts = fit.draws[np.argsort(-fit.sample.log_joint)[:number]]
    if fit.modes:
        theta = np.array([mode.theta for mode in fit.modes])
        a = fit.posterior.solve(theta)
        starts = np.concatenate([starts, _columns(fit.posterior, theta, a)[1]])

    def values(steps: Array) -> Array:
        return np.asarray(np.clip(middle + steps @ root.T, low, high))

    def density(steps: Array) -> Array:
        return fit.posterior.density(*fit.split(values(steps)))

    far, one = np.full(len(middle), _FAR), np.ones(len(middle))
    steps: Array = np.asarray(np.linalg.solve(root, (starts - middle).T).T)
    modes = climb(density, np.clip(steps, -far, far), -far, far, one, rounds)
    best = max(modes, key=lambda mode: mode.height).theta
    if not (cube.kernel == "spline" or cube.general or fit.posterior.scatter):
        # kinks along time stop Newton's steps early; a simplex (Nelder & Mead 1965) goes over them
        simplex = best + _SIMPLEX * np.eye(1 + len(best), len(best), -1)
        options = {"initial_simplex": simplex, "xatol": 1e-3, "fatol": 1e-5}
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
    amplitude, *shapes = fit.posterior.fluxes.cube.linear
    bounds = dict(zip(fit.posterior.names, fit.posterior.bounds, strict=True))
    bounds |= {amplitude: np.array([0.0, np.inf])} | {name: np.array(X1_BOUNDS) for name in shapes}
    return np.array([bounds[name] for name in fit.names])


def drawn(
    posterior: Posterior, modes: list[Mode], parameters: Parameters, progress: Callable[[float], None]
) -> Sample:
    """Draws of a posterior, tried again with more modes where the first ones are not to be trusted."""
    random = np.random.default_rng(parameters.seed)
    if posterior.fluxes.cube.general:
        return sample_nested(posterior, parameters.n_draws, random, progress)
    found: list[Sample] = []
    for _ in range(_TRIES):
        new = sample(posterior, modes, parameters.n_draws, random, progress)
        if new.pareto_k < _TRUSTED and new.effective_draws > _FEW * parameters.n_draws:
            return new
        found.append(new)
        # the draws came upon something that the search had not seen
        _, highest = np.unique(-new.log_joint, return_index=True)
        modes = distinct([*modes, *climbed(posterior, new.theta[highest[:_MOST_STARTS]])])
    return max(found, key=lambda each: each.effective_draws)


def _columns(posterior: Posterior, theta: Array, a: Array) -> tuple[list[str], Array]:
    """Names and values (n, d) of sncosmo's parameters."""
    values = dict(zip(posterior.names, theta.T, strict=True))
    amplitude, *shapes = posterior.fluxes.cube.linear
    values[amplitude] = a[:, 0]
    values |= {name: a[:, 1 + i] / a[:, 0] for i, name in enumerate(shapes)}
    names = [name for name in ("z", "t0", amplitude, *shapes, *posterior.shapes) if name in values]
    return names, np.stack([values[name] for name in names], axis=1)
