"""Favourite sources: marked by each user for themselves."""

import pytest

from chalicelib import queues
from chalicelib.people import user_deletion
from chalicelib.tables import favorites as favorites_table, sources as sources_table
from tests.api.story import deliver
from tests.api.test_people import make_user
from tests.api.test_source_list import names, page
from tests.api.test_sources import finish_deletions, save
from tests.gateway import Gateway


def mark(user: Gateway, source_id: str) -> int:
    return int(user.post("/listing", {"obj_id": source_id, "list_name": "favorites"}).data["id"])


def marked(user: Gateway) -> list[str]:
    user_id = user.get("/internal/profile").data["id"]
    return [entry["obj_id"] for entry in user.get(f"/listing/{user_id}?listName=favorites").data]


def test_favorites_are_added_listed_and_removed(admin: Gateway) -> None:
    for number in range(4):
        save(admin, f"SN{number}")
    ada = make_user(admin, "ada")
    first = mark(ada, "SN0")
    assert mark(ada, "SN0") == first, "twice is once"
    mark(ada, "SN2")
    assert marked(ada) == names(ada, listName="favorites") == ["SN2", "SN0"]
    assert page(ada, listName="favorites")["totalMatches"] == 2
    assert marked(admin) == names(admin, listName="favorites") == [], "each user has their own"
    assert ada.delete(f"/listing/{first}").status == 200
    assert marked(ada) == names(ada, listName="favorites") == ["SN2"]
    assert admin.delete(f"/listing/{first}").status == 403


def test_favorites_combine_with_other_filters(admin: Gateway) -> None:
    for number in range(4):
        save(admin, f"SN{number}", redshift=(number * 3 % 4) / 10, ra=10.0 + number)
    for number in (1, 2, 3):
        mark(admin, f"SN{number}")
    favorites = {"listName": "favorites"}
    assert names(admin, **favorites, sortBy="redshift") == ["SN3", "SN2", "SN1"]
    assert names(admin, **favorites, name="n2") == ["SN2"]
    assert names(admin, **favorites, sourceID="SN") == ["SN1", "SN2", "SN3"]
    assert names(admin, **favorites, ra=11, dec=-5, radius=1.1) == ["SN2", "SN1"]
    assert names(admin, **favorites, numPerPage=2, pageNumber=2) == ["SN1"]


def test_a_favorite_that_is_no_longer_visible_is_not_shown(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "few"}).data["id"]
    save(admin, "SN1", group_ids=[1, group])
    ada = make_user(admin, "ada")
    mark(ada, "SN1")
    admin.delete("/sources/SN1?group_id=1")
    assert (marked(ada), names(ada, listName="favorites")) == ([], [])
    assert page(ada, listName="favorites")["totalMatches"] == 0
    assert ada.post("/listing", {"obj_id": "SN1", "list_name": "favorites"}).status == 404


def test_favorites_go_with_their_source(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    save(admin)
    mark(admin, "SN1")
    source = sources_table.find_source("SN1")
    assert source
    admin.delete("/sources/SN1")
    assert marked(admin) == []
    with pytest.raises(sources_table.SourceMissing):
        favorites_table.insert_favorite(1, source)
    finish_deletions(monkeypatch)
    save(admin)
    assert marked(admin) == []


def test_favorites_are_seen_by_their_user_alone(admin: Gateway) -> None:
    save(admin)
    ada = make_user(admin, "ada")
    entry = mark(ada, "SN1")
    user_id = ada.get("/internal/profile").data["id"]
    assert admin.get(f"/listing/{user_id}").status == 403
    assert admin.delete(f"/listing/{entry}").status == 403
    foreign = {"obj_id": "SN1", "list_name": "favorites", "user_id": user_id}
    assert admin.post("/listing", foreign).status == 403
    assert ada.post("/listing", foreign).status == 200


def test_favorites_go_with_their_user(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_deletion, "PARTS_PER_STEP", 2)
    ada = make_user(admin, "ada")
    for number in range(3):
        save(admin, f"SN{number}")
        mark(ada, f"SN{number}")
    user_id = ada.get("/internal/profile").data["id"]
    assert admin.delete(f"/user/{user_id}").status == 200
    deliver(queues.JOBS)
    assert list(favorites_table.iterate_favorites(user_id)) == []
    assert names(admin) == ["SN2", "SN1", "SN0"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"obj_id": "SN1"}, "list_name"),
        ({"obj_id": "SN1", "list_name": "watch"}, "list_name"),
        ({"obj_id": "a b", "list_name": "favorites"}, "obj_id"),
        ({"obj_id": "SN1", "list_name": "favorites", "user_id": "me"}, "user_id"),
    ],
)
def test_invalid_favorites_are_refused(admin: Gateway, body: dict[str, str], field: str) -> None:
    save(admin)
    refused = admin.post("/listing", body)
    assert refused.status == 400
    assert field in refused.message
    assert admin.get("/listing/1?listName=watch").status == 400
