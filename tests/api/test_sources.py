"""Sources, their redshift, and spectra."""

from typing import Any

import pytest

from tests.api.story import make_source
from tests.api.test_people import make_user
from tests.gateway import Gateway


def test_a_source_is_saved_and_changed(admin: Gateway) -> None:
    make_source(admin)
    source = admin.get("/sources/SN1").data
    assert (source["id"], source["ra"], source["dec"], source["redshift"]) == ("SN1", 10.0, -5.0, 0.05)
    admin.patch("/sources/SN1", {"redshift": 0.06, "redshift_error": 0.001})
    source = admin.get("/sources/SN1?includePhotometry=true").data
    assert (source["redshift"], source["redshift_error"], source["ra"]) == (0.06, 0.001, 10.0)
    assert len(source["photometry"]) == 3


def test_saving_it_again_updates_and_shares_it(admin: Gateway) -> None:
    make_source(admin, group_ids=[2])
    ada = make_user(admin, "ada", "Upload data")
    own = next(g["id"] for g in ada.get("/groups").data["user_groups"] if g["name"] == "ada")
    assert ada.get("/sources/SN1").status == 404
    assert ada.post("/sources", {"id": "SN1", "redshift": 3.0}).status == 200
    source = ada.get("/sources/SN1").data
    assert source["redshift"] == 0.05, "who could not see it does not change it"
    assert own in [group["id"] for group in source["groups"]]


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "a b"}, {"id": ""}, {"id": "é"}, {"ra": 400}, {"dec": -91}, {"ra": None}, {"redshift": "far"},
        {"wings": 2}, {"group_ids": [0]}, {"id": 3},
    ],
)  # fmt: skip
def test_what_is_no_source_is_refused(admin: Gateway, fields: dict[str, Any]) -> None:
    assert admin.post("/sources", {"id": "SN2", "ra": 1, "dec": 2, **fields}).status == 400


def test_spectra_come_back_bit_for_bit(admin: Gateway) -> None:
    make_source(admin)
    wavelengths = [4000 + i / 3 for i in range(5000)]
    spectrum = {
        "obj_id": "SN1", "instrument_id": 1, "observed_at": "2021-05-08T12:00:00+02:00",
        "wavelengths": wavelengths, "fluxes": [w / 7 for w in wavelengths],
    }  # fmt: skip
    assert admin.post("/spectrum", spectrum).status == 200
    (back,) = admin.get("/sources/SN1/spectra").data["spectra"]
    assert back["wavelengths"] == wavelengths
    assert back["fluxes"] == spectrum["fluxes"]
    assert back["observed_at"] == "2021-05-08T10:00:00"
    assert make_user(admin, "ada").get("/sources/SN1/spectra").data["spectra"] == []
    assert admin.post("/spectrum", {**spectrum, "fluxes": [1.0]}).status == 400
