"""Telescopes and instruments."""

from typing import Any

import pytest

from chalicelib.sources import instruments
from chalicelib.tables import instruments as instruments_table
from tests.api.story import LIGHT_CURVE, make_service, make_source
from tests.api.test_people import make_user
from tests.gateway import Gateway

P48 = {
    "name": "Palomar 1.2m Oschin", "nickname": "P48", "lat": 33.36, "lon": -116.87, "elevation": 1712.0,
    "diameter": 1.2, "skycam_link": "https://example.org/sky.jpg", "robotic": True, "fixed_location": True,
}  # fmt: skip
ZTF = {"name": "ZTF", "type": "imager", "band": "optical", "filters": ["ztfg", "ztfr"]}


def test_create_list_and_read_telescopes_and_instruments(admin: Gateway) -> None:
    telescope = admin.post("/telescope", P48).data["id"]
    instrument = admin.post("/instrument", {**ZTF, "telescope_id": telescope}).data["id"]
    reader = make_user(admin, "ada")
    view = reader.get(f"/telescope/{telescope}").data
    assert {name: view[name] for name in P48} == P48
    assert reader.get("/telescope").data == [view]
    view = reader.get(f"/instrument/{instrument}").data
    assert {name: view[name] for name in ZTF} == ZTF
    assert (view["id"], view["telescope_id"]) == (instrument, telescope)
    assert reader.get("/instrument").data == [view]


def test_only_administrators_create_instruments(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Upload data")
    assert ada.post("/telescope", P48).status == 401
    assert ada.post("/instrument", ZTF).status == 401


@pytest.mark.parametrize("kind", ["telescope", "instrument"])
@pytest.mark.parametrize("number", ["1", "0", "x", "9" * 30])
def test_unknown_ids_are_not_found(admin: Gateway, kind: str, number: str) -> None:
    missing = admin.get(f"/{kind}/{number}")
    assert missing.status == 404
    assert kind in missing.message


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/telescope", {**P48, "lat": 91}), ("/telescope", {**P48, "diameter": 0}), ("/telescope", {}),
        ("/telescope", {**P48, "skycam_link": "x" * 500_000}), ("/telescope", {**P48, "lon": -181}),
        ("/instrument", {**ZTF, "telescope_id": 4711}), ("/instrument", {**ZTF, "filters": "ztfg"}),
        ("/instrument", {**ZTF, "filters": ["é" * 200] * 500}), ("/instrument", {**ZTF, "wings": 2}),
    ],
)  # fmt: skip
def test_invalid_requests_are_refused(admin: Gateway, path: str, body: dict[str, Any]) -> None:
    assert admin.post(path, body).status == 400


def test_telescopes_and_instruments_by_name_and_place(admin: Gateway) -> None:
    for name, lat, lon in (("Palomar", 33.4, -116.9), ("Cerro Pachon", -30.2, -70.7), ("Orbit", None, None)):
        admin.post("/telescope", {"name": name, "lat": lat, "lon": lon})
    admin.post("/instrument", {"name": "ZTF"})
    admin.post("/instrument", {"name": "DECam"})

    def names(query: str) -> list[str]:
        return [each["name"] for each in admin.get(query).data]

    assert names("/telescope?name=Palomar") == ["Palomar"]
    assert names("/telescope?latitudeMin=-45&latitudeMax=-15&longitudeMin=-80&longitudeMax=0") == ["Cerro Pachon"]
    assert names("/telescope") == ["Palomar", "Cerro Pachon", "Orbit"]
    assert names("/instrument?name=DECam") == ["DECam"]
    assert names("/instrument?name=decam") == []


def test_change_telescopes_and_instruments(admin: Gateway) -> None:
    telescope = admin.post("/telescope", P48).data["id"]
    instrument = admin.post("/instrument", {**ZTF, "telescope_id": telescope}).data["id"]
    assert admin.put(f"/telescope/{telescope}", {"diameter": 1.3, "nickname": None}).status == 200
    changed = {**P48, "diameter": 1.3, "nickname": None}
    view = admin.get(f"/telescope/{telescope}").data
    assert {name: view[name] for name in P48} == changed
    assert admin.put(f"/instrument/{instrument}", {"name": "ZTF 2", "filters": ["ztfi"]}).status == 200
    view = admin.get(f"/instrument/{instrument}").data
    assert (view["name"], view["filters"], view["band"]) == ("ZTF 2", ["ztfi"], "optical")
    refusal = admin.put(f"/instrument/{instrument}", {"telescope_id": 99})
    assert (refusal.status, "no telescope 99" in refusal.message) == (400, True)
    assert admin.put("/instrument/99", {"name": "x"}).status == 404


def test_a_deleted_instrument_takes_nothing_new_and_keeps_its_name_on_old_points(admin: Gateway) -> None:
    make_source(admin)
    assert admin.delete("/instrument/1").status == 200
    assert admin.get("/instrument/1").status == 404
    assert admin.delete("/instrument/1").status == 200
    assert admin.get("/instrument").data == []
    assert {point["instrument_name"] for point in admin.get("/sources/SN1/photometry").data} == {"ZTF"}
    assert admin.post("/photometry", {**LIGHT_CURVE, "mjd": [58010.0, 58011.0, 58012.0]}).status == 400
    service = make_service(admin)
    analysis = admin.post(f"/obj/SN1/analysis/{service}", {}).data["id"]
    assert "ZTF" in admin.get(f"/obj/analysis/{analysis}/inputs").data["inputs"]["photometry"]


def test_a_telescope_with_instruments_is_not_deleted(admin: Gateway) -> None:
    telescope = admin.post("/telescope", P48).data["id"]
    instrument = admin.post("/instrument", {**ZTF, "telescope_id": telescope}).data["id"]
    refusal = admin.delete(f"/telescope/{telescope}")
    assert (refusal.status, f"the instruments {instrument};" in refusal.message) == (400, True)
    admin.delete(f"/instrument/{instrument}")
    assert admin.delete(f"/telescope/{telescope}").status == 200
    assert admin.get(f"/telescope/{telescope}").status == 404


def test_a_change_of_what_another_request_changed_is_refused(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    number = admin.post("/instrument", ZTF).data["id"]
    stale = instruments_table.find_instrument("instrument", number)
    admin.put(f"/instrument/{number}", {"name": "ZTF 2"})
    monkeypatch.setattr(instruments, "find_instrument", lambda kind, number: stale)
    assert admin.put(f"/instrument/{number}", {"band": "infrared"}).status == 429
    assert admin.delete(f"/instrument/{number}").status == 429
