"""Telescopes and instruments."""

from typing import Any

import pytest

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
