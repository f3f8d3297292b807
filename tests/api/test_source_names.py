"""Finding sources by a part of a name or alias; whether a name is taken in another spelling."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from chalicelib.sources import source_search
from chalicelib.tables import source_listings, sources as sources_table
from chalicelib.tables.sources import ListingItem, SourceItem
from tests.api.test_cost import count_calls
from tests.api.test_people import make_user
from tests.api.test_source_list import names, page
from tests.api.test_sources import save
from tests.gateway import Gateway


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hiz", ["ZTF21aaqjmps", "SN2021hiz"]),
        ("SN 2021hiz", ["ZTF21aaqjmps", "SN2021hiz"]),
        ("at2021HIZ", ["ZTF21aaqjmps", "SN2021hiz"]),
        ("2021hiz", ["ZTF21aaqjmps", "SN2021hiz"]),
        ("ZTF 21aaq", ["ZTF21aaqjmps"]),
        ("21AAQ", ["ZTF21aaqjmps"]),
        ("aaqjm", ["ZTF21aaqjmps"]),
        ("jmps", ["ZTF21aaqjmps"]),
        ("ztf", ["ZTF21aaqjmps"]),
        ("SN1", ["SN1"]),
        ("sn", ["SN1", "SN2021hiz"]),
        ("gaia 19", ["SN1"]),
        ("J1234-56", ["J1234-56"]),
        ("j1234\u221256", ["J1234-56"]),
        ("J1234+56", []),
        ("K21H00", ["J1234-56"]),
        ("red star", ["Red_Star"]),
        ("hizATLAS", []),
        ("%", []),
        ("' OR 1=1", []),
        ("\u00e9toile", ["Red_Star"]),
    ],
)
def test_any_part_of_any_name_in_any_spelling(admin: Gateway, text: str, expected: list[str]) -> None:
    save(admin, "SN2021hiz")
    save(admin, "ZTF21aaqjmps", alias=["AT 2021hiz", "ATLAS21abc"])
    save(admin, "J1234-56", mpc_name="K21H00A")
    save(admin, "SN1", tns_name="Gaia19abc")
    save(admin, "Red_Star", alias=["\u00c9toile rouge"])
    assert names(admin, name=text) == expected
    assert names(make_user(admin, "ada"), name=text) == expected
    assert page(admin, name=text)["totalMatches"] == len(expected)


def test_names_of_invisible_sources_are_neither_found_nor_counted(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "few"}).data["id"]
    save(admin, "hidden", alias=["AT2026qq"], group_ids=[group])
    save(admin, "open", alias=["AT2026qr"], group_ids="all")
    ada, bob = make_user(admin, "ada"), make_user(admin, "bob", groups=(group,))
    assert (names(ada, name="2026q"), page(ada, name="2026q")["totalMatches"]) == (["open"], 1)
    assert names(bob, name="2026q") == ["open", "hidden"]
    assert names(bob, name="2026q", group_ids=group) == ["hidden"]
    for name in ("AT2026qq", "SN2026QQ", "HIDDEN", "hidden"):
        assert not ada.get(f"/source_exists/{name}").data["source_exists"]
        assert bob.get(f"/source_exists/{name}").json["obj_ids"] == ["hidden"]


def test_the_search_follows_names_and_groups(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_table, "GROUPS_PER_TRANSACTION", 2)
    groups = [admin.post("/groups", {"name": f"group {n}"}).data["id"] for n in range(5)]
    save(admin, "SN1", group_ids=groups)
    bobs = [make_user(admin, f"bob{group}", groups=(group,)) for group in groups]

    def everyone_finds(text: str) -> list[list[str]]:
        return [names(user, name=text) for user in (admin, *bobs)]

    admin.patch("/sources/SN1", {"alias": ["Gaia19abc"]})
    assert everyone_finds("gaia") == [["SN1"]] * 6
    new = admin.post("/groups", {"name": "new"}).data["id"]
    admin.patch("/sources/SN1", {"alias": ["MASTER-1"], "group_ids": [new]})
    assert (everyone_finds("gaia"), everyone_finds("master-1")) == ([[]] * 6, [["SN1"]] * 6)
    assert names(make_user(admin, "eve", groups=(new,)), name="master") == ["SN1"]
    assert page(admin)["totalMatches"] == 1
    admin.delete(f"/sources/SN1?group_id={groups[0]}")
    assert names(bobs[0], name="master") == []
    admin.delete("/sources/SN1")
    assert everyone_finds("master") == [[]] * 6


def test_sources_of_earlier_versions_are_found(admin: Gateway) -> None:
    save(admin, "SN1", alias=["Gaia19abc"])
    save(admin, "SN2")
    for source_id in ("SN1", "SN2"):
        SourceItem(source_id, "source").update(actions=[SourceItem.names.remove()])
        for group in (1, 2):
            ListingItem(source_id, f"listing#{group:012d}").update(actions=[ListingItem.names.remove()])
    assert names(admin, name="gaia") == names(make_user(admin, "ada"), name="gaia") == ["SN1"]


def test_names_combine_with_other_filters_and_orders(admin: Gateway) -> None:
    save(admin, "SN2026a", redshift=0.2, ra=10.1)
    save(admin, "SN2026b", redshift=0.1)
    save(admin, "SN2025c", redshift=0.3)
    admin.post("/classification", {"obj_id": "SN2026a", "classification": "Ia"})
    assert names(admin, name="2026", sortBy="redshift") == ["SN2026b", "SN2026a"]
    assert names(admin, name="2026", ra=10.1, dec=-5, radius=0.01) == ["SN2026a"]
    assert names(admin, name="b", sourceID="SN2026") == ["SN2026b"]
    assert names(admin, name="2026", classifications="Ia") == ["SN2026a"]
    (source,) = page(admin, name="2026a", includeClassifications=True)["sources"]
    assert [each["classification"] for each in source["classifications"]] == ["Ia"]


def test_classifications_of_others_are_neither_shown_nor_searched(admin: Gateway) -> None:
    save(admin, "SN1", group_ids="all")
    admin.post("/classification", {"obj_id": "SN1", "classification": "II", "group_ids": [2]})
    admin.post("/classification", {"obj_id": "SN1", "classification": "Ia"})
    ada = make_user(admin, "ada")
    for user, expected in ((admin, ["II", "Ia"]), (ada, ["Ia"])):
        (source,) = page(user, includeClassifications=True)["sources"]
        assert [each["classification"] for each in source["classifications"]] == expected
        assert names(user, classifications="II") == (["SN1"] if "II" in expected else [])


def test_pages_of_a_search(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        save(admin, f"SN{number}")
        save(admin, f"other{number}")
    assert names(admin, name="sn", numPerPage=3, pageNumber=2) == ["SN3", "SN2", "SN1"]
    monkeypatch.setattr(source_search, "MOST_EXAMINED", 2)
    monkeypatch.setattr(source_search, "CHUNK", 1)
    source_ids: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        reply = admin.get(f"/sources?{urlencode({'name': 'sn', 'cursor': cursor})}")
        source_ids += [source["id"] for source in reply.data["sources"]]
        cursor = reply.headers.get("X-Next-Cursor")
    assert source_ids == [f"SN{number}" for number in reversed(range(7))]


def test_a_search_reads_an_entry_for_each_source_and_a_record_for_each_match(admin: Gateway) -> None:
    for number in range(300):
        sources_table.insert_source(f"S{number}", {"ra": None, "dec": None}, {1}, 1)
    names(admin, name="S299")
    with count_calls() as calls:
        assert names(admin, name="S299") == ["S299"]
    assert calls["Query"] <= 3
    assert calls["BatchGetItem"] <= 4


def test_a_search_through_too_many_sources_is_refused(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_listings, "MOST_READS", -1)
    save(admin)
    refused = admin.get("/sources?name=x")
    assert refused.status == 400
    assert "group_ids" in refused.message


@pytest.mark.parametrize(("query", "status"), [("name=_", 400), ("name=%20", 200), (f"name={'a' * 201}", 400)])
def test_a_search_needs_a_part_of_a_name(admin: Gateway, query: str, status: int) -> None:
    reply = admin.get(f"/sources?{query}")
    assert reply.status == status
    assert status == 200 or reply.message.startswith("name:")


@pytest.mark.parametrize(
    ("name", "source_ids"),
    [
        ("SN2021hiz", ["SN2021hiz"]),
        ("sn2021HIZ", ["SN2021hiz"]),
        ("AT 2021hiz", ["SN2021hiz"]),
        ("2021hiz", ["SN2021hiz"]),
        ("ZTF21aaqjmps", ["SN2021hiz"]),
        ("Gaia_21bcv", ["SN2021hiz"]),
        ("SN2021hi", []),
        ("SN2021hizz", []),
        ("jmps", []),
        ("SN", []),
        (" ", []),
    ],
)
def test_a_name_is_taken_in_any_spelling_and_as_an_alias(admin: Gateway, name: str, source_ids: list[str]) -> None:
    fields: dict[str, Any] = {"alias": ["ZTF21aaqjmps"], "tns_name": "AT 2021hiz", "mpc_name": "gaia21bcv"}
    save(admin, "SN2021hiz", **fields)
    save(admin, "SN2021hiq")
    answer = make_user(admin, "ada").get(f"/source_exists/{quote(name)}")
    assert (answer.json["obj_ids"], answer.data["source_exists"]) == (source_ids, bool(source_ids))
    assert all(source_id in answer.data["message"] for source_id in source_ids)
