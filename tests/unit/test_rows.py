"""Parsing photometry: any columns are parsed or refused by row, and the rows are valid measurements."""

import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from chalicelib.errors import InvalidError
from chalicelib.sources.magnitudes import zero_point
from chalicelib.sources.photometry_rows import BadRowsError, Row, parse_row, parse_rows, row_magnitudes

ZTF = {1: {"name": "ZTF", "filters": ["ztfg"]}, 2: {"name": "any", "filters": []}}

CELL = (
    st.none()
    | st.floats()
    | st.integers()
    | st.booleans()
    | st.sampled_from(["ztfg", "cspb", "", "1", "nan", "inf", "-1", "x", "ab", "vega", [], {}])
)
NAMES = (
    "mjd", "filter", "flux", "fluxerr", "zp", "magsys", "instrument_id", "mag", "magerr", "limiting_mag",
    "limiting_mag_nsigma", "origin", "altdata", "ra", "dec", "ra_unc", "dec_unc", "stream_ids", "wings",
)  # fmt: skip
OBSERVED = {"mjd": 59000.5, "filter": "ztfg", "instrument_id": 1}
"""The fields that every row needs; half of the examples start with them."""


def is_measurement(row: Row) -> bool:
    assert row.fluxerr > 0
    assert math.isfinite(row.fluxerr)
    assert row.flux is None or math.isfinite(row.flux)
    assert abs(row.mjd) < 1e6
    return all(value is None or math.isfinite(value) for value in row_magnitudes(row).values())


@given(
    st.sampled_from([{}, OBSERVED]),
    st.dictionaries(st.sampled_from(NAMES), CELL | st.lists(CELL, max_size=4), max_size=9),
)
def test_any_columns_are_parsed_or_refused(base: dict[str, Any], body: dict[str, Any]) -> None:
    try:
        rows = parse_rows({**base, **body, "obj_id": "a"}, ZTF)
    except BadRowsError as error:
        assert error.rows
        assert all(f"row {row}" in str(error) for row in error.rows[:20])
    except InvalidError as error:
        assert str(error)
    else:
        assert all(map(is_measurement, rows))


@given(st.sampled_from([{}, OBSERVED]), st.dictionaries(st.sampled_from(NAMES), CELL, max_size=9))
def test_any_point_is_parsed_or_refused(base: dict[str, Any], body: dict[str, Any]) -> None:
    try:
        row = parse_row({**base, **body}, ZTF)
    except InvalidError as error:
        assert str(error)
    else:
        assert is_measurement(row)


@given(st.floats(10, 25), st.floats(0.001, 1), st.sampled_from(["ab", "vega", "AB", None]))
def test_magnitudes_survive_conversion_to_flux(mag: float, magerr: float, magsys: str | None) -> None:
    body = {**OBSERVED, "mag": mag, "magerr": magerr, "magsys": magsys, "limiting_mag": 20.5}
    (row,) = parse_rows(body, ZTF)
    back = row_magnitudes(row, zero_point((magsys or "ab").lower(), "ztfg"))
    assert back == pytest.approx({"mag": mag, "magerr": magerr, "limiting_mag": 20.5})


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from(["ab", "vega"]))
def test_flux_with_the_zero_point_of_its_system_is_stored_bit_for_bit(flux: float, magsys: str) -> None:
    body = {**OBSERVED, "flux": flux / 1e10, "fluxerr": 0.1, "magsys": magsys, "zp": zero_point(magsys, "ztfg")}
    (row,) = parse_rows(body, ZTF)
    assert (row.flux, row.fluxerr) == (flux / 1e10, 0.1)


def test_flux_and_magnitude_of_one_system_are_the_same_measurement() -> None:
    in_flux = {**OBSERVED, "flux": 10.0, "fluxerr": 1.0, "zp": 20.0, "magsys": "vega"}
    in_mag = {**OBSERVED, "mag": 17.5, "magerr": 2.5 / math.log(10) / 10, "magsys": "vega"}
    (one,), (other,) = parse_rows(in_flux, ZTF), parse_rows(in_mag, ZTF)
    assert one.flux == pytest.approx(other.flux)
    assert one.fluxerr == pytest.approx(other.fluxerr)


def test_a_limit_is_stored_as_posted_with_the_error_of_its_sigma() -> None:
    limits = {**OBSERVED, "mag": None, "limiting_mag": 20.4, "limiting_mag_nsigma": [None, 3, 5]}
    default, three, five = parse_rows(limits, ZTF)
    assert default.fluxerr == three.fluxerr == pytest.approx(10 ** (3.5 / 2.5) / 3)
    assert five.fluxerr == pytest.approx(three.fluxerr * 3 / 5)
    assert [row_magnitudes(row)["limiting_mag"] for row in (default, three, five)] == [20.4] * 3


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"mjd": 2459303.5}, r"mjd: 2459303.5 is a Julian date"),
        ({"mjd": math.nan}, r"mjd"),
        ({"magsys": "vega"}, r"zp: required"),
        ({"magsys": "vega", "zp": 25, "filter": "cspb", "instrument_id": 2}, r"Vega's magnitude in cspb"),
        ({"magsys": "bd17"}, r"magsys: expected 'ab' or 'vega', not 'bd17'"),
        ({"ra": 10}, r"ra, dec: give both"),
        ({"ra": 360, "dec": 0}, r"ra, dec"),
        ({"ra": 1, "dec": 90.1}, r"ra, dec"),
        ({"ra_unc": -1}, r"ra_unc"),
        ({"filter": "sdssu"}, r"filter: instrument ZTF has no sdssu"),
    ],
)
def test_messages_name_the_row_and_the_field(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRowsError, match=f"row 0: .*{complaint}"):
        parse_rows({**OBSERVED, "flux": 1.0, "fluxerr": 1.0, **fields}, ZTF)


@pytest.mark.parametrize("field", ["stream_ids", "assignment_id", "alert_id"])
def test_unsupported_fields_must_be_empty(field: str) -> None:
    body = {**OBSERVED, "flux": 1.0, "fluxerr": 1.0}
    for nothing in (None, []):
        assert len(parse_rows({**body, field: nothing}, ZTF)) == 1
    with pytest.raises(InvalidError, match=f"{field}: there are no"):
        parse_rows({**body, field: [1]}, ZTF)
