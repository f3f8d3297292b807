"""Taxonomies: the classes that a classification may name."""

from typing import Any

import pytest

from chalicelib.tables import taxonomies as taxonomies_table
from tests.api.test_people import make_user
from tests.gateway import Gateway

HIERARCHY = {
    "class": "Supernova",
    "subclasses": [{"class": "Ia", "comments": "thermonuclear"}, {"class": "II", "subclasses": None}],
}
TAXONOMY = {"name": "Supernovae", "version": "1", "hierarchy": HIERARCHY, "provenance": "a book"}


def add_taxonomy(user: Gateway, **more: Any) -> int:
    return int(user.post("/taxonomy", {**TAXONOMY, **more}).data["taxonomy_id"])


def latest(user: Gateway) -> list[int]:
    return [taxonomy["id"] for taxonomy in user.get("/taxonomy").data if taxonomy["isLatest"]]


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {"class": "a"}
    for _ in range(depth - 1):
        node = {"class": "a", "subclasses": [node]}
    return node


def test_create_read_and_delete_a_taxonomy(admin: Gateway) -> None:
    ada = make_user(admin, "ada", "Post taxonomy")
    number = add_taxonomy(ada)
    path = f"/taxonomy/{number}"
    added = ada.get(path).data
    assert {name: added[name] for name in TAXONOMY} == TAXONOMY
    assert (added["id"], added["isLatest"]) == (number, True)
    assert 1 in [group["id"] for group in added["groups"]]
    assert make_user(admin, "bob").get("/taxonomy").data[0]["groups"] == added["groups"][:1]
    assert ada.delete(path).status == 200
    assert ada.get(path).status == 404
    assert ada.get("/taxonomy").data == []
    add_taxonomy(ada)


def test_versions_of_a_name_are_unique_and_one_is_the_latest(admin: Gateway) -> None:
    first = add_taxonomy(admin)
    taken = admin.post("/taxonomy", TAXONOMY)
    assert taken.status == 400
    assert "version" in taken.message
    second = add_taxonomy(admin, version="2")
    other = add_taxonomy(admin, name="Stars")
    assert latest(admin) == [second, other]
    third = add_taxonomy(admin, version="3", isLatest=False)
    assert latest(admin) == [second, other]
    assert [t["id"] for t in admin.get("/taxonomy").data] == [first, second, other, third]


def test_a_new_version_leaves_those_of_other_users(admin: Gateway) -> None:
    first = add_taxonomy(admin)
    ada, bob = make_user(admin, "ada", "Post taxonomy"), make_user(admin, "bob", "Post taxonomy")
    mine = add_taxonomy(ada, version="evil")
    assert latest(bob) == [first, mine]
    assert bob.delete(f"/taxonomy/{first}").status == 403
    assert add_taxonomy(admin, version="2") in latest(bob)
    assert len(latest(bob)) == 1, "an administrator's is the latest of all"
    assert admin.delete(f"/taxonomy/{mine}").status == 200


def test_only_its_groups_see_a_taxonomy(admin: Gateway) -> None:
    number = add_taxonomy(admin, group_ids=[2])
    ada = make_user(admin, "ada", "Post taxonomy")
    assert ada.get("/taxonomy").data == []
    assert ada.get(f"/taxonomy/{number}").status == 404
    assert ada.delete(f"/taxonomy/{number}").status == 404
    assert ada.post("/taxonomy", {**TAXONOMY, "version": "2", "group_ids": [2]}).status == 403
    assert make_user(admin, "bob").post("/taxonomy", TAXONOMY).status == 401


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": ""}, "name"), ({"version": ""}, "version"), ({"version": None}, "version"),
        ({"version": "x" * 51}, "version"), ({"hierarchy": None}, "hierarchy"),
        ({"hierarchy": {}}, "hierarchy"),
        ({"hierarchy": {"class": 3}}, "hierarchy"), ({"hierarchy": {"class": "x" * 201}}, "hierarchy"),
        ({"hierarchy": {"class": "a", "subclasses": {"class": "b"}}}, "hierarchy.subclasses"),
        ({"hierarchy": {"class": "a", "subclasses": ["b"]}}, "hierarchy.subclasses.0"),
        ({"hierarchy": {"class": "a", "notes": "x" * 300_000}}, "hierarchy"),
        ({"hierarchy": nested(46)}, "hierarchy"), ({"provenance": "x" * 2001}, "provenance"),
        ({"wings": 2}, "wings"),
    ],
)  # fmt: skip
def test_invalid_taxonomies_are_refused(admin: Gateway, change: dict[str, Any], word: str) -> None:
    refused = admin.post("/taxonomy", {**TAXONOMY, **change})
    assert refused.status == 400
    assert word in refused.message


def test_large_taxonomies_fit(admin: Gateway) -> None:
    classes = [{"class": f"{n:04d} \U0001f52d", "comments": f"{n * 2654435761 % 2**32}" * 3} for n in range(3000)]
    hierarchy = {"class": "all", "subclasses": [*classes, nested(43)]}
    number = add_taxonomy(admin, hierarchy=hierarchy, name="\U0001f52d" * 200, version="\U0001f52d" * 50)
    assert admin.get(f"/taxonomy/{number}").data["hierarchy"] == hierarchy


def test_change_a_taxonomy(admin: Gateway) -> None:
    first, second = add_taxonomy(admin), add_taxonomy(admin, version="2")
    path = f"/taxonomy/{first}"
    assert admin.put(path, {"name": "Stars", "provenance": None}).status == 200
    view = admin.get(path).data
    assert (view["name"], view["version"], view["provenance"]) == ("Stars", "1", None)
    taken = admin.put(path, {"name": "Supernovae", "version": "2"})
    assert (taken.status, "version" in taken.message) == (400, True)
    assert admin.put(path, {"name": "Supernovae", "isLatest": True}).status == 200
    assert latest(admin) == [first]
    add_taxonomy(admin, name="Stars")
    refusal = admin.put(f"/taxonomy/{second}", {"hierarchy": HIERARCHY})
    assert (refusal.status, "hierarchy" in refusal.message) == (400, True)
    ada = make_user(admin, "ada", "Post taxonomy")
    assert ada.put(path, {"name": "Mine"}).status == 403


def test_the_groups_of_a_taxonomy_change(admin: Gateway) -> None:
    number = add_taxonomy(admin)
    group = admin.post("/groups", {"name": "few"}).data["id"]
    ada = make_user(admin, "ada")
    assert ada.get(f"/taxonomy/{number}").status == 200
    assert admin.put(f"/taxonomy/{number}", {"group_ids": [group]}).status == 200
    assert ada.get(f"/taxonomy/{number}").status == 404


def test_a_change_is_made_again_if_another_request_came_between(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = admin.post("/groups", {"name": "few"}).data["id"]
    path = f"/taxonomy/{add_taxonomy(admin)}"
    real = taxonomies_table.update_taxonomy_item

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.undo()
        assert admin.put(path, {"group_ids": [group]}).status == 200
        real(*arguments)

    monkeypatch.setattr(taxonomies_table, "update_taxonomy_item", meanwhile)
    assert admin.put(path, {"provenance": "another book"}).status == 200
    view = admin.get(path).data
    assert (view["provenance"], [each["id"] for each in view["groups"]]) == ("another book", [group])
