"""Saving a source that exists: only what the request names changes."""

from typing import Any

import pytest

from chalicelib.schemas.sources import FIELDS
from tests.api.test_people import make_user
from tests.api.test_sources import groups_of, save
from tests.gateway import Gateway

VALUES: dict[str, Any] = {
    "ra": 10.5, "dec": -5.5, "redshift": 0.05, "redshift_error": 0.001, "redshift_origin": "host",
    "alias": ["AT2026a"], "origin": "ZTF", "transient": True, "varstar": False, "is_roid": False,
    "altdata": {"host": "M 87"}, "ra_dis": 10.4, "dec_dis": -5.4, "ra_err": 0.1, "dec_err": 0.2, "offset": 1.5,
    "t0": 59000.5, "dist_nearest_source": 3.5, "mag_nearest_source": 20.5, "e_mag_nearest_source": 0.1,
    "mpc_name": "K21", "tns_name": "AT 2026a", "tns_info": {"type": "SN Ia"}, "score": 0.9,
    "detect_photometry_count": 3,
}  # fmt: skip
BLANKS: dict[type, list[Any]] = {str: [None, "", "  "], list: [None, []], dict: [None, {}]}


def stored(user: Gateway) -> dict[str, Any]:
    source = user.get("/sources/SN1").data
    return {name: source[name] for name in FIELDS}


def test_every_field_has_a_case() -> None:
    assert set(VALUES) == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_a_blank_is_not_a_value_but_patch_clears(admin: Gateway, field: str) -> None:
    save(admin, **VALUES)
    for blank in BLANKS.get(type(VALUES[field]), [None, ""]):
        reply = admin.post("/sources", {"id": "SN1", field: blank})
        assert reply.status == 200
        assert [note.partition(":")[0] for note in reply.json["notes"]] == [field]
        assert stored(admin) == VALUES
    both = {"ra": None, "dec": None} if field in ("ra", "dec") else {field: None}
    assert admin.patch("/sources/SN1", both).status == 200
    assert stored(admin) == VALUES | both


def test_the_form_of_an_unknown_position_wipes_nothing(admin: Gateway) -> None:
    save(admin, **VALUES)
    assert admin.post("/sources", {"id": "SN1", "ra": None, "dec": None, "redshift": 0.06}).status == 200
    assert stored(admin) == VALUES | {"redshift": 0.06}
    assert admin.post("/sources", {"id": "SN1", "ra": 11, "dec": None}).status == 200
    assert stored(admin)["ra"] == 11


@pytest.mark.parametrize(("field", "value"), [("redshift", 0), ("dec", 0.0), ("transient", False), ("score", "0")])
def test_zero_and_false_are_values(admin: Gateway, field: str, value: Any) -> None:
    save(admin, **VALUES)
    assert admin.post("/sources", {"id": "SN1", field: value}).status == 200
    assert stored(admin) == VALUES | {field: float(value) if value == "0" else value}


@pytest.mark.parametrize("groups", [{}, {"group_ids": None}, {"group_ids": []}, {"group_ids": ""}])
def test_without_groups_it_is_shared_with_nobody_else(admin: Gateway, groups: dict[str, Any]) -> None:
    few = admin.post("/groups", {"name": "few"}).data["id"]
    save(admin, group_ids=[few])
    bob = make_user(admin, "bob", "Upload data", groups=(few,))
    for user in (admin, bob):
        assert user.post("/sources", {"id": "SN1", "redshift": 0.1, **groups}).status == 200
    assert groups_of(admin) == [few]
    assert make_user(admin, "eve").get("/sources/SN1").status == 404
    assert admin.post("/sources", {"id": "SN1", "group_ids": "all"}).status == 200
    assert groups_of(admin) == [1, few]


def test_a_name_that_is_an_alias_of_another_source_makes_a_source_of_its_own(admin: Gateway) -> None:
    save(admin, "SN1", alias=["SN2"], redshift=0.1)
    save(admin, "SN2")
    assert admin.get("/sources/SN2").data["redshift"] is None
    assert admin.get("/sources/SN1").data["redshift"] == 0.1


def test_what_was_not_saved_is_told(admin: Gateway) -> None:
    reply = admin.post("/sources", {"id": "SN1", "ra": 1, "dec": 2, "redshift": None, "group_ids": [2]})
    assert "notes" not in reply.json, "of a new source, null is a value"
    assert "notes" not in admin.post("/sources", {"id": "SN1", "redshift": 0.1}).json
