"""Photometry in both spaces and systems: all rows or none, and no row twice."""

import json
import math
from typing import Any

import pytest

from chalicelib.sources import photometry_writing
from tests.api.story import LIGHT_CURVE, make_source
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway, get_redirect_blob

ROW = {"obj_id": "SN1", "instrument_id": 1, "filter": "ztfi", "mjd": 50001.0, "flux": 100.0, "fluxerr": 1.0}

KEYS = {
    "id", "obj_id", "mjd", "filter", "instrument_id", "instrument_name", "magsys", "snr", "origin", "altdata",
    "ra", "dec", "ra_unc", "dec_unc", "groups", "created_at", "magref", "e_magref", "magtot", "e_magtot",
}  # fmt: skip
SPACES = {
    "mag": {"mag", "magerr", "limiting_mag"},
    "flux": {"flux", "fluxerr", "zp", "ref_flux", "ref_fluxerr", "tot_flux", "tot_fluxerr"},
}


def rows(user: Gateway, space: str = "both", system: str = "ab") -> list[dict[str, Any]]:
    reply = user.get(f"/sources/SN1/photometry?format={space}&magsys={system}")
    points: list[dict[str, Any]] = json.loads(get_redirect_blob(reply))["data"] if reply.status == 303 else reply.data
    return points


def own_group(user: Gateway) -> int:
    name = user.get("/internal/profile").data["username"]
    groups = user.get("/groups").data["user_groups"]
    return int(next(group["id"] for group in groups if group["name"] == name))


def test_flux_is_returned_in_both_spaces(admin: Gateway) -> None:
    make_source(admin)
    first, limit, last = rows(admin)
    assert (first["flux"], first["fluxerr"], first["zp"], first["magsys"]) == (100.0, 5.0, 23.9, "ab")
    assert first["mag"] == pytest.approx(23.9 - 2.5 * math.log10(100))
    assert first["magerr"] == pytest.approx(2.5 / math.log(10) * 5 / 100)
    assert (limit["flux"], limit["mag"], limit["magerr"]) == (None, None, None)
    assert limit["limiting_mag"] == pytest.approx(23.9 - 2.5 * math.log10(3 * 6.0))
    assert last["instrument_name"] == "ZTF"
    assert rows(admin, "mag")[0].keys() == KEYS | SPACES["mag"]
    assert rows(admin, "flux")[0].keys() == KEYS | SPACES["flux"]
    assert first.keys() == KEYS | SPACES["mag"] | SPACES["flux"]
    assert first["snr"] == 20.0


def test_magnitudes_are_stored_as_flux(admin: Gateway) -> None:
    make_source(admin)
    posted = {
        "obj_id": "SN1", "instrument_id": 1, "magsys": "ab", "filter": "ztfi", "mjd": [50001.0, 50002.0],
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
    row = {"obj_id": "SN1", "instrument_id": 1, "filter": "ztfi", "mjd": 50001, "flux": 100, "fluxerr": 1}
    admin.post("/photometry", {**row, "zp": zero_point})
    assert rows(admin)[0]["flux"] == pytest.approx(flux)


def test_vega_magnitudes_are_returned_as_posted(admin: Gateway) -> None:
    make_source(admin)
    posted = {
        **LIGHT_CURVE, "flux": None, "fluxerr": None, "zp": None, "magsys": "vega", "mjd": [50001.0, 50002.0, 50003.0],
        "mag": [18.9, None, 17.0], "magerr": [0.1, None, 0.05], "limiting_mag": [20.0, 20.4, 20.5],
    }  # fmt: skip
    assert admin.post("/photometry", posted).status == 200
    for name in ("mag", "magerr", "limiting_mag"):
        assert [row[name] for row in rows(admin, system="vega")[:3]] == pytest.approx(posted[name]), name
    vega, ab = rows(admin, system="vega")[0], rows(admin)[0]
    assert (vega["magsys"], ab["magsys"], vega["flux"]) == ("vega", "ab", ab["flux"])
    assert ab["mag"] - vega["mag"] == pytest.approx(-0.1091), "the AB magnitude of Vega in ztfg"
    for row in (vega, ab):
        assert row["mag"] == pytest.approx(row["zp"] - 2.5 * math.log10(row["flux"]))
    back = {**ROW, **{name: vega[name] for name in ("flux", "fluxerr", "zp", "magsys", "filter", "mjd")}}
    assert admin.put("/photometry", back).data["ids"] == [vega["id"]], "it is the same observation"


def test_bandpasses_without_vega_magnitude_are_listed(admin: Gateway) -> None:
    make_source(admin)
    admin.post("/instrument", {"name": "Swope"})
    row = {**ROW, "instrument_id": 2, "filter": ["cspb", "ztfg", "cspg"], "mjd": [50001, 50002, 50003], "zp": 25}
    reply = admin.post("/photometry", {**row, "magsys": "vega"})
    assert reply.status == 400
    assert all(word in reply.message for word in ("row 0: ", "cspb", "row 2: ", "cspg"))
    assert "row 1" not in reply.message
    assert admin.post("/photometry", row).status == 200
    reply = admin.get("/sources/SN1/photometry?magsys=vega")
    assert reply.status == 400
    assert "cspb, cspg" in reply.message
    assert admin.get("/sources/SN1/photometry?magsys=bd17").status == 400


def test_a_point_has_a_position(admin: Gateway) -> None:
    make_source(admin)
    position = {"ra": 10.00001, "dec": -5.00002, "ra_unc": 0.1, "dec_unc": 0.2}
    assert admin.post("/photometry", {**ROW, **position}).status == 200
    first, second = rows(admin)[:2]
    assert {name: first[name] for name in position} == position
    assert second["ra"] is None


def test_wrong_rows_are_named_and_nothing_is_written(admin: Gateway) -> None:
    make_source(admin)
    bad = {**LIGHT_CURVE, "mjd": [50001, 50002, 50003], "filter": ["ztfg", "sdssu", "ztfg"], "fluxerr": [1, 1, 0]}
    reply = admin.post("/photometry", bad)
    assert reply.status == 400
    assert "row 1" in reply.message
    assert "row 2" in reply.message
    assert "row 0" not in reply.message
    assert len(rows(admin)) == 3


def test_post_refuses_existing_observations_and_put_accepts_them(admin: Gateway) -> None:
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


def test_put_refreshes_own_observations(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Upload data")
    (point,) = ada.post("/photometry", {**ROW, "altdata": {"seeing": 2}, "group_ids": "all"}).data["ids"]
    news = {**ROW, "altdata": {"seeing": 1.5}, "ra": 10.0, "dec": -5.0}
    assert ada.put("/photometry", news).data["ids"] == [point]
    point_json = admin.get(f"/photometry/{point}").data
    assert (point_json["altdata"], point_json["ra"]) == ({"seeing": 1.5}, 10.0)
    assert {group["id"] for group in point_json["groups"]} == {1, own_group(ada)}
    assert ada.put("/photometry", ROW).data["ids"] == [point]
    assert admin.get(f"/photometry/{point}").data == point_json, "fields that are left out stay"


def test_put_changes_no_observation_of_another_user(admin: Gateway) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada", "Upload data"), make_user(admin, "bob", "Upload data")
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    for user in (ada, bob):
        admin.post(f"/groups/{group}/users", {"userID": user_id(user)})
    (point,) = ada.post("/photometry", {**ROW, "altdata": {"seeing": 2}, "group_ids": [group]}).data["ids"]
    again = {**ROW, "altdata": {"seeing": 9}, "group_ids": "all"}
    assert bob.put("/photometry", again).data["ids"] == [point]
    point_json = admin.get(f"/photometry/{point}").data
    assert point_json["altdata"] == {"seeing": 2}
    assert [its["name"] for its in point_json["groups"]] == ["ada", "ours"]


def test_guessing_an_observation_reveals_no_details(admin: Gateway) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada", "Upload data"), make_user(admin, "bob", "Upload data")
    limit = {
        "obj_id": "SN1", "instrument_id": 1, "filter": "ztfi", "mjd": 50001.0, "mag": None, "limiting_mag": 20.5,
    }  # fmt: skip
    (hers,) = ada.post("/photometry", {**limit, "altdata": {"secret": "redshift 0.1"}}).data["ids"]
    (his,) = bob.put("/photometry", limit).data["ids"]
    assert his != hers
    assert [row["altdata"] for row in rows(bob)] == [None]
    assert bob.get(f"/photometry/{hers}").status == 404
    assert ada.post("/photometry", limit).status == 400, "hers is there already"


def test_photometry_is_private_unless_shared(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Upload data")
    assert rows(ada) == []
    admin.put("/photometry", {**LIGHT_CURVE, "group_ids": "all"})
    assert [row["flux"] for row in rows(ada)] == [100.0, None, 250.0]
    own = {**LIGHT_CURVE, "mjd": 50000.0, "flux": 1, "fluxerr": 1, "filter": "ztfg"}
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
        {"mjd": None}, {"mjd": ["a", 50001, 50002]}, {"filter": 3}, {"flux": [1, 2]}, {"instrument_id": 99},
        {"instrument_id": True}, {"magsys": "bd17"}, {"mag": 3}, {"obj_id": None}, {"obj_id": ["SN1", "SN2"]},
        {"wings": 1}, {"fluxerr": "1e999"}, {"zp": -999}, {"altdata": 3}, {"group_ids": "mine"}, {"mjd": []},
        {"mjd": 2459303.5}, {"ra": 3}, {"stream_ids": [1]},
    ],
)  # fmt: skip
def test_invalid_photometry_is_refused(admin: Gateway, change: dict[str, Any]) -> None:
    make_source(admin)
    assert admin.post("/photometry", {**LIGHT_CURVE, **change}).status == 400


def test_photometry_needs_a_visible_source(admin: Gateway) -> None:
    make_source(admin, group_ids=[2])
    ada = make_user(admin, "ada", "Upload data")
    assert ada.post("/photometry", LIGHT_CURVE).status == 404
    assert ada.get("/sources/SN1/photometry").status == 404
    assert ada.get("/sources/SN1").status == 404


def test_a_source_has_a_largest_number_of_points(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    monkeypatch.setattr(photometry_writing, "MOST_POINTS", 5)
    assert admin.post("/photometry", {**ROW, "mjd": [50001, 50002]}).status == 200
    reply = admin.post("/photometry", {**ROW, "mjd": 50003})
    assert reply.status == 400
    assert "5 points" in reply.message
    assert admin.put("/photometry", {**ROW, "mjd": [50001, 50002], "altdata": {"a": 1}}).status == 200


def test_altdata_that_outgrow_a_block_are_refused(admin: Gateway) -> None:
    make_source(admin)
    many = {**ROW, "mjd": list(range(50000, 50200))}
    assert admin.post("/photometry", many).status == 200
    assert admin.put("/photometry", {**many, "altdata": {"a": "x" * 100}}).status == 200
    reply = admin.put("/photometry", {**many, "altdata": {"a": "x" * 1500}})
    assert reply.status == 413
    assert "altdata" in reply.message
    assert rows(admin)[0]["altdata"] == {"a": "x" * 100}


def test_the_uploader_always_sees_their_points(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Upload data")
    (point,) = ada.post("/photometry", {**ROW, "group_ids": "all"}).data["ids"]
    assert [group["name"] for group in ada.get(f"/photometry/{point}").data["groups"]] == ["Sitewide Group", "ada"]


@pytest.mark.parametrize(
    ("reference", "flux", "fluxerr"),
    [
        ({"ref_flux": 8.0, "ref_fluxerr": 0.5}, 8.0, 0.5),
        ({"ref_flux": 80.0, "ref_fluxerr": 5, "ref_zp": 26.4}, 8.0, 0.5),
        ({"ref_flux": 8.0}, 8.0, None),
        ({"ref_flux": -8.0, "ref_fluxerr": 0.5}, -8.0, 0.5),
        ({}, None, None),
    ],
)
def test_the_flux_of_the_reference(
    admin: Gateway, reference: dict[str, float], flux: float | None, fluxerr: float | None
) -> None:
    make_source(admin)
    (number,) = admin.post("/photometry", {**ROW, **reference}).data["ids"]
    point = admin.get(f"/photometry/{number}?format=both").data
    assert point["ref_flux"] == (flux and pytest.approx(flux))
    assert point["ref_fluxerr"] == (fluxerr and pytest.approx(fluxerr))
    assert point["tot_flux"] == (flux and pytest.approx(100 + flux))
    assert point["tot_fluxerr"] == (fluxerr and pytest.approx((1 + fluxerr**2) ** 0.5))
    magref = 23.9 - 2.5 * math.log10(flux) if flux and flux > 0 else None
    assert point["magref"] == (magref and pytest.approx(magref))


def test_the_magnitude_of_the_reference_is_kept_and_changed(admin: Gateway) -> None:
    make_source(admin)
    row = {"obj_id": "SN1", "instrument_id": 1, "filter": "ztfi", "mjd": 50001.0, "mag": 19.24, "magerr": 0.123}
    (number,) = admin.post("/photometry", {**row, "magref": 17.01, "e_magref": 0.01}).data["ids"]
    point = admin.get(f"/photometry/{number}").data
    assert (point["magref"], point["e_magref"]) == (pytest.approx(17.01), pytest.approx(0.01))
    assert point["magtot"] == pytest.approx(-2.5 * math.log10(10 ** (-0.4 * 17.01) + 10 ** (-0.4 * 19.24)))
    assert admin.patch(f"/photometry/{number}", {"altdata": {"a": 1}}).status == 200
    assert admin.get(f"/photometry/{number}").data["magref"] == pytest.approx(17.01)
    assert admin.patch(f"/photometry/{number}", {"magref": 18.01, "e_magref": 0.02}).status == 200
    point = admin.get(f"/photometry/{number}").data
    assert (point["magref"], point["mag"]) == (pytest.approx(18.01), pytest.approx(19.24))
    both = admin.post("/photometry", {**row, "mjd": 50002, "magref": 17, "ref_flux": 8})
    assert "ref_flux, magref" in both.message


def test_existing_observations_whose_flux_is_ignored(admin: Gateway) -> None:
    make_source(admin)
    rows = {**ROW, "mjd": [50001, 50002], "origin": [None, "survey"], "flux": [100.0, 200.0]}
    ids = admin.post("/photometry", rows).data["ids"]
    other = {**rows, "flux": [101.0, 201.0]}
    path = "/photometry?duplicate_ignore_flux=true"
    assert admin.put(path, other).data["ids"] == ids
    assert [admin.get(f"/photometry/{number}?format=flux").data["flux"] for number in ids] == [100.0, 200.0]
    assert admin.put(f"{path}&overwrite_flux=true", other).data["ids"] == ids
    fluxes = [admin.get(f"/photometry/{number}?format=flux").data["flux"] for number in ids]
    assert fluxes == [100.0, 201.0], "without an origin the flux stays"
    assert admin.put("/photometry?overwrite_flux=true", other).status == 400
    ada = make_user(admin, "ada", "Upload data")
    assert "only administrators" in ada.put(path, other).message
    assert admin.put("/photometry", other).data["ids"] != ids, "without the flag these are new observations"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"mjd": 8456.7}, "looks like JD - 2450000"),
        ({"mjd": 2458456.7}, "is a Julian date"),
        ({"flux": None, "fluxerr": None, "mag": 99, "magerr": 0.1}, "missing value"),
        ({"flux": None, "fluxerr": None, "mag": 243.5, "magerr": 0.1}, "may be a flux"),
        ({"flux": "243,5"}, "'243,5' is not a number"),
        ({"flux": "<243.5"}, "'<243.5' is not a number"),
        ({"flux": "inf"}, "not a finite number"),
        ({"fluxerr": -1}, "not positive"),
        ({"fluxerr": 0}, "not positive"),
        ({"zp": 239}, "zero point"),
    ],
)
def test_values_that_cannot_be_meant_are_refused_with_their_cause(
    admin: Gateway, change: dict[str, Any], cause: str
) -> None:
    make_source(admin)
    row = {name: value for name, value in {**ROW, **change}.items() if value is not None}
    reply = admin.post("/photometry", row)
    assert reply.status == 400
    assert cause in reply.message


@pytest.mark.parametrize("blank", [None, "", " ", "nan", "NaN", "null", "None", "-", "--", "n/a"])
def test_words_that_mean_no_value(admin: Gateway, blank: str | None) -> None:
    make_source(admin)
    (number,) = admin.post("/photometry", {**ROW, "flux": [blank], "mjd": [50001]}).data["ids"]
    assert admin.get(f"/photometry/{number}?format=flux").data["flux"] is None


def test_of_observations_uploaded_twice_the_last_is_returned_on_request(admin: Gateway) -> None:
    admin.post("/sources", {"id": "SN1", "ra": 1, "dec": 1})
    admin.post("/instrument", {"name": "ZTF", "filters": ["ztfg"]})
    point = {"obj_id": "SN1", "instrument_id": 1, "filter": "ztfg", "mjd": 59000.0, "fluxerr": 1.0}
    for flux in (10.0, 11.0):
        assert admin.post("/photometry", {**point, "flux": flux}).status == 200
    path = "/sources/SN1/photometry?format=flux"
    assert [p["flux"] for p in admin.get(path).data] == [10.0, 11.0]
    assert [p["flux"] for p in admin.get(f"{path}&deduplicatePhotometry=true").data] == [11.0]
