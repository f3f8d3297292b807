"""Peaks of a periodogram: which is a period of its own, which an alias, and how well each is known."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fitter_lambda.renderer.lomb_scargle import BandLightCurve, FrequencyGrid, compute_window
from fitter_lambda.renderer.periodogram import MAX_BINS, compute_periodogram

RR_LYRAE = 0.542746
ROLES = {"candidate", "alias", "harmonic", "sampling", "range_end", "noise"}


def observe_nights(random: np.random.Generator, count: int, days: int) -> np.ndarray:
    """Times of one site: one a night, within two hours or so of its middle."""
    nights = random.choice(days, count, replace=count > days)
    return np.sort(59000.3 + nights + random.normal(0, 0.08, count))


def make_columns(band_fluxes: dict[str, tuple[np.ndarray, np.ndarray]], error: float, seed: int) -> dict[str, Any]:
    """A light curve of times and fluxes by band, with noise."""
    random = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {"mjd": [], "flux": [], "fluxerr": [], "filter": []}
    for name, (time, flux) in band_fluxes.items():
        noisy = flux + error * random.normal(size=len(time))
        for column, values in zip(
            columns.values(), (time, noisy, [error] * len(time), [name] * len(time)), strict=True
        ):
            column.extend(np.asarray(values).tolist())
    return columns


def rr_lyrae(period: float = RR_LYRAE, seed: int = 1, count: int = 60, days: int = 150, error: float = 2.0) -> Any:
    """A sawtooth of 40 units about 100 in three bands, from one site."""
    random = np.random.default_rng(seed)
    bands = {}
    for i, name in enumerate(("ztfg", "ztfi", "ztfr")):
        time = observe_nights(random, count, days)
        shape = sum(np.sin(2 * np.pi * k * time / period) / k for k in (1, 2, 3))
        bands[name] = (time, 100 - 20 * i + (40 - 8 * i) * np.asarray(shape))
    return make_columns(bands, error, seed)


def sine(frequency: float, seed: int = 1, amplitude: float = 10.0, count: int = 200, days: int = 300) -> Any:
    time = observe_nights(np.random.default_rng(seed), count, days)
    return make_columns({"g": (time, amplitude * np.sin(2 * np.pi * frequency * time))}, 1.0, seed)


def get_candidates(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [best for best in result["best_periods"] if best["role"] == "candidate"]


@pytest.mark.parametrize(
    "options", [{}, {"peaks": 30}, {"nterms": 2}, {"nterms": 3, "peaks": 20}, {"oversampling": 12}]
)
def test_an_rr_lyrae_has_one_candidate_and_its_aliases_say_so(options: dict[str, Any]) -> None:
    result = compute_periodogram(rr_lyrae(), options)
    (candidate,) = get_candidates(result)
    assert candidate is result["best_periods"][0]
    assert candidate["period"] == pytest.approx(RR_LYRAE, abs=4 * candidate["period_error"])
    assert candidate["description"] == "strongest period" and candidate["related_frequency"] is None
    aliases = [best for best in result["best_periods"] if best["role"] == "alias"]
    frequency = candidate["frequency"]
    for expected, formula in ((frequency - 1, "(f − 1)"), (frequency + 1, "(f + 1)")):
        alias = next(each for each in aliases if abs(each["frequency"] - expected) < 1 / result["baseline"])
        assert alias["description"].startswith("1-day alias of 0.5427") and alias["description"].endswith(formula)
        assert alias["related_frequency"] == frequency and alias["delta_chi2"] > 9
        # as high as no noise is, and nothing of its own
        assert alias["false_alarm_probability"] < 1e-10 and alias["prewhitened_false_alarm_probability"] > 0.01


@pytest.mark.parametrize("period", [0.11, 0.3512, 0.7, 2.345, 17.3])
@pytest.mark.parametrize("seed", [2, 3])
def test_other_periods_have_one_candidate_too(period: float, seed: int) -> None:
    result = compute_periodogram(rr_lyrae(period, seed, error=1.0), {"peaks": 15})
    (candidate,) = get_candidates(result)
    assert candidate["period"] == pytest.approx(period, rel=2e-3)


def test_years_of_seasons_make_yearly_aliases() -> None:
    random = np.random.default_rng(1)
    nights = random.choice(np.arange(1500)[np.arange(1500) % 365 < 150], 400)
    time = np.sort(59000.3 + nights + random.normal(0, 0.08, 400))
    columns = make_columns({"g": (time, 10 * np.sin(2 * np.pi * time / 3.21))}, 1.0, 1)
    result = compute_periodogram(columns, {"peaks": 10, "fmax": 0.9})
    assert [best["frequency"] for best in get_candidates(result)] == [pytest.approx(1 / 3.21, abs=1e-4)]
    yearly = [best for best in result["best_periods"] if "1-cycle-per-year alias of 3.2" in best["description"]]
    assert len(yearly) == 2 and all(best["caveats"][0]["kind"] == "yearly_alias" for best in yearly)


def test_a_second_period_is_a_candidate_with_aliases_of_its_own() -> None:
    columns = sine(1.8425, count=300)
    time = np.array(columns["mjd"])
    columns["flux"] = (np.array(columns["flux"]) + 5 * np.sin(2 * np.pi * 7.3 * time)).tolist()
    result = compute_periodogram(columns, {"peaks": 12})
    first, second = get_candidates(result)
    assert (first["frequency"], second["frequency"]) == (pytest.approx(1.8425, abs=1e-3), pytest.approx(7.3, abs=1e-3))
    assert second["description"].startswith("remains when 0.5427") and second["description"].endswith("is subtracted")
    assert second["prewhitened_false_alarm_probability"] < 1e-6
    related = {best["related_frequency"] for best in result["best_periods"] if best["role"] == "alias"}
    assert related == {first["frequency"], second["frequency"]}


def test_a_second_period_that_the_first_one_hides_is_a_candidate() -> None:
    """Beside the first it is as high as noise; once that is subtracted it is significant."""
    columns = sine(1.8425, count=150)
    time = np.array(columns["mjd"])
    columns["flux"] = (np.array(columns["flux"]) + 3 * np.sin(2 * np.pi * 7.3 * time)).tolist()
    result = compute_periodogram(columns, {"peaks": 50})
    hidden = min(result["best_periods"], key=lambda best: abs(best["frequency"] - 7.3))
    assert hidden["frequency"] == pytest.approx(7.3, abs=2e-3) and hidden["role"] == "candidate"
    assert hidden["false_alarm_probability"] > 0.01 > hidden["prewhitened_false_alarm_probability"]
    assert "high_false_alarm_probability" not in {caveat["kind"] for caveat in hidden["caveats"]}


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_candidate(seed: int) -> None:
    result = compute_periodogram(sine(1.0, seed, amplitude=0.0), {"peaks": 10})
    if result["best_periods"][0]["false_alarm_probability"] > 0.01:
        assert {best["role"] for best in result["best_periods"]} <= {"noise", "sampling", "range_end"}


def test_the_rhythm_of_the_observations_is_no_candidate() -> None:
    columns = sine(0.3, amplitude=0.0)
    columns["flux"] = [
        flux + 20 * np.sin(2 * np.pi * mjd) for flux, mjd in zip(columns["flux"], columns["mjd"], strict=True)
    ]
    result = compute_periodogram(columns, {"peaks": 4})
    assert result["best_periods"][0]["role"] == "sampling" and not get_candidates(result)
    assert result["best_periods"][0]["description"] == "rhythm of the observations: 1 per day"


@pytest.mark.parametrize(
    ("options", "name"), [({"fmin": 1.5, "fmax": 1.8424}, "upper"), ({"fmin": 1.8426, "fmax": 2}, "lower")]
)
def test_a_peak_at_an_edge_is_no_candidate_and_has_no_error(options: dict[str, Any], name: str) -> None:
    best = compute_periodogram(sine(1.8425), options)["best_periods"][0]
    assert best["role"] == "range_end" and f"at the {name} edge of the range" in best["description"]
    assert best["period_error"] is best["frequency_error"] is None


@pytest.mark.parametrize("options", [{"fmax": 1.6}, {"fmin": 2.2}])
def test_a_true_period_outside_the_range_is_pointed_out(options: dict[str, Any]) -> None:
    """Inside, only its alias is seen, and would be taken for it."""
    best = compute_periodogram(sine(1.8425), options)["best_periods"][0]
    (rival,) = [caveat for caveat in best["caveats"] if caveat["kind"] == "rival_peak"]
    assert rival["value"] == pytest.approx(1.8425, abs=1e-3) and rival["message"].startswith("Outside the range")


def test_an_alias_that_fits_as_well_is_a_rival() -> None:
    """So few points that chance decides between a period and its alias."""
    rivals = 0
    for seed in range(10):
        strongest, second, *_ = compute_periodogram(sine(1.8425, seed, 4.0, 18, 60), {})["best_periods"]
        has_rival = any(caveat["kind"] == "rival_peak" for caveat in strongest["caveats"])
        assert has_rival == (second["delta_chi2"] < 9 and strongest["false_alarm_probability"] <= 0.01)
        rivals += has_rival
    assert rivals


@pytest.mark.parametrize(("number", "nterms", "amplitude"), [(1, 1, 3.0), (1, 1, 30.0), (3, 1, 1.5), (2, 2, 2.0)])
def test_errors_of_periods_are_standard_deviations(number: int, nterms: int, amplitude: float) -> None:
    """Of 200 simulated light curves, deviations in units of the error have the standard deviation 1 ± 0.05."""
    pulls = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        frequency = random.uniform(1.3, 2.3)
        columns: dict[str, list[Any]] = {"mjd": [], "flux": [], "fluxerr": [], "filter": []}
        for i in range(number):
            time, error = 59000 + random.uniform(0, 100, 60), random.uniform(0.6, 1.4, 60)
            angle = 2 * np.pi * frequency * time + i
            flux = amplitude * (np.sin(angle) + (nterms - 1) * np.sin(2 * angle) / 2) + error * random.normal(size=60)
            for column, values in zip(columns.values(), (time, flux, error, np.full(60, str(i))), strict=True):
                column.extend(values.tolist())
        options = {"fmin": frequency - 0.1, "fmax": frequency + 0.1, "nterms": nterms, "peaks": 1}
        (best,) = compute_periodogram(columns, options)["best_periods"]
        pulls.append((best["period"] - 1 / frequency) / best["period_error"])
    assert 0.85 < np.std(pulls) < 1.15 and abs(np.mean(pulls)) < 0.25


def test_errors_of_one_sine_are_montgomery_and_o_donoghues() -> None:
    time, amplitude, sigma = 59000 + np.arange(0, 50, 0.1), 2.0, 0.5
    columns = make_columns({"g": (time, amplitude * np.sin(2 * np.pi * 1.37 * time))}, sigma, 1)
    best = compute_periodogram(columns, {"fmin": 1, "fmax": 2})["best_periods"][0]
    expected = np.sqrt(6 / len(time)) * sigma / (np.pi * 50 * amplitude)
    assert best["frequency_error"] == pytest.approx(expected, rel=0.1)
    assert best["period_error"] == pytest.approx(best["frequency_error"] / best["frequency"] ** 2)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_errors_do_not_depend_on_the_unit(factor: float) -> None:
    columns = sine(1.8425)
    scaled = columns | {name: [factor * value for value in columns[name]] for name in ("flux", "fluxerr")}
    errors = [compute_periodogram(each, {})["best_periods"][0]["period_error"] for each in (columns, scaled)]
    assert errors[0] == pytest.approx(errors[1], rel=1e-3)


def test_underestimated_errors_are_scaled_and_overestimated_ones_taken() -> None:
    columns = sine(1.8425)
    usual, under, over = (
        compute_periodogram(columns | {"fluxerr": [error] * 200}, {})["best_periods"][0]["period_error"]
        for error in (1.0, 0.01, 10.0)
    )
    assert under == pytest.approx(usual, rel=0.15) and over == pytest.approx(10 * usual, rel=0.15)


def test_the_sampling_window_is_the_power_of_the_times() -> None:
    random = np.random.default_rng(1)
    bands = [BandLightCurve(random.uniform(0, 30, 40), random.normal(size=40), random.uniform(1, 2, 40)) for _ in "gr"]
    grid = FrequencyGrid(0.0, 0.01, 300)
    window = compute_window(bands, grid)
    assert window[0] == pytest.approx(1)
    (time, error), i = (bands[0].time, bands[0].error), 123
    expected = (
        np.abs(np.sum(error**-2.0 * np.exp(2j * np.pi * grid.frequencies[i] * time))) ** 2 / np.sum(error**-2.0) ** 2
    )
    assert compute_window(bands[:1], grid)[i] == pytest.approx(expected, abs=1e-8)
    low, high = sorted(compute_window([band], grid)[i] for band in bands)
    assert low <= window[i] <= high


def test_the_sampling_window_comes_on_demand_and_shows_the_day() -> None:
    columns = rr_lyrae()
    assert compute_periodogram(columns, {})["window_power"] is None
    result = compute_periodogram(columns, {"window": "true"})
    frequencies, window = np.array(result["frequencies"]), np.array(result["window_power"])
    assert frequencies[window.argmax()] == pytest.approx(1, abs=1 / result["baseline"]) and window.max() > 0.5


def test_a_binned_window_keeps_its_peaks() -> None:
    columns = sine(1.8425)
    columns = {
        name: [*values, last] for (name, values), last in zip(columns.items(), (66000.0, 0.0, 1.0, "g"), strict=True)
    }
    result = compute_periodogram(columns, {"window": True})
    assert len(result["window_power"]) == len(result["frequencies"]) <= MAX_BINS
    near_day = np.abs(np.array(result["frequencies"]) - 1) < 0.01
    assert np.array(result["window_power"])[near_day].max() > 0.5


def test_peaks_above_the_false_alarm_level_are_significant() -> None:
    result = compute_periodogram(sine(1.8425, amplitude=1.5), {"peaks": 30})
    for best in result["best_periods"]:
        assert (best["power"] > result["false_alarm_level"]) == (best["false_alarm_probability"] < 0.01)
    assert {best["power"] > result["false_alarm_level"] for best in result["best_periods"]} == {True, False}


@given(
    st.integers(5, 40), st.floats(0.01, 2000), st.integers(1, 3), st.sampled_from([1e-3, 1.0, 1e3]), st.integers(0, 99)
)
@settings(deadline=None, max_examples=60)
def test_every_peak_has_a_role_and_a_finite_error(
    count: int, days: float, nterms: int, error: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    time = 59000 + random.uniform(0, days, max(count, 2 * nterms + 2))
    columns = make_columns({"g": (time, np.sin(9 * time))}, error, seed)
    result = compute_periodogram(columns, {"nterms": nterms, "window": True})
    frequencies = {best["frequency"] for best in result["best_periods"]}
    for best in result["best_periods"]:
        assert best["role"] in ROLES and best["description"] and best["delta_chi2"] >= 0
        assert 0 <= best["prewhitened_false_alarm_probability"] <= 1
        assert best["period_error"] is None or 0 < best["period_error"] < np.inf
        assert best["related_frequency"] in {None} | (frequencies - {best["frequency"]})
