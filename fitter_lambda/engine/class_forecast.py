"""The forecast of `auto`: which date and band would decide most between the classes that are left.

Each class predicts the flux of the coming nights in the bands of the light curve: its sources by their posterior draws,
"none of these" by its Gaussian process. A measurement with the errors of the past ones is then expected to give some
information about the class: see `expected_information`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.expected_information import FluxMixture, compute_entropy, compute_expected_information
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.model_discrepancy import MAGNITUDE, ModelDiscrepancy
from fitter_lambda.engine.none_of_these import NoneProcess
from fitter_lambda.engine.salt_scatter import SaltScatter
from fitter_lambda.engine.supernova_classes import EVIDENCE_POWER, NONE
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve import ZERO_POINT, LightCurve

#: Classes of less probability are left out, and so are sources with less of their class' evidence.
_LEAST_PROBABILITY = 0.01
_LEAST_SHARE = 0.02
#: Nights after the last row.
_NIGHTS = np.array([1, 2, 3, 5, 7, 10, 14, 20, 28, 40, 60], dtype=float)
#: Draws of a class; of each of its sources, at least.
_N_DRAWS = 128
_N_DRAWS_OF_SOURCE = 16
#: A visit counts if the sources of each class reach it with this fraction of their draws.
_REACHED = 0.9
#: Less than this is the noise of the estimate (bits).
_LEAST_BITS = 0.02
_MAX_MEASUREMENTS = 6
#: Quantiles of a predicted flux.
_QUANTILES = {"faint": 0.15865, "median": 0.5, "bright": 0.84135}


@dataclass(frozen=True)
class RankedSource:
    """A source of a ranking: its class, its log evidence, and a fit with some draws."""

    group: str
    log_evidence: float
    fit: Fit


@dataclass(frozen=True)
class Visits:
    """Measurements that could be made, all arrays of shape (m,); `error` is that of the flux (micro-Jansky)."""

    mjd: Array
    band: Indices
    error: Array


@dataclass(frozen=True)
class _Outlook:
    """What each visit is expected to tell: the classes left, their fluxes without noise, and bits (m,)."""

    rows: LightCurve
    classes: dict[str, float]
    visits: Visits
    mixtures: list[FluxMixture]
    bits: Array


def forecast_classes(
    rows: LightCurve, ranked: Sequence[RankedSource], probabilities: dict[str, float] | None,
    none_process: NoneProcess, parameters: Parameters,
) -> dict[str, Any]:  # fmt: skip
    """Find the measurements that are expected to tell most about the class.

    Parameters
    ----------
    rows : LightCurve
    ranked : sequence of RankedSource
    probabilities : dict of str to float, or None
        Of the classes.
    none_process : NoneProcess
        What "none of these" predicts.
    parameters : Parameters

    Returns
    -------
    dict
        ``message``; ``last_mjd`` of the rows; ``class_probabilities`` of the classes left, summing to 1, and their
        ``entropy_bits``; ``measurements``, the best date of each band, the best band first: ``mjd``, ``filter``,
        ``flux_error``, ``expected_bits`` and ``magnitudes`` by class; and ``grid``: ``mjd``, and ``expected_bits`` by
        band, NaN where a class predicts nothing. The last three are None or empty where there is no forecast.
    """
    if probabilities is None:
        return _decline(rows, {}, "No forecast: there are no class probabilities.")
    classes = _select_classes(probabilities, {NONE, *(source.group for source in ranked)})
    if len(classes) == 1:
        (group,) = classes
        return _decline(rows, classes, f"No forecast is needed: {group} has {_to_percent(probabilities[group])}.")
    visits = list_visits(rows)
    mixtures = [
        none_process.predict_fluxes(visits.mjd, visits.band)
        if group == NONE
        else _predict_class([source for source in ranked if source.group == group], visits, parameters)
        for group in classes
    ]
    bits = _compute_bits(np.array(list(classes.values())), mixtures, visits)
    if not np.isfinite(bits).any():
        names = ", ".join(classes)
        message = f"No forecast: the models of the classes left ({names}) end too soon after the last row to compare."
        return _decline(rows, classes, message)
    return _summarise(_Outlook(rows, classes, visits, mixtures, bits))


def _decline(rows: LightCurve, classes: dict[str, float], message: str) -> dict[str, Any]:
    """Return a forecast without measurements."""
    return {
        "message": message,
        "last_mjd": float(rows.mjd.max()),
        "class_probabilities": classes,
        "entropy_bits": compute_entropy(np.array(list(classes.values()))) if classes else None,
        "measurements": [],
        "grid": None,
    }


def _to_percent(probability: float) -> str:
    return "more than 99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"


def _select_classes(probabilities: dict[str, float], predicted: set[str]) -> dict[str, float]:
    """Select the classes left, of those that predict fluxes, with probabilities that sum to 1."""
    left = {group: value for group, value in probabilities.items() if value >= _LEAST_PROBABILITY}
    left = {group: value for group, value in left.items() if group in predicted}
    total = sum(left.values())
    return {group: value / total for group, value in left.items()}


def list_visits(rows: LightCurve) -> Visits:
    """List one visit for each band and each of some nights after the last row, with the band's median error."""
    n_bands = len(rows.bandpasses)
    error = np.array([np.median(rows.fluxerr[rows.band == band]) for band in range(n_bands)])
    band = np.repeat(np.arange(n_bands), len(_NIGHTS))
    return Visits(np.tile(rows.mjd.max() + _NIGHTS, n_bands), band, error[band])


def _predict_class(sources: Sequence[RankedSource], visits: Visits, parameters: Parameters) -> FluxMixture:
    """Predict the flux of a class, weight NaN where too few draws of its sources reach."""
    shares = softmax([source.log_evidence for source in sources])
    left = [(share, source.fit) for share, source in zip(shares, sources, strict=True) if share >= _LEAST_SHARE]
    number = max(_N_DRAWS_OF_SOURCE, _N_DRAWS // len(left))
    parts = [_predict_source(fit, share, number, visits, parameters) for share, fit in left]
    weight, mean, variance = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    reached = weight.sum(axis=0) / sum(share for share, _ in left)
    total = np.where(reached >= _REACHED, weight.sum(axis=0), np.nan)
    return FluxMixture(weight / total, mean, variance)


def _predict_source(
    fit: Fit, share: float, number: int, visits: Visits, parameters: Parameters
) -> tuple[Array, Array, Array]:
    """Return weight, mean and variance of the flux, each of shape (number of draws, m)."""
    values = fit.thin_draws(number)
    flux, is_reached = fit.predict_fluxes(values, visits.mjd, visits.band)
    scatter = _compute_model_scatter(fit, visits, parameters)
    variance = (scatter * flux) ** 2 + _compute_bandwidth(flux) ** 2
    return np.asarray(share / len(values) * is_reached, dtype=float), flux, variance


def _compute_model_scatter(fit: Fit, visits: Visits, parameters: Parameters) -> Array | float:
    """Return how far supernovae scatter about the source's best fit, as a fraction (m,) of the flux."""
    grid = fit.posterior.fluxes.grid
    zero_point_error = MAGNITUDE * parameters.zp_error
    if not (grid.is_salt and parameters.modelcov):
        return ModelDiscrepancy(0.0 if grid.is_salt else parameters.model_error, zero_point_error).size
    theta, a = fit.split_values(fit.best[None])
    t0, z, _ = fit.posterior.split_theta(theta)
    scatter = SaltScatter(grid, fit.data.rows.bandpasses, float(z[0]), float(z[0]), zero_point_error)
    by_visit = scatter.compute_row_scatter(z, t0, visits.mjd, visits.band)
    return np.asarray(np.sqrt(by_visit.relative_variance(a)[0][0] + by_visit.coherent[0, visits.band] ** 2))


def _compute_bandwidth(flux: Array) -> Array:
    """Return the width (m,) that makes a density of draws (n, m); Silverman 1986, eq. 3.31.

    Without it, precise measurements would seem to tell one draw from the other.
    """
    low, high = np.percentile(flux, [25, 75], axis=0)
    spread = np.minimum(flux.std(axis=0), (high - low) / 1.34)
    return np.asarray(0.9 * spread * len(flux) ** -0.2)


def _compute_bits(probability: Array, mixtures: Sequence[FluxMixture], visits: Visits) -> Array:
    """Compute the expected information of each visit; NaN where a class predicts nothing."""
    is_known = np.all([np.isfinite(mixture.weight).all(axis=0) for mixture in mixtures], axis=0)
    bits = np.full(len(visits.mjd), np.nan)
    noisy = [mixture.add_noise(visits.error).take(is_known) for mixture in mixtures]
    bits[is_known] = compute_expected_information(probability, noisy, EVIDENCE_POWER)
    return bits


def _summarise(outlook: _Outlook) -> dict[str, Any]:
    rows = outlook.rows
    forecast = _decline(rows, outlook.classes, "")
    best = _select_best(outlook)
    return forecast | {
        "message": _describe(outlook, best[0], forecast["entropy_bits"]),
        "measurements": [_summarise_visit(outlook, visit) for visit in best],
        "grid": {
            "mjd": rows.mjd.max() + _NIGHTS,
            "expected_bits": {name: outlook.bits[outlook.visits.band == i] for i, name in enumerate(rows.bands)},
        },
    }


def _select_best(outlook: _Outlook) -> list[int]:
    """Select the best visit of each band, the best band first."""
    order = np.argsort(-np.nan_to_num(outlook.bits, nan=-1.0), kind="stable")
    _, firsts = np.unique(outlook.visits.band[order], return_index=True)
    best = order[np.sort(firsts)]
    return [int(visit) for visit in best if np.isfinite(outlook.bits[visit])][:_MAX_MEASUREMENTS]


def _describe(outlook: _Outlook, best: int, entropy: float) -> str:
    visits = outlook.visits
    if outlook.bits[best] < _LEAST_BITS:
        return (
            f"No measurement of the next {_NIGHTS[-1]:.0f} days with errors like these is expected to tell the classes "
            f"left apart ({', '.join(outlook.classes)})."
        )
    nights = visits.mjd[best] - outlook.rows.mjd.max()
    sentence = (
        f"A measurement in {_name_band(outlook, best)} on MJD {visits.mjd[best]:.1f}, {nights:.0f} "
        f"{'day' if nights == 1 else 'days'} after the last row, is expected to tell most about the class: "
        f"{outlook.bits[best]:.2f} of the {entropy:.2f} bits by which it is uncertain."
    )
    first = _find_best_of_next_night(outlook)
    if first is None or first == best:
        return sentence
    return f"{sentence} One day after the last row, {_name_band(outlook, first)} tells most: {outlook.bits[first]:.2f}."


def _name_band(outlook: _Outlook, visit: int) -> str:
    return outlook.rows.bands[int(outlook.visits.band[visit])]


def _find_best_of_next_night(outlook: _Outlook) -> int | None:
    """Return the best visit of the first night; None if a class predicts nothing then."""
    is_next = (outlook.visits.mjd == outlook.visits.mjd.min()) & np.isfinite(outlook.bits)
    return int(np.argmax(np.where(is_next, outlook.bits, -1.0))) if is_next.any() else None


def _summarise_visit(outlook: _Outlook, visit: int) -> dict[str, Any]:
    visits = outlook.visits
    alone = np.arange(len(visits.mjd)) == visit
    magnitudes = {}
    for group, mixture in zip(outlook.classes, outlook.mixtures, strict=True):
        fluxes = mixture.take(alone).compute_quantiles(np.array(list(_QUANTILES.values())))[:, 0]
        magnitudes[group] = dict(zip(_QUANTILES, map(_to_magnitude, fluxes), strict=True))
    return {
        "mjd": float(visits.mjd[visit]),
        "filter": _name_band(outlook, visit),
        "flux_error": float(visits.error[visit]),
        "expected_bits": float(outlook.bits[visit]),
        "magnitudes": magnitudes,
    }


def _to_magnitude(flux: float) -> float | None:
    """Return the AB magnitude; None where there is no light."""
    return float(ZERO_POINT - 2.5 * np.log10(flux)) if flux > 0 else None
