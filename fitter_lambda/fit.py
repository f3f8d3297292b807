"""The fit: start values by a scan, the optimum, the posterior.

Likelihood: Gaussian in flux, independent rows, the measured errors (SALT's own model covariance is
not used in this version).

Priors, all proper:

- t0 uniform over the window in which no fitted row comes after the template's last phase;
- amplitude uniform from 0 to ten times the optimum's;
- x1 uniform in -5..5, c in -0.5..1, delta in -0.5..2, any other shape in -5..5;
- redshift: see `model.redshift_prior`.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from iminuit import Minuit

from fitter_lambda.errors import FitError, TooLittleDataError
from fitter_lambda.model import LightCurveModel, RedshiftPrior, load_model, redshift_prior
from fitter_lambda.payload import Payload
from fitter_lambda.photometry import Excluded, Photometry, split_rows
from fitter_lambda.sampler import Chain, sample
from fitter_lambda.start import Start, scan

__all__ = ["Fit", "Problem", "Progress", "fit_supernova"]

Array = npt.NDArray[np.float64]
Progress = Callable[[float, str], None]

_SHAPE_BOUNDS = {"x1": (-5.0, 5.0), "c": (-0.5, 1.0), "delta": (-0.5, 2.0)}
_OTHER_SHAPES = (-5.0, 5.0)
#: Rows this close to the template's end (rest-frame days) are left out, so that t0 can move.
_END_MARGIN = 2.0


@dataclass(frozen=True)
class Problem:
    """Rows, model and priors: everything that a posterior density needs.

    Attributes
    ----------
    model : LightCurveModel
    rows : Photometry
        In micro-Jansky, sorted in time.
    prior : RedshiftPrior
    names : list of str
        Free parameters, the redshift first when it is free.
    low, high : ndarray, shape (n_parameters,)
        Bounds.
    """

    model: LightCurveModel
    rows: Photometry
    prior: RedshiftPrior
    names: list[str]
    low: Array
    high: Array

    def values(self, vector: Array) -> dict[str, float]:
        """All parameters of the model by name, the fixed redshift too."""
        return {"z": self.prior.mean, **dict(zip(self.names, map(float, vector), strict=True))}

    def flux(self, vector: Array) -> Array:
        """Model flux of the rows (shape (n_rows,), micro-Jansky)."""
        return self.model.flux(self.values(vector), self.rows.mjd, self.rows.band)

    def chi2(self, vector: Array) -> float:
        """Sum of squared residuals over errors."""
        return float(np.sum(((self.rows.flux - self.flux(vector)) / self.rows.fluxerr) ** 2))

    def logp(self, vector: Array) -> float:
        """Log posterior density up to a constant; -inf outside the priors."""
        if not np.all((vector >= self.low) & (vector <= self.high)):  # NaN is outside, too
            return -math.inf
        values = self.values(vector)
        if self.rows.mjd[-1] > values["t0"] + (1 + values["z"]) * self.model.maxphase:
            return -math.inf
        logp = self.prior.logpdf(values["z"]) - 0.5 * self.chi2(vector)
        return logp if math.isfinite(logp) else -math.inf


@dataclass(frozen=True)
class Fit:
    """A finished fit.

    Attributes
    ----------
    problem : Problem
    best : ndarray, shape (n_parameters,)
        Where the posterior density is highest.
    covariance : ndarray, shape (n_parameters, n_parameters)
        Of the draws.
    chain : Chain
    excluded : list of Excluded
    seconds : dict of str to float
        "load" and "fit".
    """

    problem: Problem
    best: Array
    covariance: Array
    chain: Chain
    excluded: list[Excluded]
    seconds: dict[str, float]

    @property
    def draws(self) -> Array:
        """All draws, shape (n, n_parameters)."""
        return self.chain.draws.reshape(-1, len(self.best))


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
    parameters = payload.parameters
    progress(0.02, "reading data and templates")
    rows, excluded = split_rows(payload.rows, parameters.mjd_min, parameters.mjd_max)
    prior = redshift_prior(parameters, payload.redshift, payload.redshift_error)
    model, rows, prior, dropped = load_model(parameters, rows, prior)
    excluded.extend(dropped)
    _check_enough(rows, model, prior)
    loaded = time.perf_counter()
    progress(0.1, "looking for start values")
    problem, best, spread, dropped = _best_fit(model, rows, prior)
    excluded.extend(dropped)
    chain = sample(
        problem.logp, best, spread, parameters.n_draws, parameters.seed,
        model.points(problem.rows),
        lambda done: progress(0.2 + 0.65 * done, "sampling the posterior"),
    )  # fmt: skip
    draws = chain.draws.reshape(-1, len(best))
    highest = draws[int(np.argmax(chain.logp))]
    best = highest if problem.logp(highest) > problem.logp(best) else best
    covariance = np.atleast_2d(np.cov(draws, rowvar=False))
    seconds = {"load": loaded - began, "fit": time.perf_counter() - loaded}
    return Fit(problem, best, covariance, chain, sorted(excluded, key=lambda e: e.row), seconds)


def _check_enough(rows: Photometry, model: LightCurveModel, prior: RedshiftPrior) -> None:
    needed = len(model.names) + (prior.kind == "flat") + 1
    if len(rows) < needed:
        raise TooLittleDataError(
            f"Only {len(rows)} usable rows are left, and {model.source.name} needs at least {needed}; "
            "add photometry, fix the redshift, or choose a model with fewer parameters."
        )
    significance = np.max(rows.flux / rows.fluxerr)
    if significance < 3:
        raise TooLittleDataError(
            f"No row is a detection (the best has {significance:.1f} sigma, at least 3 are needed); "
            "there is nothing to fit a light curve to."
        )


def _best_fit(
    model: LightCurveModel, rows: Photometry, prior: RedshiftPrior
) -> tuple[Problem, Array, Array, list[Excluded]]:
    starts = scan(model, rows, prior)
    rows, excluded = _rows_in_reach(model, rows, starts[0])
    _check_enough(rows, model, prior)
    candidates = []
    for start in starts:
        problem = _problem(model, rows, prior, start)
        candidates.append((*_minimise(problem, start), problem))
    cost, best, spread, problem = min(candidates, key=lambda candidate: candidate[0])
    if not math.isfinite(cost):
        raise FitError("The optimiser found no acceptable fit; is the source type right for these data?")
    return problem, best, spread, excluded


def _rows_in_reach(
    model: LightCurveModel, rows: Photometry, start: Start
) -> tuple[Photometry, list[Excluded]]:
    """Leave out what the template cannot say anything about at the best start."""
    phase = (rows.mjd - start.t0) / (1 + start.z)
    rows, excluded = rows.exclude(
        phase > model.maxphase - _END_MARGIN, f"after the last phase of the model ({model.maxphase:g} d)"
    )
    if not model.starts_dark and len(rows):
        phase = (rows.mjd - start.t0) / (1 + start.z)
        early = f"before the first phase of the model ({model.minphase:g} d)"
        rows, dropped = rows.exclude(phase < model.minphase, early)
        excluded.extend(dropped)
    return rows, excluded


def _problem(model: LightCurveModel, rows: Photometry, prior: RedshiftPrior, start: Start) -> Problem:
    first = rows.mjd[-1] - model.maxphase * (1 + prior.high)
    last = rows.mjd[-1] - model.minphase
    bounds = [(first, last), (0.0, 10 * start.amplitude)]
    bounds += [_SHAPE_BOUNDS.get(name, _OTHER_SHAPES) for name in model.shapes]
    names = list(model.names)
    if prior.kind != "fixed":
        names, bounds = ["z", *names], [(prior.low, prior.high), *bounds]
    low, high = np.array(bounds).T
    return Problem(model, rows, prior, names, low, high)


def _minimise(problem: Problem, start: Start) -> tuple[float, Array, Array]:
    """Minimum of -2 ln posterior from one start: its value, place, and covariance."""
    known = {"z": start.z, "t0": start.t0, problem.model.amplitude: start.amplitude}
    vector = np.clip([known.get(name, 0.0) for name in problem.names], problem.low, problem.high)

    def cost(point: Array) -> float:
        value = -2 * problem.logp(np.asarray(point))
        return value if math.isfinite(value) else 1e30

    minuit = Minuit(cost, vector, name=problem.names)
    minuit.limits = list(zip(problem.low, problem.high, strict=True))
    minuit.errors = [_step(problem, name, start) for name in problem.names]
    minuit.errordef = Minuit.LEAST_SQUARES
    minuit.strategy = 1
    minuit.migrad(ncall=5000)
    best = np.array(minuit.values)
    spread = np.diag(np.array(minuit.errors) ** 2)
    if minuit.covariance is not None and minuit.accurate:
        spread = np.array(minuit.covariance)
    value = float(minuit.fval) if minuit.fval is not None and minuit.fval < 1e29 else math.inf
    return value, best, _within(spread, problem)


def _step(problem: Problem, name: str, start: Start) -> float:
    steps = {"t0": 1.0, problem.model.amplitude: 0.1 * start.amplitude, "z": 0.003}
    return steps.get(name, 0.1)


def _within(spread: Array, problem: Problem) -> Array:
    """The covariance, no wider than a tenth of the bounds in any direction."""
    width = np.sqrt(np.clip(np.diag(spread), 1e-30, None))
    shrink = np.minimum(1.0, 0.1 * (problem.high - problem.low) / width)
    return np.asarray(spread * np.outer(shrink, shrink))
