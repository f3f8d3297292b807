"""The forecast of `auto`: what another measurement is expected to tell about the class."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sncosmo
from hypothesis import given, settings, strategies as st
from scipy.special import expit
from scipy.stats import entropy, multivariate_normal, norm

from fitter_lambda.engine.class_forecast import RankedSource, forecast_classes, list_visits
from fitter_lambda.engine.expected_information import FluxMixture, compute_entropy, compute_expected_information
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.none_of_these import NoneProcess
from fitter_lambda.engine.template_ranking import fit_catalogue
from fitter_lambda.entry.fitting import fit as fit_table
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve import LightCurve
from fitter_lambda.input.templates import load_source
from fitter_lambda.output.supernova_fit import SupernovaFit
from tests.fitter.light_curves import parse_payload, sn2019dwz
from tests.fitter.simulate import offer_shared_sources
from tests.fitter.test_none_of_these import BANDS, WAVELENGTH, make_rows

Array = npt.NDArray[np.float64]

fluxes = st.floats(-300, 300)
errors = st.floats(1, 100)
shares = st.floats(0.05, 0.95)


def predict_normal(mean: float, sigma: float) -> FluxMixture:
    return FluxMixture(np.ones((1, 1)), np.array([[mean]]), np.array([[sigma**2]]))


def measure(share: float, *mixtures: FluxMixture, power: float = 1.0) -> float:
    return float(compute_expected_information(np.array([share, 1 - share]), mixtures, power)[0])


def integrate_information(share: float, one: Any, other: Any, power: float) -> float:
    """The entropy of the class less its mean over even quantiles of the flux of either class."""
    quantiles = (np.arange(4000) + 0.5) / 4000
    left = 0.0
    for weight, kind in ((share, one), (1 - share, other)):
        flux = kind.ppf(quantiles)
        odds = np.log(share / (1 - share)) + power * (one.logpdf(flux) - other.logpdf(flux))
        left += weight * float(np.mean(entropy([expit(odds), expit(-odds)], base=2)))
    return float(entropy([share, 1 - share], base=2)) - left


@settings(max_examples=40, deadline=None)
@given(
    share=shares, mean=fluxes, other_mean=fluxes, sigma=errors, other_sigma=errors, power=st.sampled_from([0.5, 1.0])
)
def test_two_normal_predictions_tell_what_quadrature_says(
    share: float, mean: float, other_mean: float, sigma: float, other_sigma: float, power: float
) -> None:
    bits = measure(share, predict_normal(mean, sigma), predict_normal(other_mean, other_sigma), power=power)
    expected = max(integrate_information(share, norm(mean, sigma), norm(other_mean, other_sigma), power), 0.0)
    assert bits == pytest.approx(expected, abs=0.005)


@settings(max_examples=40, deadline=None)
@given(share=shares, seed=st.integers(0, 1000), error=errors)
def test_noise_takes_information_away(share: float, seed: int, error: float) -> None:
    random = np.random.default_rng(seed)
    classes = [
        FluxMixture(np.full((30, 1), 1 / 30), random.normal(0, 100, (30, 1)), random.uniform(20, 200, (30, 1)) ** 2)
        for _ in range(2)
    ]
    precise, coarse = (
        measure(share, *(mixture.add_noise(np.array([noise])) for mixture in classes)) for noise in (error, 3 * error)
    )
    assert 0 <= coarse <= precise + 0.005
    assert precise <= compute_entropy(np.array([share, 1 - share])) + 0.005


@given(share=shares, mean=fluxes, sigma=errors)
def test_classes_that_predict_the_same_cannot_be_told_apart(share: float, mean: float, sigma: float) -> None:
    mixture = predict_normal(mean, sigma)
    assert measure(share, mixture, mixture) == pytest.approx(0, abs=1e-9)


def test_fluxes_that_never_overlap_tell_everything() -> None:
    bits = measure(0.3, predict_normal(0.0, 1.0), predict_normal(1e4, 1.0))
    assert bits == pytest.approx(compute_entropy(np.array([0.3, 0.7])), abs=0.01)


def test_quantiles_are_those_of_the_mixture() -> None:
    mixture = FluxMixture(np.array([[0.25], [0.75]]), np.array([[0.0], [10.0]]), np.array([[1.0], [4.0]]))
    values = mixture.compute_quantiles(np.array([0.1, 0.5, 0.9]))[:, 0]
    below = 0.25 * norm.cdf(values, 0, 1) + 0.75 * norm.cdf(values, 10, 2)
    assert below == pytest.approx([0.1, 0.5, 0.9], abs=0.005)


def test_none_of_these_predicts_by_conditioning_on_the_rows() -> None:
    random = np.random.default_rng(4)
    mjd = 59000.2 + 3 * np.arange(12.0)
    rows = make_rows(mjd, 100 * np.exp(-0.5 * ((mjd - 59012) / 9) ** 2) + 5 * random.normal(size=12), 5.0)
    prediction = NoneProcess(rows, WAVELENGTH).predict_fluxes(np.array([59040.2]), np.array([1]))
    dates = np.append(mjd, 59040.2)
    colours = np.log(WAVELENGTH)[np.append(rows.band, 1)]
    lag, shift = (np.subtract.outer(values, values) for values in (dates, colours))
    means, evidences = [], []
    for amplitude in np.geomspace(0.03, 3.0, 7) * np.abs(rows.flux).max():
        for time in np.geomspace(1.0, 300.0, 9):
            for colour in (0.03, 0.2, 1.0, 5.0):
                covariance = amplitude**2 * np.exp(-0.5 * ((lag / time) ** 2 + (shift / colour) ** 2))
                total = covariance[:-1, :-1] + np.diag(rows.variance)
                means.append(covariance[-1, :-1] @ np.linalg.solve(total, rows.flux))
                evidences.append(multivariate_normal.logpdf(rows.flux, cov=total))
    expected = np.average(means, weights=np.exp(np.array(evidences) - max(evidences)))
    assert prediction.weight.sum() == pytest.approx(1) and np.all(prediction.variance >= 0)
    assert np.sum(prediction.weight * prediction.mean) == pytest.approx(expected, abs=1.0)


def simulate_early(source: str, days: float, **values: float) -> dict[str, Any]:
    """A light curve of ZTF's cadence until some days from t0 = 59000."""
    nights = np.arange(58982.0, 59000.0 + days, 3.0)
    time = np.concatenate([nights, nights + 0.02])
    band = np.repeat(BANDS, len(nights))
    model = sncosmo.Model(load_source(source))
    model.set(z=0.05, t0=59000.0, **values)
    flux = model.bandflux(band, time, zp=23.9, zpsys="ab")
    noise = 15 * np.random.default_rng(5).normal(size=len(time))
    return {"time": time, "band": band, "flux": flux + noise, "fluxerr": np.full(len(time), 15.0)}


@pytest.fixture(scope="module")
def early(shared: Path) -> Iterator[SupernovaFit]:
    """A class Ia, eight days before its maximum, through the templates beside the project."""
    with pytest.MonkeyPatch.context() as patch:
        offer_shared_sources(shared, patch)
        yield fit_table(simulate_early("salt3", -8.0, x0=1.1e-3, x1=0.0, c=0.05), source="auto", z=0.05, n_draws=200)


def test_an_early_light_curve_is_told_what_to_observe_next(early: SupernovaFit) -> None:
    forecast = early.results["forecast"]
    probabilities = early.results["catalogue"]["class_probabilities"]
    left = {group: value for group, value in probabilities.items() if value >= 0.01}
    assert len(left) >= 2 and set(forecast["class_probabilities"]) == set(left)
    entropy = compute_entropy(np.array(list(left.values())) / sum(left.values()))
    assert forecast["entropy_bits"] == pytest.approx(entropy)
    best, second = forecast["measurements"]
    assert {best["filter"], second["filter"]} == set(BANDS)
    assert forecast["entropy_bits"] > best["expected_bits"] >= second["expected_bits"] > 0
    assert best["mjd"] > forecast["last_mjd"] == early.engine_fit.data.rows.mjd.max()
    assert best["flux_error"] == 15.0
    assert f"{best['filter']} on MJD {best['mjd']:.1f}" in forecast["message"]
    assert f"{best['expected_bits']:.2f} of the {forecast['entropy_bits']:.2f} bits" in forecast["message"]


def test_the_best_date_of_a_band_is_the_highest_of_the_grid(early: SupernovaFit) -> None:
    forecast = early.results["forecast"]
    for measurement in forecast["measurements"]:
        bits = forecast["grid"]["expected_bits"][measurement["filter"]]
        highest = max(range(len(bits)), key=lambda i: bits[i] or -1.0)
        assert bits[highest] == measurement["expected_bits"]
        assert forecast["grid"]["mjd"][highest] == pytest.approx(measurement["mjd"])


def test_magnitudes_of_a_class_are_those_of_its_models(early: SupernovaFit) -> None:
    """Class Ia is nearly all of one source here, whose draws give the same median."""
    best = early.results["forecast"]["measurements"][0]
    assert early.results["catalogue"]["sources"][0]["class"] == "Ia"
    band = np.array([early.engine_fit.data.rows.bands.index(best["filter"])])
    flux, _ = early.engine_fit.predict_fluxes(early.engine_fit.draws, np.array([best["mjd"]]), band)
    magnitude = best["magnitudes"]["Ia"]
    assert magnitude["bright"] < magnitude["median"] < magnitude["faint"]
    assert magnitude["median"] == pytest.approx(23.9 - 2.5 * np.log10(np.median(flux)), abs=0.3)


def forecast_sn2019dwz(**parameters: str) -> dict[str, Any]:
    request = parse_payload(sn2019dwz(source="auto", fix_z="True", n_draws=100, **parameters))
    return fit_catalogue(request, lambda done, message: None).forecast


def test_without_class_probabilities_there_is_no_forecast() -> None:
    forecast = forecast_sn2019dwz(priors="flat")
    assert forecast["measurements"] == [] and forecast["entropy_bits"] is None
    assert forecast["message"] == "No forecast: there are no class probabilities."


def test_a_class_that_is_certain_needs_no_forecast(fit: Fit) -> None:
    forecast = forecast_twins(fit, fit.data.rows, share=0.995)
    assert forecast["measurements"] == [] and forecast["grid"] is None and forecast["entropy_bits"] == 0
    assert forecast["message"] == "No forecast is needed: Ia has 99.5 %."


def forecast_twins(fit: Fit, rows: LightCurve, share: float = 0.6) -> dict[str, Any]:
    """Two classes, each with the same one model."""
    twins = [RankedSource(group, 0.0, fit) for group in ("Ia", "other")]
    no_process = NoneProcess(fit.posterior.rows, np.array([1.0]))
    return forecast_classes(rows, twins, {"Ia": share, "other": 1 - share}, no_process, Parameters())


def test_classes_with_the_same_models_are_not_told_apart(fit: Fit) -> None:
    forecast = forecast_twins(fit, replace(fit.data.rows, mjd=fit.data.rows.mjd - 45))
    assert all(measurement["expected_bits"] == pytest.approx(0, abs=1e-9) for measurement in forecast["measurements"])
    assert forecast["message"].startswith("No measurement of the next 60 days")
    assert forecast["message"].endswith("is expected to tell the classes left apart (Ia, other).")


def test_old_rows_are_told(fit: Fit) -> None:
    rows = fit.data.rows
    forecast = forecast_twins(fit, replace(rows, mjd=rows.mjd + 400))
    assert forecast["measurements"] == []
    assert forecast["message"].startswith("No forecast: the models of the classes left (Ia, other) end too soon")


def test_a_visit_has_the_median_error_of_its_band(fit: Fit) -> None:
    rows = fit.data.rows
    visits = list_visits(rows)
    for band in range(len(rows.bandpasses)):
        assert np.all(visits.error[visits.band == band] == np.median(rows.fluxerr[rows.band == band]))
    assert np.all(visits.mjd > rows.mjd.max())
