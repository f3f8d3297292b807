"""Periodograms: known periods are found, powers are the library's, false alarms are honest."""

import json
import time
from typing import Any

import numpy as np
import pytest
from astropy.timeseries import LombScargle
from hypothesis import given, settings, strategies as st

from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.lomb_scargle import BandLightCurve, FrequencyGrid, compute_power, false_alarm_probability
from fitter_lambda.renderer.period_caveats import find_period_caveats
from fitter_lambda.renderer.periodogram import MAX_BINS, MAX_FREQUENCIES, compute_periodogram
from tests.fitter.conftest import Server
from tests.fitter.rendering import json_product, render

PERIOD = 0.567890


def seasons(random: np.random.Generator, count: int, days: float = 1000.0) -> np.ndarray:
    """Times of a survey from the ground: nights of a few hours, half of each year."""
    nights = random.choice(np.arange(0, days)[np.arange(0, days) % 365 < 180], count)
    return np.sort(58000.3 + nights + random.uniform(0, 0.35, count))


def light_curve(bands: dict[str, tuple[float, float, float]], count: int, seed: int = 1) -> dict[str, Any]:
    """Sines of one period with a mean, an amplitude and a phase for each band, and noise of about 1."""
    random = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {"mjd": [], "flux": [], "fluxerr": [], "filter": []}
    for name, (mean, amplitude, phase) in bands.items():
        mjd, error = seasons(random, count), random.uniform(0.6, 1.4, count)
        flux = mean + amplitude * np.sin(2 * np.pi * mjd / PERIOD + phase) + error * random.normal(size=count)
        for column, values in zip(columns.values(), (mjd, flux, error, [name] * count), strict=True):
            column.extend(np.asarray(values).tolist())
    return columns


ONE = light_curve({"ztfr": (50, 2, 0)}, 150)


def band(columns: dict[str, Any], name: str) -> BandLightCurve:
    rows = [i for i, each in enumerate(columns["filter"]) if each == name]
    return BandLightCurve(*(np.array([columns[key][i] for i in rows]) for key in ("mjd", "flux", "fluxerr")))


def random_band(random: np.random.Generator, count: int, days: float = 100.0) -> BandLightCurve:
    error = random.uniform(0.5, 2, count)
    return BandLightCurve(np.sort(random.uniform(0, days, count)), random.normal(size=count) * error, error)


def test_a_period_is_found_through_gaps_and_noise(server: Server) -> None:
    assert render(server, json.dumps(ONE).encode(), "periodogram") == {"ok": True}
    result = json_product(server)
    best = result["best_periods"][0]
    assert best["period"] == pytest.approx(PERIOD, abs=2e-5)
    assert best["frequency"] == pytest.approx(1 / best["period"])
    assert 0 < best["false_alarm_probability"] < 1e-10
    assert result["filters"] == ["ztfr"] and result["num_points"] == 150 and result["nterms"] == 1
    assert result["baseline"] == pytest.approx(np.ptp(ONE["mjd"]))
    assert result["fmin"] == pytest.approx(1 / result["baseline"]) and result["fmax"] == pytest.approx(10)
    assert len(result["frequencies"]) == len(result["power"]) <= MAX_BINS
    assert result["frequencies"] == sorted(result["frequencies"])


def test_bands_together_are_more_significant_than_each_alone() -> None:
    """Means, amplitudes and phases that differ, and too few points in each."""
    columns = light_curve({"g": (10, 1.1, 0), "i": (-300, 0.9, 2), "r": (1000, 1.0, 4)}, 50, seed=4)
    result = compute_periodogram(columns, {})
    assert result["filters"] == ["g", "i", "r"]
    assert result["best_periods"][0]["period"] == pytest.approx(PERIOD, abs=1e-4)
    together = result["best_periods"][0]["false_alarm_probability"]
    for name in "gir":
        alone = {key: [v for v, f in zip(columns[key], columns["filter"], strict=True) if f == name]
                 for key in columns}  # fmt: skip
        assert compute_periodogram(alone, {})["best_periods"][0]["false_alarm_probability"] > 100 * together


def test_harmonics_fit_other_shapes_than_sines() -> None:
    random = np.random.default_rng(3)
    mjd = seasons(random, 300)
    phase = (mjd / 2.345) % 1
    flux = 100 - 6 * np.exp(-0.5 * ((phase - 0.5) / 0.04) ** 2) + random.normal(size=300)
    columns = {"mjd": mjd.tolist(), "flux": flux.tolist(), "fluxerr": [1.0] * 300, "filter": ["g"] * 300}
    sine, shaped = (compute_periodogram(columns, {"nterms": n, "fmin": 0.3}) for n in (1, 5))
    assert shaped["best_periods"][0]["period"] == pytest.approx(2.345, abs=1e-3)
    assert shaped["best_periods"][0]["power"] > 2 * sine["best_periods"][0]["power"]
    chance = [result["best_periods"][0]["false_alarm_probability"] for result in (shaped, sine)]
    assert chance[0] < 1e-3 * chance[1]


@pytest.mark.parametrize("nterms", [1, 2, 5])
def test_powers_are_those_of_astropy(nterms: int) -> None:
    one = band(ONE, "ztfr")
    grid = FrequencyGrid(0.01, 0.0002, 20_011)
    library = LombScargle(one.time, one.flux, one.error, nterms=nterms)
    some = np.random.default_rng(1).integers(0, grid.size, 300)
    expected = library.power(grid.frequencies[some], method="chi2")
    assert compute_power([one], grid, nterms)[some] == pytest.approx(expected, abs=1e-5)


def test_bands_are_weighted_by_their_chi2() -> None:
    """VanderPlas & Ivezić (2015): powers weighted by each band's χ² about its mean."""
    random = np.random.default_rng(2)
    bands = [random_band(random, count) for count in (20, 60)]
    grid = FrequencyGrid(0.01, 0.002, 800)
    totals, powers = [], []
    for each in bands:
        mean = np.average(each.flux, weights=each.error**-2)
        totals.append(np.sum(((each.flux - mean) / each.error) ** 2))
        powers.append(LombScargle(each.time, each.flux, each.error).power(grid.frequencies, method="cython"))
    expected = np.average(powers, axis=0, weights=totals)
    assert compute_power(bands, grid, 1) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("value", [0.2, 0.35, 0.5, 0.8])
def test_false_alarms_of_one_band_are_those_of_astropy(value: float) -> None:
    one = random_band(np.random.default_rng(3), 50)
    library = LombScargle(one.time, one.flux, one.error)
    expected = float(library.false_alarm_probability(value, maximum_frequency=2.0))
    assert false_alarm_probability(value, [one], FrequencyGrid(0, 0.001, 2001), 1) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("number", "nterms"), [(1, 1), (1, 3), (3, 1), (3, 2)])
def test_false_alarms_of_noise_are_rare(number: int, nterms: int) -> None:
    """Of 200 light curves of noise about 20 may say 10 %; it is an upper bound, yet no idle one."""
    random = np.random.default_rng(7)
    grid = FrequencyGrid(0.01, 1 / 800, 1600)
    chances = []
    for _ in range(200):
        bands = [random_band(random, 25) for _ in range(number)]
        chances.append(false_alarm_probability(float(compute_power(bands, grid, nterms).max()), bands, grid, nterms))
    assert 5 <= np.sum(np.array(chances) < 0.1) <= 32


@pytest.mark.parametrize("nterms", [1, 2, 4])
def test_even_times_make_no_spurious_peaks(nterms: int) -> None:
    """At 1 per day, and near, daily times show one phase only: nothing can be told, nothing is."""
    mjd = np.arange(59000.0, 59200.0)
    flux = np.random.default_rng(1).normal(size=200)
    columns = {"mjd": mjd.tolist(), "flux": flux.tolist(), "fluxerr": [1] * 200, "filter": ["g"] * 200}
    result = compute_periodogram(columns, {"nterms": nterms, "fmin": 0.98, "fmax": 1.02})
    powers, frequencies = np.array(result["power"]), np.array(result["frequencies"])
    daily = np.abs(frequencies - 1).argmin()
    assert frequencies[daily] == pytest.approx(1, abs=1e-9) and powers[daily] < 1e-3
    assert powers.min() >= 0 and powers.max() < 0.3
    twice = columns | {"mjd": [59000 + i % 2 for i in range(200)]}
    assert max(compute_periodogram(twice, {"nterms": nterms, "fmin": 0.1})["power"]) < 0.1


def test_rows_without_a_flux_are_left_out_and_counted() -> None:
    columns = {name: [*values] for name, values in ONE.items()}
    for name, value in (("flux", None), ("flux", None), ("fluxerr", 0), ("fluxerr", "1"), ("mjd", None)):
        row = dict(zip(columns, (58100.5, 9e5, 1.0, "ztfr"), strict=True)) | {name: value}
        for key, column in columns.items():
            column.append(row[key])
    for mjd in (58010.0, 58020.0, 58030.0):
        for key, value in zip(columns, (mjd, 1.0, 1.0, "ztfi"), strict=True):
            columns[key].append(value)
    result = compute_periodogram(columns, None)
    assert result["num_left_out"] == 8 and result["num_points"] == 150 and result["filters"] == ["ztfr"]
    assert result["power"] == compute_periodogram(ONE, None)["power"]
    notes = " ".join(result["notes"])
    assert "Of these 1: fluxerr: 0 is not positive" in notes and "Of these 1: fluxerr: '1' is text" in notes
    assert "5 rows without a measured flux" in notes and "ztfi is left out: 3 points" in notes


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("mjd", 8456.7, "JD - 2450000"), ("mjd", 2459000.5, "Julian date; subtract"), ("mjd", 20230101, "calendar"),
        ("mjd", 1.7e9, "seconds"), ("mjd", -99, "modified Julian date"), ("mjd", 0, "modified Julian date"),
        ("fluxerr", -99, "not positive"), ("fluxerr", 0, "not positive"), ("flux", 1e30, "no measurement"),
        ("flux", "243,5", "write a decimal point"), ("flux", True, "no number"),
    ],
)  # fmt: skip
def test_implausible_values_are_left_out_and_explained(name: str, value: Any, words: str) -> None:
    """One date of another kind would stretch the baseline, and with it the frequencies."""
    columns = {key: [*values, values[0]] for key, values in ONE.items()}
    columns[name][-1] = value
    result = compute_periodogram(columns, None)
    assert result["num_left_out"] == 1 and result["baseline"] == compute_periodogram(ONE, None)["baseline"]
    assert result["best_periods"][0]["period"] == pytest.approx(PERIOD, abs=2e-5)
    assert any(note.startswith(f"Of these 1: {name}: ") and words in note for note in result["notes"])


def test_dates_that_are_all_of_another_kind_are_explained() -> None:
    columns = ONE | {"mjd": [mjd - 49999.5 for mjd in ONE["mjd"]]}
    with pytest.raises(RenderError, match=r"too few points .* looks like JD - 2450000"):
        compute_periodogram(columns, None)


def test_best_periods_are_peaks_of_their_own() -> None:
    result = compute_periodogram(ONE, {"peaks": 20, "oversampling": 10})
    frequencies = sorted(best["frequency"] for best in result["best_periods"])
    assert len(frequencies) == 20 and np.diff(frequencies).min() > 1.4 / result["baseline"]
    powers = [best["power"] for best in result["best_periods"]]
    assert powers == sorted(powers, reverse=True)
    # the peak's top lies between frequencies of the grid
    assert max(result["power"]) <= powers[0] + 1e-6


def test_a_long_grid_is_binned_for_display_and_searched_in_full() -> None:
    mjd = np.concatenate([np.array(ONE["mjd"]), [66000.0]])
    columns = {"mjd": mjd.tolist(), "flux": [*ONE["flux"], 50.0], "fluxerr": [*ONE["fluxerr"], 1.0],
               "filter": ["ztfr"] * 151}  # fmt: skip
    result = compute_periodogram(columns, {"fmax": "10"})
    assert 40_000 < len(result["frequencies"]) <= MAX_BINS
    assert any("the strongest of each 8 is shown" in note for note in result["notes"])
    assert result["best_periods"][0]["period"] == pytest.approx(PERIOD, abs=2e-5)
    assert max(result["power"]) == pytest.approx(result["best_periods"][0]["power"], rel=0.05)


def test_the_range_is_automatic_or_an_option() -> None:
    night = np.linspace(59000, 59000.2, 101)
    flux = np.sin(2 * np.pi * 100 * (night - 59000))
    columns = {"mjd": night.tolist(), "flux": flux.tolist(), "fluxerr": [1] * 101, "filter": ["g"] * 101}
    assert compute_periodogram(columns, None)["fmax"] == pytest.approx(252.5)
    assert compute_periodogram(columns, None)["best_periods"][0]["frequency"] == pytest.approx(100, abs=1)
    narrow = compute_periodogram(columns, {"fmin": "20", "fmax": 40, "oversampling": 2})
    assert narrow["frequencies"][0] == 20 and narrow["frequencies"][-1] == pytest.approx(40)
    assert len(narrow["frequencies"]) == 9


def test_the_automatic_range_is_within_the_limits() -> None:
    columns = {
        "mjd": [15020, 15021, 15022.5, 15024, 99999],
        "flux": [1, 2, 3, 1, 2],
        "fluxerr": [1] * 5,
        "filter": ["g"] * 5,
    }
    result = compute_periodogram(columns, {})
    assert result["fmax"] < 1.2 and any(str(MAX_FREQUENCIES) in note for note in result["notes"])


FIVE = {"mjd": [59001, 59002, 59003, 59004.5, 59007], "flux": [1, 2, 3, 1, 2], "fluxerr": [1] * 5, "filter": ["g"] * 5}


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ([], {}, "not an object"),
        ({**FIVE, "flux": None}, {}, "not an object"),
        ({**FIVE, "flux": [1]}, {}, "different lengths"),
        ({**FIVE, "filter": [1] * 5}, {}, "names"),
        ({name: values[:4] for name, values in FIVE.items()}, {}, "too few points"),
        ({**FIVE, "filter": ["a", "b", "c", "d", "e"]}, {}, "at least 5, and 4 in a filter"),
        (FIVE, {"nterms": 2}, "and 6 in a filter"),
        ({**FIVE, "mjd": [59000] * 5}, {}, "same time"),
        ({**FIVE, "flux": [7.1] * 5}, {}, "flux is the same"),
        ({**FIVE, "flux": [1, 2, 3, None, float("nan")]}, {}, "too few points"),
        ({name: values * 50_000 for name, values in FIVE.items()}, {}, "more than 200000 points"),
        ({**{name: values * 20 for name, values in FIVE.items()}, "filter": [f"f{i}" for i in range(100)]},
         {}, "100 filters"),
        (FIVE, {"fmin": 5, "fmax": 5}, "fmin below fmax"),
        (FIVE, {"fmin": 20}, "fmin below fmax, give both"),
        (FIVE, {"fmax": float("nan")}, "fmax is 'nan'; expected a frequency"),
        (FIVE, {"fmax": 1e6, "fmin": 1}, "at most 500000"),
        (FIVE, {"fmin": -1}, "fmin is '-1'"),
        (FIVE, {"nterms": 1.5}, "nterms is '1.5'"),
        (FIVE, {"nterms": True}, "nterms is 'True'"),
        (FIVE, {"peaks": 10**400}, "peaks"),
        (FIVE, {"window": 1}, "window is '1'; expected true or false"),
        (FIVE, {"period": 1}, "choices are: fmax, fmin, nterms, oversampling, peaks, window"),
        (FIVE, [], "options is not an object"),
    ],
)  # fmt: skip
def test_errors_are_described_in_a_sentence(source: Any, options: Any, words: str) -> None:
    with pytest.raises(RenderError) as caught:
        compute_periodogram(source, options)
    assert words in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize("data", [b"", b"\xff", b"[" * 200_000, b'{"mjd": 1e999}', b"null"])
def test_a_source_that_is_no_light_curve_is_refused(server: Server, data: bytes) -> None:
    answer = render(server, data, "periodogram", options={})
    assert not answer["ok"] and "not known" not in answer["error"] and not server.bodies("PUT")


def test_a_source_of_many_megabytes_is_refused(server: Server) -> None:
    answer = render(server, b"[" + b"[]," * 12_000_000, "periodogram")
    assert answer == {"ok": False, "error": "The source has more than 32 MB; send less."}


def test_ten_thousand_points_in_five_bands_are_quick() -> None:
    columns = light_curve({name: (0, 1, i) for i, name in enumerate("ugriz")}, 2000)
    columns["mjd"] = [58000 + 3 * (mjd - 58000) for mjd in columns["mjd"]]
    began = time.monotonic()
    result = compute_periodogram(columns, None)
    assert time.monotonic() - began < 10
    assert result["best_periods"][0]["period"] == pytest.approx(3 * PERIOD, abs=1e-4)


NUMBERS = (
    st.none() | st.booleans() | st.text(max_size=3) | st.integers() | st.floats()
    | st.floats(58000, 60000) | st.integers(-3, 3)
)  # fmt: skip
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["g", "r"])), max_size=40)
GOOD = st.tuples(st.floats(58000, 59000), st.floats(-1e6, 1e6), st.floats(1e-20, 1e6), st.sampled_from(["g", "r"]))
OPTIONS = st.dictionaries(st.sampled_from(["fmin", "fmax", "oversampling", "nterms", "peaks", "window"]), NUMBERS)


@given(ROWS | st.lists(GOOD, min_size=5, max_size=40), OPTIONS | st.none())
@settings(deadline=None, max_examples=100)
def test_any_light_curve_gets_an_answer(rows: list[tuple[Any, ...]], options: Any) -> None:
    source = {name: [row[i] for row in rows] for i, name in enumerate(("mjd", "flux", "fluxerr", "filter"))}
    try:
        result = compute_periodogram(source, options)
    except RenderError as error:
        assert str(error)
    else:
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        assert result["best_periods"] and 0 <= min(result["power"]) <= max(result["power"]) <= 1
        assert all(0 <= best["false_alarm_probability"] <= 1 for best in result["best_periods"])


@given(st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["mjd", "flux", "fluxerr", "filter"]), inner)))  # fmt: skip
@settings(deadline=None)
def test_anything_else_is_refused(source: Any) -> None:
    with pytest.raises(RenderError):
        compute_periodogram(source, None)


def caveats_of(result: dict[str, Any], rank: int = 0) -> dict[str, float]:
    """The caveats of one of the best periods: kind and value."""
    caveats = result["best_periods"][rank]["caveats"]
    assert all(set(caveat) == {"kind", "value", "message"} for caveat in caveats)
    assert all(caveat["message"].endswith(".") and len(caveat["message"]) < 200 for caveat in caveats)
    return {caveat["kind"]: caveat["value"] for caveat in caveats}


def nightly(frequency: float, amplitude: float = 10.0, days: float = 400.0, count: int = 300) -> dict[str, Any]:
    """A sine that is observed at night."""
    random = np.random.default_rng(11)
    mjd = seasons(random, count, days)
    flux = amplitude * np.sin(2 * np.pi * frequency * (mjd - 58000)) + random.normal(size=count)
    return {"mjd": mjd.tolist(), "flux": flux.tolist(), "fluxerr": [1.0] * count, "filter": ["g"] * count}


def test_a_significant_period_has_no_caveat() -> None:
    assert caveats_of(compute_periodogram(nightly(1.7609), None)) == {}


@pytest.mark.parametrize("frequency", [1.7609, 0.3, 2.45])
def test_the_aliases_of_a_day_name_the_stronger_peak(frequency: float) -> None:
    result = compute_periodogram(nightly(frequency), {"peaks": 20, "fmax": 6})
    best = result["best_periods"][0]
    assert best["frequency"] == pytest.approx(frequency, abs=1e-3) and "daily_alias" not in caveats_of(result)
    aliases = {rank: period["frequency"] for rank, period in enumerate(result["best_periods"])
               if caveats_of(result, rank).get("daily_alias") == best["frequency"]}  # fmt: skip
    resolution = 1 / result["baseline"]
    for expected in (abs(1 - frequency), 1 + frequency):
        assert any(abs(alias - expected) <= resolution for alias in aliases.values()), expected
    for rank, alias in aliases.items():
        distances = [abs(abs(sign * alias - frequency) - n * day)
                     for sign in (1, -1) for n in range(1, 12) for day in (1.0, 1.00273791)]  # fmt: skip
        assert rank > 0 and min(distances) <= resolution


@pytest.mark.parametrize(
    ("frequency", "kinds"),
    [(1.0, {"sampling_window": 1}), (1.0006, {"sampling_window": 1}), (2.00547, {"sampling_window": 2}),
     (3.001, {"sampling_window": 3}), (1.01, {}), (1.5, {}), (0.4, {})],
)  # fmt: skip
def test_multiples_of_a_day_are_the_sampling_windows(frequency: float, kinds: dict[str, float]) -> None:
    """A thousand days resolve 0.001 per day, and the Sun's day from the stars'."""
    time = np.linspace(58000, 59000, 400)
    bands = [BandLightCurve(time, time, np.ones(400))]
    caveats = find_period_caveats(frequency, 0.0, [], FrequencyGrid(0.01, 0.001, 5000), bands)
    assert {caveat["kind"]: caveat["value"] for caveat in caveats} == kinds


@pytest.mark.parametrize("frequency", [0.5, 1.0, 2.0])
def test_one_night_has_no_aliases_of_a_day(frequency: float) -> None:
    time = np.linspace(58000, 58000.4, 100)
    bands = [BandLightCurve(time, time, np.ones(100))]
    caveats = find_period_caveats(frequency, 0.0, [frequency + 1], FrequencyGrid(50, 1, 50), bands)
    assert [caveat["kind"] for caveat in caveats] == ["few_cycles"]


@pytest.mark.parametrize(
    ("options", "end"), [({"fmin": 1.5, "fmax": 1.76}, 1.76), ({"fmin": 1.762, "fmax": 1.9}, 1.762)]
)
def test_a_peak_at_an_end_of_the_range_says_so(options: dict[str, Any], end: float) -> None:
    """The maximum of a cut range is where the peak beyond it rises."""
    result = compute_periodogram(nightly(1.7609), options)
    assert caveats_of(result)["range_end"] == pytest.approx(end)


def test_a_trend_is_no_period() -> None:
    columns = nightly(0.0)
    columns["flux"] = [flux + (mjd - 58000) for flux, mjd in zip(columns["flux"], columns["mjd"], strict=True)]
    # sampled at night, the trend also shows at once per day
    assert caveats_of(compute_periodogram(columns, None))["sampling_window"] >= 1
    result = compute_periodogram(columns, {"fmax": 0.5})
    caveats = caveats_of(result)
    assert caveats["few_cycles"] == pytest.approx(result["best_periods"][0]["frequency"] * result["baseline"])
    assert caveats["few_cycles"] < 2


def test_peaks_of_noise_say_that_chance_makes_them() -> None:
    result = compute_periodogram(nightly(1.0, amplitude=0.0, count=40), None)
    for rank, period in enumerate(result["best_periods"]):
        chance = period["false_alarm_probability"]
        assert chance > 0.01 and caveats_of(result, rank)["high_false_alarm_probability"] == chance
