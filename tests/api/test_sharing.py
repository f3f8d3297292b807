"""Sharing points of photometry with more groups."""

import pytest

from tests.api.story import LIGHT_CURVE, make_source
from tests.api.test_groups import make_group
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway


@pytest.fixture
def people(admin: Gateway) -> dict[str, Gateway]:
    """Ada owns points in the group *two*, Bob is in *two* and *three*, Eve in *three*."""
    make_source(admin)
    users = {name: make_user(admin, name, "Upload data") for name in ("ada", "bob", "eve")}
    make_group(admin, "two", users["ada"], users["bob"])
    make_group(admin, "three", users["bob"], users["eve"])
    return users


def group_id(user: Gateway, name: str) -> int:
    return int(user.get(f"/groups?name={name}").data[0]["id"])


def upload(ada: Gateway) -> list[int]:
    body = {**LIGHT_CURVE, "mjd": [59000.0, 59001.0, 59002.0], "group_ids": [group_id(ada, "two")]}
    return [int(number) for number in ada.post("/photometry", body).data["ids"]]


def share(user: Gateway, points: list[int], *groups: int) -> int:
    return user.post("/sharing", {"photometryIDs": points, "groupIDs": list(groups)}).status


def test_the_owner_shares_points_with_a_group(admin: Gateway, people: dict[str, Gateway]) -> None:
    ada, eve = people["ada"], people["eve"]
    first, second, third = upload(ada)
    three = group_id(admin, "three")
    admin.post(f"/groups/{three}/users", {"userID": user_id(ada)})
    assert eve.get(f"/photometry/{first}").status == 404
    assert share(ada, [first, third], three) == 200
    assert [eve.get(f"/photometry/{number}").status for number in (first, second, third)] == [200, 404, 200]
    assert share(ada, [first], three) == 200
    assert [point["id"] for point in eve.get("/sources/SN1/photometry").data if point["mjd"] > 58999] == [first, third]


def test_members_share_what_they_may(admin: Gateway, people: dict[str, Gateway]) -> None:
    bob, eve = people["bob"], people["eve"]
    first, *_ = upload(people["ada"])
    two, three = group_id(admin, "two"), group_id(admin, "three")
    assert share(bob, [first], three) == 403
    admin.patch(f"/groups/{two}/users", {"userID": user_id(bob), "canSharePhotometry": True})
    assert share(bob, [first], three) == 200
    assert eve.get(f"/photometry/{first}").status == 200
    assert share(eve, [first], three) == 403, "the right belongs to another group of the point"


def test_nothing_is_shared_if_one_point_cannot_be(admin: Gateway, people: dict[str, Gateway]) -> None:
    ada, eve = people["ada"], people["eve"]
    first, *_ = upload(ada)
    three = group_id(admin, "three")
    assert share(eve, [first], three) == 404
    assert share(ada, [first], three) == 403, "ada is not in the group"
    admin.post(f"/groups/{three}/users", {"userID": user_id(ada)})
    for wrong in (4711, 1):
        assert share(ada, [first, wrong], three) in (403, 404)
        assert eve.get(f"/photometry/{first}").status == 404
    assert admin.post("/sharing", {"groupIDs": [three]}).status == 400
    assert admin.post("/sharing", {"photometryIDs": [first], "groupIDs": []}).status == 400
    assert share(admin, [first], 4711) == 403


def test_points_of_others_are_left_out_on_request(admin: Gateway, people: dict[str, Gateway]) -> None:
    ada, eve = people["ada"], people["eve"]
    own = upload(ada)
    three = group_id(admin, "three")
    admin.post(f"/groups/{three}/users", {"userID": user_id(ada)})
    public = [point["id"] for point in admin.get("/sources/SN1/photometry").data]
    foreign = [number for number in public if number not in own]
    admin.post("/sharing", {"photometryIDs": foreign, "groupIDs": [1]})
    body = {"photometryIDs": [*own, *foreign], "groupIDs": [three], "skipForeign": True}
    reply = ada.post("/sharing", body)
    assert reply.status == 200
    assert reply.json["notes"] == [f"photometryIDs: {len(foreign)} of {len(public)} points are not yours to share."]
    assert [eve.get(f"/photometry/{number}").status for number in own] == [200, 200, 200]
    shared = [point for point in ada.get("/sources/SN1/photometry").data if three in {g["id"] for g in point["groups"]}]
    assert [point["id"] for point in shared] == own
    assert ada.post("/sharing", {**body, "photometryIDs": foreign}).status == 403, "nothing would be shared"


def test_only_the_owner_shares_a_spectrum(admin: Gateway, people: dict[str, Gateway]) -> None:
    ada, bob, eve = people.values()
    two, three = group_id(admin, "two"), group_id(admin, "three")
    spectrum = {
        "obj_id": "SN1", "instrument_id": 1, "observed_at": "2026-01-01", "wavelengths": [5000, 5001],
        "fluxes": [1, 2], "group_ids": [two],
    }  # fmt: skip
    number = ada.post("/spectrum", spectrum).data["id"]
    admin.patch(f"/groups/{two}/users", {"userID": user_id(bob), "canSharePhotometry": True})
    assert bob.post("/sharing", {"spectrumIDs": [number], "groupIDs": [three]}).status == 403
    assert eve.get(f"/spectra/{number}").status == 404
    admin.post(f"/groups/{three}/users", {"userID": user_id(ada)})
    assert ada.post("/sharing", {"spectrumIDs": [number], "groupIDs": [three]}).status == 200
    assert eve.get(f"/spectra/{number}").status == 200
