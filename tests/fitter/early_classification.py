"""Classes of early light curves: ``python -m tests.fitter.early_classification --number 100``.

Supernovae are drawn by the rates of their classes, at redshifts by volume, and observed every three nights in g and r
to the depth of the Zwicky Transient Facility, or every five in g, r, i and z to that of the Dark Energy Survey's
supernova fields (``--survey des``). Their light curves are cut at some days from the maximum in rest-frame
B, and `auto` classifies what is left if it has enough detections. So drawn, probabilities should be right as often as
they say. With ``--hold-out`` the source that a supernova was drawn from is kept from the ranking, as real supernovae
are of no template; with ``--observe-forecast`` the measurement that the forecast proposes is made, too.
"""

import argparse
import itertools
import math
import multiprocessing
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine import template_ranking
from fitter_lambda.engine.distances import supernova_rate
from fitter_lambda.engine.expected_information import compute_entropy
from fitter_lambda.engine.priors import RedshiftPrior
from fitter_lambda.engine.supernova_classes import CLASSES, RATES
from fitter_lambda.entry.fitting import fit
from fitter_lambda.errors import FitterError
from fitter_lambda.input.sncosmo_registries import get_source_types
from fitter_lambda.input.templates import list_local_sources, load_source
from tests.fitter.simulate import Case

__all__ = ["CUTS", "SURVEYS", "Event", "Outcome", "Survey", "classify", "draw_event", "main", "summarise"]

Array = npt.NDArray[np.float64]

#: Days from maximum (rest-frame B) after which rows are left out.
CUTS = {"-5 d": -5.0, "0 d": 0.0, "+10 d": 10.0, "whole": math.inf}
#: What supernovae are drawn from, if it is here.
_SOURCES = {"Ia": ("salt3",), "stripped": ("v19-1998bw-corr", "v19-2007y-corr"), "II": ("nugent-sn2p", "s11-2004hx")}
_T0 = 59000.0
_EPOCHS = (58950.0, 59090.0)
_DETECTION_SIGMA, _FEWEST_DETECTIONS = 5.0, 3
_LEAST_PROBABILITY = 1e-6
_CONFIDENCES = (0.0, 0.5, 0.7, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Survey:
    """A survey.

    Attributes
    ----------
    bands : tuple of str
    cadence : float
        Days between visits of all bands.
    error : float
        Median flux error (micro-Jansky): a fifth of the flux of the limiting magnitude.
    redshifts : tuple of float
        The lowest and the highest.
    """

    bands: tuple[str, ...]
    cadence: float
    error: float
    redshifts: tuple[float, float]


#: To magnitude 20.5, and to 24.
SURVEYS = {
    "ztf": Survey(("ztfg", "ztfr"), 3.0, 4.6, (0.01, 0.1)),
    "des": Survey(("desg", "desr", "desi", "desz"), 5.0, 0.18, (0.1, 0.8)),
}


@dataclass(frozen=True)
class Event:
    """A supernova and its whole light curve, as columns of a table."""

    group: str
    source: str
    case: Case
    truth: dict[str, float]
    peak_mjd: float
    photometry: dict[str, Any]

    def cut(self, days: float) -> dict[str, Any]:
        """The rows until some days after the maximum."""
        is_early = self.photometry["time"] <= self.peak_mjd + days
        return {name: column[is_early] for name, column in self.photometry.items()}


@dataclass(frozen=True)
class Outcome:
    """What `auto` said: `probabilities` is None where it said nothing.

    Of the forecast: the bits that the best measurement was expected to give, and those that it gave.
    """

    cut: str
    group: str
    probabilities: dict[str, float] | None
    expected_bits: float | None = None
    gained_bits: float | None = None


def draw_event(random: np.random.Generator, survey: Survey = SURVEYS["ztf"]) -> Event:
    """A supernova that is detected at some time; the class is drawn anew with each try."""
    while True:
        event = _draw_any_event(random, survey)
        if is_detected(event.photometry):
            return event


def _draw_any_event(random: np.random.Generator, survey: Survey) -> Event:
    here = list_local_sources()
    sources = {group: [name for name in names if name in here] for group, names in _SOURCES.items()}
    groups = [group for group, names in sources.items() if names]
    rates = np.array([RATES[group] for group in groups])
    group = str(random.choice(groups, p=rates / rates.sum()))
    source = str(random.choice(sources[group]))
    z = _draw_redshift(random, survey.redshifts)
    is_dusty = CLASSES[get_source_types()[source]].is_dusty
    fixed = RedshiftPrior("fixed", z, 0.0, z, z)
    case = Case(source, source, fixed, (_T0, _T0), _EPOCHS, survey.cadence, survey.error, survey.bands, dust=is_dusty)
    truth = case.draw_parameters(random)
    rows = case.observe(truth, random)
    peak = _T0 + (1 + z) * float(load_source(source).peakphase("bessellb"))
    photometry = {
        "time": rows.mjd, "band": np.array(rows.bands)[rows.band], "flux": rows.flux, "fluxerr": rows.fluxerr,
    }  # fmt: skip
    return Event(group, source, case, truth, peak, photometry)


def _draw_redshift(random: np.random.Generator, redshifts: tuple[float, float]) -> float:
    z = np.linspace(*redshifts, 1000)
    share = np.cumsum(supernova_rate(z))
    return float(np.interp(random.uniform(share[0], share[-1]), share, z))


def is_detected(photometry: dict[str, Any]) -> bool:
    """Whether a light curve has enough detections to be looked at; a property of the data alone."""
    significance = photometry["flux"] / photometry["fluxerr"]
    return bool(np.sum(significance > _DETECTION_SIGMA) >= _FEWEST_DETECTIONS)


def classify(event: Event, cut: str, hold_out: bool, random: np.random.Generator | None) -> Outcome | None:
    """What `auto` says of an early light curve; None if it is not fitted.

    `random` makes the forecast's measurement; None leaves it out.
    """
    photometry = event.cut(CUTS[cut])
    if not is_detected(photometry):
        return None
    names = [name for name in list_local_sources() if not (hold_out and name == event.source)]
    with mock.patch.object(template_ranking, "list_local_sources", lambda: names):
        try:
            first = _rank(photometry, event)
            probabilities = first.ranking["class_probabilities"]
            if random is None or not first.forecast["measurements"]:
                return Outcome(cut, event.group, probabilities)
            measurement = first.forecast["measurements"][0]
            second = _rank(_observe(event, photometry, measurement, random), event)
        except FitterError:
            return None
    later = second.ranking["class_probabilities"]
    gained = later and _compute_entropy(probabilities) - _compute_entropy(later)
    return Outcome(cut, event.group, probabilities, measurement["expected_bits"], gained)


def _compute_entropy(probabilities: dict[str, float]) -> float:
    return compute_entropy(np.array(list(probabilities.values())))


def _rank(photometry: dict[str, Any], event: Event) -> Any:
    return fit(photometry, source="auto", z=event.truth["z"], n_draws=100, mwebv=event.case.parameters.mwebv)


def _observe(
    event: Event, photometry: dict[str, Any], measurement: dict[str, Any], random: np.random.Generator
) -> dict[str, Any]:
    """The rows with one more, as the forecast has it."""
    flux = event.case.predict_flux(event.truth, measurement["mjd"], measurement["filter"])
    error = measurement["flux_error"]
    row = {
        "time": measurement["mjd"], "band": measurement["filter"], "flux": flux + error * random.normal(),
        "fluxerr": error,
    }  # fmt: skip
    return {name: np.append(column, row[name]) for name, column in photometry.items()}


def _run(task: tuple[int, str, bool, bool]) -> list[Outcome]:
    seed, survey, hold_out, observes = task
    random = np.random.default_rng(seed)
    event = draw_event(random, SURVEYS[survey])
    outcomes = [classify(event, cut, hold_out, random if observes else None) for cut in CUTS]
    return [outcome for outcome in outcomes if outcome]


def summarise(outcomes: list[Outcome]) -> list[str]:
    """Lines with accuracy, log loss, reliability, and what came of the forecasts."""
    pairs = [(one.group, one.probabilities) for one in outcomes if one.probabilities is not None]
    if not pairs:
        return [f"{len(outcomes)} light curves, none with probabilities"]
    truth = np.array([group for group, _ in pairs])
    guess, highest = (np.array(column) for column in zip(*(_get_likeliest(told) for _, told in pairs), strict=True))
    loss = np.array([-math.log(max(told.get(group, 0.0), _LEAST_PROBABILITY)) for group, told in pairs])
    is_right = guess == truth
    shares = ", ".join(f"{group} {is_right[truth == group].sum()} of {np.sum(truth == group)}" for group in _SOURCES)
    line = (
        f"{len(pairs)} light curves ({len(outcomes) - len(pairs)} more without probabilities): "
        f"accuracy {is_right.mean():.2f} ({shares}), log loss {loss.mean():.2f} +- {_compute_error(loss):.2f}"
    )
    return [line, *_summarise_reliability(highest, is_right), *_summarise_forecasts(outcomes)]


def _get_likeliest(probabilities: dict[str, float]) -> tuple[str, float]:
    return max(probabilities.items(), key=lambda item: item[1])


def _compute_error(values: Array) -> float:
    """The standard error of a mean."""
    return float(np.std(values) / math.sqrt(len(values)))


def _summarise_reliability(highest: Array, is_right: npt.NDArray[np.bool_]) -> list[str]:
    lines = []
    for low, high in itertools.pairwise(_CONFIDENCES):
        at = (highest > low) & (highest <= high)
        if at.any():
            lines.append(
                f"  highest probability {low:.2f} to {high:.2f}: {at.sum():4d}, mean {highest[at].mean():.2f}, "
                f"right {is_right[at].mean():.2f}"
            )
    return lines


def _summarise_forecasts(outcomes: list[Outcome]) -> list[str]:
    pairs = [(one.expected_bits, one.gained_bits) for one in outcomes if one.gained_bits is not None]
    if not pairs:
        return []
    expected, gained = np.array(pairs, dtype=float).T
    error = _compute_error(gained)
    return [f"  {len(pairs)} forecasts: expected {expected.mean():.2f} bits, gained {gained.mean():.2f} +- {error:.2f}"]


def _track(results: Iterator[list[Outcome]], number: int) -> Iterator[list[Outcome]]:
    for done, outcomes in enumerate(results, start=1):
        print(f"\r{done} of {number} supernovae", end="", file=sys.stderr, flush=True)
        yield outcomes
    print(file=sys.stderr)


def main(arguments: list[str]) -> int:
    """Classify simulated supernovae, and print how often that is right."""
    parser = argparse.ArgumentParser(description="Classes of light curves that are cut early.")
    parser.add_argument("--number", type=int, default=100, help="supernovae")
    parser.add_argument("--first", type=int, default=0, help="seed of the first one")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--survey", choices=SURVEYS, default="ztf")
    parser.add_argument("--hold-out", action="store_true", help="keep a supernova's own source from the ranking")
    parser.add_argument("--observe-forecast", action="store_true", help="make the measurement that is proposed")
    options = parser.parse_args(arguments)
    seeds = range(options.first, options.first + options.number)
    tasks = [(seed, options.survey, options.hold_out, options.observe_forecast) for seed in seeds]
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        outcomes = [one for some in _track(pool.imap_unordered(_run, tasks), options.number) for one in some]
    for cut in CUTS:
        for number, line in enumerate(summarise([outcome for outcome in outcomes if outcome.cut == cut])):
            print(line if number else f"{cut:6s} {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
