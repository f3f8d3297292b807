"""Reading photometry: any table is read or refused by row, and what is read is a measurement."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import InvalidError
from chalicelib.sources.photometry import magnitudes
from chalicelib.sources.rows import BadRowsError, read_rows

ZTF = {1: {"name": "ZTF", "filters": ["ztfg"]}}

CELL = (
    st.none()
    | st.floats()
    | st.integers()
    | st.booleans()
    | st.sampled_from(["ztfg", "", "1", "nan", "inf", "-1", "x", "ab", "vega", [], {}])
)
NAMES = (
    "mjd", "filter", "flux", "fluxerr", "zp", "magsys", "instrument_id", "mag", "magerr", "limiting_mag",
    "limiting_mag_nsigma", "origin", "altdata", "wings",
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES), CELL | st.lists(CELL, max_size=4), max_size=9))
def test_any_table_is_read_or_refused(body: dict[str, Any]) -> None:
    try:
        rows = read_rows({**body, "obj_id": "a"}, ZTF)
    except BadRowsError as error:
        assert error.rows
        assert all(f"row {row}" in str(error) for row in error.rows[:20])
    except InvalidError as error:
        assert str(error)
    else:
        for row in rows:
            assert row["fluxerr"] > 0
            assert math.isfinite(row["fluxerr"])
            assert row["flux"] is None or math.isfinite(row["flux"])
            assert all(value is None or math.isfinite(value) for value in magnitudes(row).values())


@given(st.floats(10, 25), st.floats(0.001, 1))
def test_magnitudes_survive_the_way_there_and_back(mag: float, magerr: float) -> None:
    body = {"mjd": 1, "filter": "ztfg", "instrument_id": 1, "mag": mag, "magerr": magerr, "magsys": "ab"}
    (row,) = read_rows(body, ZTF)
    back = magnitudes(row)
    assert back["mag"] == pytest.approx(mag)
    assert back["magerr"] == pytest.approx(magerr)
