import json
import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, strategies as st

from fitter_lambda.engine.fit_data import build_fit_data
from fitter_lambda.errors import ParameterError, PayloadError
from fitter_lambda.input.fit_parameters import PARAMETERS, Parameters, parse_parameters
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.light_curve import LightCurve, build_light_curve
from fitter_lambda.input.light_curve_rows import parse_csv_rows
from heliograph.errors import InputError
from tests.fitter.light_curves import COLUMNS, parse_payload, payload

ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
ROW = {"mjd": 59000.5, "flux": 100, "fluxerr": 10, "filter": "ztfg", "zp": 23.9, "magsys": "ab"}


def split(*rows: dict[str, Any], **parameters: Any) -> tuple[LightCurve, list[str]]:
    text = payload(list(rows))["inputs"]["photometry"]
    light_curve, excluded = build_light_curve(parse_csv_rows(text).rows, Parameters(**parameters))
    return light_curve, [item.reason for item in excluded]


def test_text_of_a_web_form_is_understood() -> None:
    options = {"source": " SALT3 ", "fix_z": "True", "z_max": "0.1", "n_draws": "999", "mwebv": "", "seed": 7}
    expected = Parameters(source="salt3", fix_z=True, z_max=0.1, n_draws=999, seed=7)
    assert parse_parameters(options) == expected


@pytest.mark.parametrize(
    ("text", "floors"),
    [
        ("0.02", {"": 0.02}),
        ("ZTFg: 0.02, ps1::r: 0.01", {"ztfg": 0.02, "ps1::r": 0.01}),
        ("0.03, ztfr: 0.01,", {"": 0.03, "ztfr": 0.01}),
        ({"ztfg": "0.02", "ztfr": 0}, {"ztfg": 0.02, "ztfr": 0.0}),
        ("0.03, ztfr: 0", {"": 0.03, "ztfr": 0.0}),
    ],
)
def test_an_error_floor_is_for_all_or_by_band(text: Any, floors: dict[str, float]) -> None:
    assert dict(parse_parameters({"error_floor": text}).error_floor) == floors


def test_a_version_is_case_sensitive() -> None:
    assert parse_parameters({"source": " SALT2@T21 "}).source == "salt2@T21"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"error_floor": "ztfg: 0.02, junk"}, ["error_floor", "junk", "0 to 1"]),
        ({"sorce": "salt3"}, ["sorce", "did you mean source", "z_min", "n_draws"]),
        ({"fix_z": "maybe"}, ["maybe", "auto", "True", "False"]),
        ({"mwebv": "nan"}, ["mwebv", "0 to 5"]),
        ({"n_draws": 1e9}, ["n_draws", "20000"]),
        ({"n_draws": 1000.5}, ["whole number"]),
        ({"z_min": 0.5, "z_max": 0.1}, ["z_min", "below z_max"]),
        ({"mjd_min": 59000, "mjd_max": 58000}, ["mjd_min"]),
        ({"seed": True}, ["seed"]),
        (["source"], ["not an object"]),
    ],
)
def test_a_wrong_parameter_is_named_with_the_choices(options: object, words: list[str]) -> None:
    with pytest.raises(ParameterError) as error:
        parse_parameters(options)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_the_offered_parameters_have_the_defaults_that_are_used() -> None:
    defaults = {name: entry["default"] for name, entry in PARAMETERS.items() if "default" in entry}
    assert parse_parameters(defaults) == Parameters()
    assert list(PARAMETERS) == list(Parameters.__dataclass_fields__)
    assert json.loads(json.dumps(PARAMETERS)) == PARAMETERS
    for entry in PARAMETERS.values():
        assert isinstance(entry, list) or entry["type"] in ("string", "number", "file")


@given(ANYTHING)
def test_any_parameters_are_parsed_or_refused(options: Any) -> None:
    try:
        assert isinstance(parse_parameters(options), Parameters)
    except PayloadError as error:
        assert str(error)


@given(ANYTHING, ANYTHING, st.text())
def test_any_payload_is_parsed_or_refused(anything: Any, parameters: Any, text: str) -> None:
    inputs = {"photometry": text, "redshift": text, "analysis_parameters": parameters}
    for candidate in (anything, {"inputs": anything}, {"inputs": inputs}, {"inputs": inputs | {"redshift": ""}}):
        try:
            assert isinstance(parse_payload(candidate), FitRequest)
        except (InputError, PayloadError) as error:
            assert str(error)


@given(st.lists(st.lists(st.text(alphabet="0123456789.-+eE nafiINztgr,\"'\0", max_size=12), max_size=8)))
def test_any_rows_are_kept_or_excluded_with_a_reason(cells: list[list[str]]) -> None:
    text = "\n".join([",".join(COLUMNS), *(",".join(row) for row in cells)])
    try:
        rows = parse_csv_rows(text).rows
    except PayloadError:
        return
    light_curve, excluded = build_light_curve(rows, Parameters())
    assert len(light_curve) + len(excluded) == len(rows)
    assert all(item.reason for item in excluded)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fluxerr": 0}, "not positive"),
        ({"fluxerr": -1}, "not positive"),
        ({"fluxerr": ""}, "no flux error"),
        ({"flux": "", "fluxerr": ""}, "no flux"),
        ({"mjd": ""}, "no date"),
        ({"mjd": 2459000.5}, "mjd: 2459000.5 is a Julian date; subtract 2400000.5"),
        ({"mjd": 8456.7}, "mjd: 8456.7 looks like JD - 2450000"),
        ({"mjd": 20230101}, "calendar date"),
        ({"mjd": 0}, "mjd: 0 is not a modified Julian date"),
        ({"mjd": -99}, "mjd: -99 is not"),
        ({"zp": 1e9}, "zero point"),
        ({"zp": 99}, "zp: 99 is not a zero point"),
        ({"zp": -999}, "zp: -999 is not a zero point"),
        ({"flux": "", "limiting_mag": 99}, "limiting_mag: 99 stands for a missing value"),
        ({"flux": "", "limiting_mag": -99.0}, "limiting_mag: -99 stands for a missing value"),
        ({"flux": "", "limiting_mag": 250.5}, "limiting_mag: 250.5 is no magnitude"),
        ({"flux": "", "mag": 99.0, "magerr": 99.0}, "mag: 99 stands for a missing value"),
        ({"flux": "", "mag": 18.9, "magerr": 99.99}, "magerr: 99.99 stands for a missing value"),
        ({"flux": "", "mag": 18.9, "magerr": 0}, "magerr: 0 is not positive"),
        ({"flux": "", "mag": 18.9, "magerr": -0.1}, "magerr: -0.1 is not positive"),
        ({"flux": "", "mag": 243.5, "magerr": 10}, "mag: 243.5 is no magnitude"),
        ({"flux": "", "mag": 18.9}, "a magnitude without its error"),
        ({"fluxerr": -99}, "fluxerr: -99 is not positive"),
        ({}, "exact repeat"),
    ],
)
def test_unusable_rows_are_listed_with_the_reason(change: dict[str, Any], reason: str) -> None:
    light_curve, reasons = split(ROW, ROW | change)
    assert len(light_curve) == 1
    assert len(reasons) == 1 and reason in reasons[0]


def test_only_what_a_row_is_made_of_has_to_be_plausible() -> None:
    """At a flux near zero, the magnitude that follows from it is faint and its error has no bound."""
    light_curve, reasons = split(ROW | {"flux": 1e-9, "mag": 46.4, "magerr": 1e10}, ROW | {"limiting_mag": 99})
    assert len(light_curve) == 2 and not reasons


def test_a_table_that_is_wide_or_long_takes_little_memory() -> None:
    """What the sender pads is not kept: a header of 3,000 columns, and a million short rows."""
    wide = ",".join(["mjd", "filter", *(f"c{i}" for i in range(3000))]) + "\n1" * 4000
    tracemalloc.start()
    assert len(parse_csv_rows(wide).rows) == 4000
    with pytest.raises(PayloadError, match="more than 20000 rows"):
        parse_csv_rows("mjd,filter\n" + "1\n" * 1_000_000)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 40e6


def test_a_band_that_an_error_floor_names_has_to_exist() -> None:
    with pytest.raises(ParameterError, match="unknown band 'ztgr'; this source has ztfg"):
        build_fit_data(parse_payload(payload([ROW], error_floor="ztgr: 0.1")))


def test_an_error_without_flux_is_a_limit() -> None:
    row = ROW | {"flux": ""}
    light_curve, _ = split(row)
    assert light_curve.limit.tolist() == [True] and light_curve.flux[0] == pytest.approx(50)
    assert split(row, limit_nsigma=3.0)[0].flux[0] == pytest.approx(30)
    deep, _ = split(row | {"limiting_mag": 18.9, "flux": "nan"})
    assert deep.flux[0] == pytest.approx(100) and deep.fluxerr[0] == pytest.approx(10)
    assert split(row | {"limiting_mag": 18.9, "zp": ""})[0].flux[0] == pytest.approx(50)
    zero, _ = split(row, limits="gaussian")
    assert not zero.limit.any() and zero.flux[0] == 0
    assert split(row, limits="ignore")[1] == ["a limit without flux (limits=ignore)"]


def test_a_magnitude_without_flux_becomes_a_flux() -> None:
    light_curve, _ = split({"mjd": 59000, "filter": "ztfg", "mag": 18.9, "magerr": 0.1})
    assert light_curve.flux[0] == pytest.approx(100)
    assert light_curve.fluxerr[0] == pytest.approx(100 * 0.1 * math.log(10) / 2.5)


def test_rows_come_sorted_and_within_the_window() -> None:
    photometry = [ROW | {"mjd": mjd, "flux": mjd - 58900} for mjd in (59003, 59001, 59002)]
    rows = parse_csv_rows(payload(photometry)["inputs"]["photometry"]).rows
    light_curve, excluded = build_light_curve(rows, Parameters(mjd_min=59001.5, mjd_max=60000))
    assert light_curve.mjd.tolist() == [59002, 59003] and light_curve.flux.tolist() == [102, 103]
    assert [(item.row, item.reason) for item in excluded] == [(2, "outside mjd_min..mjd_max")]


def test_a_fixed_redshift_has_to_be_known() -> None:
    with pytest.raises(PayloadError, match="fix_z is True"):
        parse_payload(payload([ROW], ",,", fix_z="True"))


def test_blank_redshifts_are_unknown_and_nonsense_is_refused() -> None:
    assert parse_payload(payload([ROW], ",,")).redshift is None
    assert parse_payload(payload([ROW], "0.03,0.002,host")).redshift_error == 0.002
    for nonsense in ("-1,,", "9,,", "0.03,-1,", "x,,"):
        with pytest.raises((InputError, PayloadError), match="redshift"):
            parse_payload(payload([ROW], nonsense))


@pytest.mark.parametrize("missing", ["mjd", "filter"])
def test_missing_columns_are_named(missing: str) -> None:
    with pytest.raises(PayloadError, match=missing):
        parse_csv_rows(",".join({"mjd", "flux", "fluxerr", "filter"} - {missing}) + "\n1,2,3\n")
