"""Photometry: both spaces, all or none, no row twice, nobody else's."""

import math
from typing import Any

import pytest

from tests.api.story import LIGHT_CURVE, make_source
from tests.api.test_people import make_user
from tests.gateway import Gateway


def rows(user: Gateway, space: str = "both") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user.get(f"/sources/SN1/photometry?format={space}").data
    return found


def test_flux_comes_back_in_both_spaces(admin: Gateway) -> None:
    make_source(admin)
    first, limit, last = rows(admin)
    assert (first["flux"], first["fluxerr"], first["zp"], first["magsys"]) == (100.0, 5.0, 23.9, "ab")
    assert first["mag"] == pytest.approx(23.9 - 2.5 * math.log10(100))
    assert first["magerr"] == pytest.approx(2.5 / math.log(10) * 5 / 100)
    assert (limit["flux"], limit["mag"], limit["magerr"]) == (None, None, None)
    assert limit["limiting_mag"] == pytest.approx(23.9 - 2.5 * math.log10(3 * 6.0))
    assert last["instrument_name"] == "ZTF"
    assert "flux" not in rows(admin, "mag")[0]
    assert "mag" not in rows(admin, "flux")[0]


def test_magnitudes_are_kept_as_flux(admin: Gateway) -> None:
    make_source(admin)
    posted = {
        "obj_id": "SN1", "instrument_id": 1, "magsys": "ab", "filter": "ztfi", "mjd": [1.0, 2.0],
        "mag": [18.9, None], "magerr": [0.1, None], "limiting_mag": [20.0, 20.4],
    }  # fmt: skip
    assert admin.post("/photometry", posted).status == 200
    detection, limit = rows(admin)[:2]
    assert detection["flux"] == pytest.approx(100.0)
    assert (detection["mag"], detection["magerr"]) == (pytest.approx(18.9), pytest.approx(0.1))
    assert (limit["flux"], limit["limiting_mag"]) == (None, pytest.approx(20.4))


@pytest.mark.parametrize(("zero_point", "flux"), [(23.9, 100.0), (26.4, 10.0), (None, 100.0)])
def test_a_zero_point_scales_flux(admin: Gateway, zero_point: float | None, flux: float) -> None:
    make_source(admin)
    row = {"obj_id": "SN1", "instrument_id": 1, "filter": "ztfi", "mjd": 1, "flux": 100, "fluxerr": 1}
    admin.post("/photometry", {**row, "zp": zero_point})
    assert rows(admin)[0]["flux"] == pytest.approx(flux)


def test_wrong_rows_are_named_and_nothing_is_written(admin: Gateway) -> None:
    make_source(admin)
    bad = {**LIGHT_CURVE, "mjd": [1, 2, 3], "filter": ["ztfg", "sdssu", "ztfg"], "fluxerr": [1, 1, 0]}
    reply = admin.post("/photometry", bad)
    assert reply.status == 400
    assert "row 1" in reply.message
    assert "row 2" in reply.message
    assert "row 0" not in reply.message
    assert len(rows(admin)) == 3


def test_post_refuses_what_is_there_and_put_takes_it(admin: Gateway) -> None:
    make_source(admin)
    more = {**LIGHT_CURVE, "mjd": [58000.0, 58001.5, 58009.0]}
    reply = admin.post("/photometry", more)
    assert reply.status == 400
    assert "row 0" in reply.message
    assert "row 2" not in reply.message
    before = [row["id"] for row in rows(admin)]
    ids = admin.put("/photometry", more).data["ids"]
    assert ids[:2] == before[:2]
    assert len(rows(admin)) == 4


def test_photometry_is_its_uploaders_alone_unless_shared(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Upload data")
    assert rows(ada) == []
    admin.put("/photometry", {**LIGHT_CURVE, "group_ids": "all"})
    assert [row["flux"] for row in rows(ada)] == [100.0, None, 250.0]
    own = {**LIGHT_CURVE, "mjd": 59000.0, "flux": 1, "fluxerr": 1, "filter": "ztfg"}
    assert ada.post("/photometry", own).status == 200
    assert len(rows(ada)) == 4
    assert ada.post("/photometry", {**own, "group_ids": [4711]}).status == 403


def test_ten_thousand_points_are_one_request(admin: Gateway) -> None:
    make_source(admin)
    count = 10_000
    many = {
        "obj_id": "SN1", "instrument_id": 1, "filter": "ztfr",
        "mjd": [58100 + i / 7 for i in range(count)],
        "flux": [i / 3 for i in range(count)], "fluxerr": [1 + i / 9 for i in range(count)],
    }  # fmt: skip
    ids = admin.post("/photometry", many).data["ids"]
    assert len(set(ids)) == count
    back = rows(admin, "flux")[3:]
    assert [row["flux"] for row in back] == many["flux"], "bit for bit"


@pytest.mark.parametrize(
    "change",
    [
        {"mjd": None}, {"mjd": ["a", 1, 2]}, {"filter": 3}, {"flux": [1, 2]}, {"instrument_id": 99},
        {"instrument_id": True}, {"magsys": "vega"}, {"mag": 3}, {"obj_id": None}, {"obj_id": ["SN1", "SN2"]},
        {"wings": 1}, {"fluxerr": "1e999"}, {"zp": -999}, {"altdata": 3}, {"group_ids": "mine"}, {"mjd": []},
    ],
)  # fmt: skip
def test_what_is_no_photometry_is_refused(admin: Gateway, change: dict[str, Any]) -> None:
    make_source(admin)
    assert admin.post("/photometry", {**LIGHT_CURVE, **change}).status == 400


def test_photometry_needs_a_source_that_one_may_see(admin: Gateway) -> None:
    make_source(admin, group_ids=[2])
    ada = make_user(admin, "ada", "Upload data")
    assert ada.post("/photometry", LIGHT_CURVE).status == 404
    assert ada.get("/sources/SN1/photometry").status == 404
    assert ada.get("/sources/SN1").status == 404
