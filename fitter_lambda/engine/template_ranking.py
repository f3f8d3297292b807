"""`auto`: every source at hand, ranked by its evidence, and what that says of the class.

All sources see the same rows, the same dust of the Milky Way and the same priors of time and redshift, so
their evidences compare. A class' probability is its rate times the mean evidence of its sources (as PSNID
does; Sako et al. 2011), of near-duplicates counted once.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.engine.fit import Fit, Progress, drawn, fit_of, fit_source
from fitter_lambda.engine.fit_data import FitData, build_fit_data
from fitter_lambda.engine.misfit import MISFIT_THRESHOLD, misfit_p_value
from fitter_lambda.engine.mode_search import Mode, find_modes
from fitter_lambda.engine.posterior_builder import build_posterior
from fitter_lambda.engine.priors import get_supernova_class
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.errors import FitterError, TemplateError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.sncosmo_registries import get_source_types
from fitter_lambda.input.templates import list_local_sources

__all__ = ["RATES", "fit_catalogue"]

#: Core-collapse and thermonuclear rates by volume (Li et al. 2011), the stripped ones with IIb
#: (Shivvers et al. 2017); others: one in a hundred.
RATES = {"Ia": 0.24, "stripped": 0.23, "II": 0.52, "other": 0.01}
#: Sources this far behind the best by Laplace's method are not sampled.
_NEAR = 12.0
_FEW_DRAWS = 600


@dataclass
class _Entry:
    name: str
    group: str
    log_evidence: float = -np.inf
    error: float | None = None
    p_value: float | None = None
    reason: str | None = None
    modes: list[Mode] = field(default_factory=list)


def fit_catalogue(request: FitRequest, progress: Progress) -> tuple[Fit, dict[str, Any]]:
    """Fit every source at hand, and the best one in full.

    Parameters
    ----------
    request : FitRequest
    progress : callable
        Told the fraction done and what is being done.

    Returns
    -------
    Fit
        Of the source with the highest evidence.
    dict
        ``sources`` (ranked: name, class, log_evidence, log_evidence_error or None where it comes from
        Laplace's method, misfit_p_value, reason where there is none), ``class_probabilities`` (None when
        every model misfits, and under flat priors), ``rates``, ``seconds``.

    Raises
    ------
    FitterError
        No source fits; the first reason.
    """
    began, parameters = time.perf_counter(), request.parameters
    data = build_fit_data(request)
    entries = _screened(data, parameters, progress)
    while near := _unsampled(entries):
        for entry in near:
            with _alone(entry):
                _sampled(entry, data, parameters)
    if all(entry.reason for entry in entries):
        raise TemplateError(f"None of {len(entries)} sources can be fitted; the first: {entries[0].reason}")
    entries.sort(key=lambda entry: -entry.log_evidence)
    seconds, first = time.perf_counter() - began, entries[0]
    fit = fit_source(load_source_grid(first.name), data, parameters, seconds, _late(progress), first.modes)
    return fit, _ranking(entries, parameters, seconds)


def _unsampled(entries: list[_Entry]) -> list[_Entry]:
    """The sources near the best one whose evidence is Laplace's."""
    fitting = [entry for entry in entries if entry.reason is None]
    best = max((entry.log_evidence for entry in fitting), default=-np.inf)
    return [entry for entry in fitting if entry.error is None and entry.log_evidence > best - _NEAR]


@contextmanager
def _alone(entry: _Entry) -> Iterator[None]:
    """A source that cannot be fitted, or whose file is broken, says so, and leaves the others alone."""
    try:
        yield
    except (FitterError, ArithmeticError, LookupError, ValueError) as error:
        entry.log_evidence, entry.modes = -np.inf, []
        entry.reason = str(error) if isinstance(error, FitterError) else f"{type(error).__name__} in the fit"


def _late(progress: Progress) -> Progress:
    return lambda done, message: progress(0.7 + 0.2 * done, message)


def _screened(data: FitData, parameters: Parameters, progress: Progress) -> list[_Entry]:
    """Every source with its evidence by Laplace's method, or why there is none."""
    names, types = _without_twins(list_local_sources()), get_source_types()
    entries = [_Entry(name, get_supernova_class(types.get(name, "")).group) for name in names]
    for done, entry in enumerate(entries):
        progress(0.02 + 0.6 * done / len(entries), f"{done} of {len(entries)} models done")
        with _alone(entry):
            grid = load_source_grid(entry.name)
            if grid.general:
                entry.reason = "several non-linear shapes: too slow to be one of many"
                continue
            entry.modes = find_modes(build_posterior(grid, data, parameters).drop_unreachable_rows())
            entry.log_evidence = float(logsumexp([mode.log_mass for mode in entry.modes]))
    return entries


def _without_twins(names: list[str]) -> list[str]:
    """Leave out a template whose twin is there: corrected for dust of the host, or sampled more finely."""
    coarse = {f"{name}-subsampled" for name in names}
    return [name for name in names if f"{name}-corr" not in names and name not in coarse]


def _sampled(entry: _Entry, data: FitData, parameters: Parameters) -> None:
    posterior = build_posterior(load_source_grid(entry.name), data, parameters)
    few = drawn(
        posterior.drop_unreachable_rows(),
        entry.modes,
        replace(parameters, n_draws=_FEW_DRAWS),
        lambda done: None,
    )
    entry.log_evidence, entry.error = few.log_evidence, few.log_evidence_error
    entry.p_value = misfit_p_value(fit_of(data, posterior, entry.modes, few))


def _ranking(entries: list[_Entry], parameters: Parameters, seconds: float) -> dict[str, Any]:
    # evidences under flat priors hang on bounds that nobody believes in
    flat = parameters.priors == "flat"
    return {
        "sources": [
            {
                "name": entry.name,
                "class": entry.group,
                "log_evidence": entry.log_evidence,
                "log_evidence_error": entry.error,
                "misfit_p_value": entry.p_value,
                "reason": entry.reason,
            }
            for entry in entries
        ],
        "class_probabilities": None if flat else _class_probabilities(entries),
        "rates": dict(RATES),
        "seconds": seconds,
    }


def _class_probabilities(entries: list[_Entry]) -> dict[str, float] | None:
    if all(entry.p_value is None or entry.p_value < MISFIT_THRESHOLD for entry in entries):
        return None
    log_mass = {}
    for group, rate in RATES.items():
        own = [entry.log_evidence for entry in entries if entry.group == group and entry.reason is None]
        if own:
            log_mass[group] = np.log(rate) + logsumexp(own) - np.log(len(own))
    total = logsumexp(list(log_mass.values()))
    return {group: float(np.exp(value - total)) for group, value in log_mass.items()}
