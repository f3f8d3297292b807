"""`auto`: rank every local source by its evidence, and derive probabilities of the classes.

All sources have the same rows, the same dust of the Milky Way and the same priors of time and redshift, so
that their evidences compare. A class' probability is its rate times a power of the mean evidence of its sources
(PSNID has the mean itself; Sako et al. 2011), near-duplicates counted once.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp

from fitter_lambda.engine.class_forecast import RankedSource, forecast_classes
from fitter_lambda.engine.distances import distance_modulus
from fitter_lambda.engine.fit import Fit, Progress, SearchedSource, build_fit, draw_samples, fit_source, search_source
from fitter_lambda.engine.fit_data import FitData, build_fit_data
from fitter_lambda.engine.mean_templates import compute_evidence, continue_evidence, is_mean_template
from fitter_lambda.engine.misfit import MISFIT_THRESHOLD, misfit_p_value
from fitter_lambda.engine.none_of_these import NoneProcess
from fitter_lambda.engine.posterior_builder import build_rows
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.engine.supernova_classes import EVIDENCE_POWER, NONE, RATES, get_supernova_class
from fitter_lambda.errors import FitterError, TemplateError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.sncosmo_registries import get_source_types
from fitter_lambda.input.templates import list_local_sources

#: Sources this far below the best by Laplace's method, in log evidence, are not sampled.
_MAX_DEPTH = 12.0
_N_DRAWS = 600
#: Where every model is refuted, probabilities are told only if "none of these" has more or less than these.
_SURE = 0.95
_EXCLUDED = 0.01
#: What a fit of a source may fail by, broken files included.
_FAILURES = (FitterError, ArithmeticError, LookupError, ValueError)
#: Of these the peak magnitude is measured.
_N_PEAK_DRAWS = 100


@dataclass(eq=False)
class _Candidate:
    """A source and its results; `reason` says why it cannot be fitted, `continuation` is that of `mean_templates`."""

    name: str
    group: str
    log_evidence: float = -np.inf
    log_evidence_error: float | None = None
    misfit_p_value: float | None = None
    redshift: float | None = None
    redshift_std: float | None = None
    peak_absolute: float | None = None
    reason: str | None = None
    searched: SearchedSource | None = None
    fit: Fit | None = None
    continuation: float = 0.0


class RankedFit(NamedTuple):
    """What `fit_catalogue` returns.

    Attributes
    ----------
    fit : Fit
        Of the source with the highest evidence.
    ranking : dict
        ``sources`` (ranked: name, class, log_evidence, log_evidence_error or None where it comes from
        Laplace's method, misfit_p_value, redshift, redshift_std, peak_absolute (rest-frame B, Vega), reason
        where there is none), ``class_probabilities`` (None under flat priors, and when every model misfits while it
        is open whether it is a supernova),
        ``class_probabilities_note`` (what they condition on, or why there are none), ``none_log_evidence``,
        ``evidence_power``, ``prior_rates``, ``seconds``.
    forecast : dict
        See `class_forecast`.
    """

    fit: Fit
    ranking: dict[str, Any]
    forecast: dict[str, Any]


def fit_catalogue(request: FitRequest, progress: Progress) -> RankedFit:
    """Fit every local source, and the best one in full.

    Parameters
    ----------
    request : FitRequest
    progress : callable
        Called with the fraction done and a description of the current step.

    Returns
    -------
    RankedFit

    Raises
    ------
    FitterError
        No source can be fitted; the message has the first reason.
    """
    began = time.perf_counter()
    parameters = request.parameters
    data = build_fit_data(request)
    candidates = _screen_sources(data, parameters, progress)
    while batch := _select_unsampled(candidates):
        for candidate in batch:
            with _record_failure(candidate):
                _sample_candidate(candidate, data, parameters)
    if all(candidate.reason for candidate in candidates):
        raise TemplateError(f"None of {len(candidates)} sources can be fitted; the first: {candidates[0].reason}")
    candidates.sort(key=lambda candidate: -candidate.log_evidence)
    seconds = time.perf_counter() - began
    best = candidates[0]
    fit = fit_source(
        load_source_grid(best.name), data, parameters, seconds,
        lambda done, message: progress(0.7 + 0.2 * done, message), best.searched,
    )  # fmt: skip
    none_process = _build_none_process(data, parameters)
    ranking = _build_ranking(candidates, none_process.log_evidence, parameters, seconds)
    ranked = [RankedSource(one.group, one.log_evidence, one.fit) for one in candidates if one.fit is not None]
    forecast = forecast_classes(data.rows, ranked, ranking["class_probabilities"], none_process, parameters)
    return RankedFit(fit, ranking, forecast)


def _build_none_process(data: FitData, parameters: Parameters) -> NoneProcess:
    rows = build_rows(data.rows, dict(parameters.error_floor))
    return NoneProcess(rows, np.array([float(band.wave_eff) for band in data.rows.bandpasses]))


def _screen_sources(data: FitData, parameters: Parameters, progress: Progress) -> list[_Candidate]:
    """Compute the evidence of every source by Laplace's method."""
    types = get_source_types()
    names = _drop_twins(list_local_sources())
    candidates = [_Candidate(name, get_supernova_class(types.get(name, "")).group) for name in names]
    for done, candidate in enumerate(candidates):
        progress(0.02 + 0.6 * done / len(candidates), f"{done} of {len(candidates)} models done")
        with _record_failure(candidate):
            grid = load_source_grid(candidate.name)
            if grid.needs_sncosmo:
                raise TemplateError("several non-linear shapes: too slow to be one of many")
            candidate.searched = search_source(grid, data, parameters)
            candidate.log_evidence = compute_evidence(candidate.searched)
    return _let_means_continue_salt(candidates, data, parameters)


def _let_means_continue_salt(candidates: list[_Candidate], data: FitData, parameters: Parameters) -> list[_Candidate]:
    """Let templates of the mean Ia continue SALT where it ends, and drop them; without SALT they stay."""
    ours = [(one, one.searched) for one in candidates if one.group == "Ia" and one.searched and one.searched.modes]
    salts = [pair for pair in ours if pair[1].posterior.fluxes.grid.is_salt]
    means = [pair for pair in ours if is_mean_template(pair[1])]
    if not salts or not means:
        return candidates
    _, best_mean = max(means, key=lambda pair: pair[0].log_evidence)
    try:
        gains = [continue_evidence(searched, best_mean, data, parameters) for _, searched in salts]
    except _FAILURES:
        return candidates  # SALT reaches too few rows to stand for class Ia
    for (salt, _), gain in zip(salts, gains, strict=True):
        salt.continuation = gain
        salt.log_evidence += gain
    dropped = [mean for mean, _ in means]
    return [one for one in candidates if one not in dropped]


def _drop_twins(names: list[str]) -> list[str]:
    """Drop a template that has a twin, corrected for dust of the host or sampled more finely."""
    coarse = {f"{name}-subsampled" for name in names}
    return [name for name in names if f"{name}-corr" not in names and name not in coarse]


@contextmanager
def _record_failure(candidate: _Candidate) -> Iterator[None]:
    """Record why a source cannot be fitted, and go on with the others."""
    try:
        yield
    except _FAILURES as error:
        candidate.log_evidence = -np.inf
        candidate.searched = None
        is_known = isinstance(error, FitterError)
        candidate.reason = str(error) if is_known else f"{type(error).__name__} in the fit"


def _select_unsampled(candidates: list[_Candidate]) -> list[_Candidate]:
    """Select the sources near the best one whose evidence comes from Laplace's method."""
    usable = [candidate for candidate in candidates if candidate.reason is None]
    threshold = max((candidate.log_evidence for candidate in usable), default=-np.inf) - _MAX_DEPTH
    return [one for one in usable if one.log_evidence_error is None and one.log_evidence > threshold]


def _sample_candidate(candidate: _Candidate, data: FitData, parameters: Parameters) -> None:
    searched = candidate.searched or search_source(load_source_grid(candidate.name), data, parameters)
    short_run = replace(parameters, n_draws=_N_DRAWS)
    sample = draw_samples(searched.posterior.drop_unreachable_rows(), searched.modes, short_run, lambda done: None)
    candidate.log_evidence = sample.log_evidence + candidate.continuation
    candidate.log_evidence_error = sample.log_evidence_error
    fit = build_fit(data, searched, sample)
    candidate.misfit_p_value = misfit_p_value(fit)
    candidate.fit = fit
    _measure_candidate(candidate, fit)


def _measure_candidate(candidate: _Candidate, fit: Fit) -> None:
    """Measure redshift and peak of a source from some of its draws."""
    theta, a = fit.split_values(fit.thin_draws(_N_PEAK_DRAWS))
    _, z, shapes = fit.posterior.split_theta(theta)
    candidate.redshift = float(np.median(z))
    candidate.redshift_std = float(np.std(z))
    absolute = fit.posterior.fluxes.compute_peaks(a, shapes).magnitude - distance_modulus(z)
    finite = absolute[np.isfinite(absolute)]
    candidate.peak_absolute = float(np.median(finite)) if len(finite) else None


def _build_ranking(
    candidates: list[_Candidate], none_evidence: float, parameters: Parameters, seconds: float
) -> dict[str, Any]:
    probabilities, note = _find_class_probabilities(candidates, none_evidence, parameters)
    return {
        "sources": [
            {
                "name": candidate.name, "class": candidate.group, "reason": candidate.reason,
                "log_evidence": candidate.log_evidence if np.isfinite(candidate.log_evidence) else None,
                "log_evidence_error": candidate.log_evidence_error,
                "misfit_p_value": candidate.misfit_p_value,
                "redshift": candidate.redshift,
                "redshift_std": candidate.redshift_std,
                "peak_absolute": candidate.peak_absolute,
            }
            for candidate in candidates
        ],
        "class_probabilities": probabilities,
        "class_probabilities_note": note,
        "none_log_evidence": none_evidence,
        "evidence_power": EVIDENCE_POWER,
        "prior_rates": dict(RATES),
        "seconds": seconds,
    }  # fmt: skip


def _find_class_probabilities(
    candidates: list[_Candidate], none_evidence: float, parameters: Parameters
) -> tuple[dict[str, float] | None, str]:
    """Return the probabilities with what they condition on, or None with the reason."""
    if parameters.priors == "flat":
        return None, "none: evidences under flat priors depend on arbitrary bounds"
    probabilities = _compute_class_probabilities(candidates, none_evidence)
    is_refuted = all((candidate.misfit_p_value or 0.0) < MISFIT_THRESHOLD for candidate in candidates)
    if is_refuted and _EXCLUDED < probabilities[NONE] < _SURE:
        return None, "none: no model describes the data"
    number = sum(candidate.reason is None for candidate in candidates)
    noun = "model" if number == 1 else "models"
    note = (
        f"if it is like one of the {number} {noun} that were fitted, or varies like no supernova (none of these), "
        "and the classes occur by their rates per volume (prior_rates); evidences count to the power "
        f"{EVIDENCE_POWER} (evidence_power), since no supernova is quite like a model"
    )
    if is_refuted and probabilities[NONE] < _SURE:
        note += "; they are too sure, since no model describes the data"
    return probabilities, note


def _compute_class_probabilities(candidates: list[_Candidate], none_evidence: float) -> dict[str, float]:
    log_mass = {NONE: np.log(RATES[NONE]) + EVIDENCE_POWER * none_evidence}
    for group, rate in RATES.items():
        evidences = [one.log_evidence for one in candidates if one.group == group and one.reason is None]
        if evidences:
            log_mass[group] = np.log(rate) + EVIDENCE_POWER * (logsumexp(evidences) - np.log(len(evidences)))
    total = logsumexp(list(log_mass.values()))
    return {group: float(np.exp(log_mass[group] - total)) for group in RATES if group in log_mass}
