"""Annotations by users, one of each origin, and by services, which replace only their own."""

import csv
import io
from ast import literal_eval
from typing import Any

import pytest

from chalicelib.sources import remarks
from chalicelib.tables import remarks as remarks_table
from tests.api.story import deliver, get_sent_body, make_service, start_analysis
from tests.api.test_people import make_user
from tests.api.test_sources import save
from tests.gateway import Gateway
from tests.service import analysis_service

GAIA = {"origin": "gaia", "data": {"parallax": 0.3, "flags": [1, None]}}


def annotate(user: Gateway, **more: Any) -> int:
    return int(user.post("/sources/SN1/annotations", {**GAIA, **more}).data["annotation_id"])


def origins(user: Gateway) -> list[str]:
    return [annotation["origin"] for annotation in user.get("/sources/SN1/annotations").data]


def test_create_read_update_and_delete_an_annotation(admin: Gateway) -> None:
    save(admin)
    ada = make_user(admin, "ada", "Annotate")
    number = annotate(ada, obj_id="SN1")
    path = f"/sources/SN1/annotations/{number}"
    added = ada.get(path).data
    assert (added["id"], added["obj_id"], added["origin"], added["data"]) == (number, "SN1", *GAIA.values())
    assert added["author"] == {"id": added["author_id"], "username": "ada"}
    assert [group["id"] for group in added["groups"]] == [1]
    assert ada.put(path, {"data": {"parallax": 0.4}, "origin": "gaia"}).status == 200
    changed = ada.get(path).data
    assert (changed["data"], changed["created_at"]) == ({"parallax": 0.4}, added["created_at"])
    assert changed["modified"] > added["modified"]
    assert ada.put(path, {}).status == 200
    assert ada.get(path).data["data"] == {"parallax": 0.4}
    assert ada.delete(path).status == 200
    assert ada.delete(path).status == 200
    assert ada.get("/sources/SN1/annotations").data == []


def test_a_source_has_one_annotation_of_each_origin(admin: Gateway) -> None:
    save(admin)
    number = annotate(admin)
    refused = admin.post("/sources/SN1/annotations", {**GAIA, "data": {}})
    assert refused.status == 400
    assert f"PUT /api/sources/SN1/annotations/{number}" in refused.message
    assert admin.put(f"/sources/SN1/annotations/{number}", {"origin": "tess"}).status == 400
    annotate(admin, origin="tess")
    assert origins(admin) == ["gaia", "tess"]


def test_only_its_groups_see_an_annotation(admin: Gateway) -> None:
    save(admin)
    number = annotate(admin, group_ids=[2])
    ada = make_user(admin, "ada", "Annotate")
    assert origins(ada) == []
    assert ada.get("/sources/SN1").data["annotations"] == []
    assert ada.get(f"/sources/SN1/annotations/{number}").status == 404
    assert ada.put(f"/sources/SN1/annotations/{number}", {"data": {}}).status == 404
    taken = ada.post("/sources/SN1/annotations", GAIA)
    assert taken.status == 400
    assert str(number) not in taken.message
    assert ada.post("/sources/SN1/annotations", {**GAIA, "origin": "b", "group_ids": [2]}).status == 403
    admin.put(f"/sources/SN1/annotations/{number}", {"group_ids": "all"})
    assert origins(ada) == ["gaia"]


def test_only_author_and_administrator_change_an_annotation(admin: Gateway) -> None:
    save(admin)
    ada, bob = make_user(admin, "ada", "Annotate"), make_user(admin, "bob", "Annotate")
    path = f"/sources/SN1/annotations/{annotate(ada)}"
    assert "author" in bob.put(path, {"data": {}}).message
    assert bob.delete(path).status == 403
    reader = make_user(admin, "eve")
    assert reader.post("/sources/SN1/annotations", GAIA).status == 401
    assert reader.get(path).status == 200
    assert admin.put(path, {"data": {"by": "admin"}}).status == 200
    assert admin.delete(path).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"origin": ""}, {"origin": None}, {"origin": "x" * 201}, {"origin": " a"}, {"data": [1]},
        {"data": None}, {"data": {"a": "x" * 60_000}}, {"obj_id": "SN2"}, {"group_ids": "mine"}, {"wings": 2},
    ],
)  # fmt: skip
def test_invalid_annotations_are_refused(admin: Gateway, change: dict[str, Any]) -> None:
    save(admin)
    assert admin.post("/sources/SN1/annotations", {**GAIA, **change}).status == 400
    number = annotate(admin)
    assert admin.put(f"/sources/SN1/annotations/{number}", change).status == 400


@pytest.mark.parametrize("number", ["0", "4711", "x", "-1", "9" * 30])
def test_unknown_annotations_are_not_found(admin: Gateway, number: str) -> None:
    save(admin)
    assert admin.get(f"/sources/SN1/annotations/{number}").status == 404
    assert admin.get(f"/sources/SN2/annotations/{number}").status == 404
    assert admin.post("/sources/SN2/annotations", GAIA).status == 404


def upsert(source: str, origin: str, data: dict[str, Any], groups: set[int], service: int) -> bool:
    """Write as an analysis of a service does."""
    return remarks.write_annotation(
        source, origin, data, group_ids=groups, author_id=1, service_id=service, analysis_id=1
    )


def test_a_service_replaces_only_its_own_annotations(admin: Gateway) -> None:
    save(admin)
    annotate(admin)
    assert not upsert("SN1", "gaia", {"by": "robot"}, {1}, 7)
    assert upsert("SN1", "salt", {"x1": 1}, {1}, 7)
    (_, first) = admin.get("/sources/SN1/annotations").data
    assert upsert("SN1", "salt", {"x1": 2}, {2}, 7)
    assert not upsert("SN1", "salt", {"x1": 3}, {1}, 8)
    (mine, second) = admin.get("/sources/SN1/annotations").data
    assert (mine["data"], second["data"], second["id"]) == (GAIA["data"], {"x1": 2}, first["id"])
    assert [group["id"] for group in second["groups"]] == [2]


def test_a_service_annotates_no_deleted_source(admin: Gateway) -> None:
    save(admin)
    admin.delete("/sources/SN1")
    assert not upsert("SN1", "salt", {}, {1}, 7)
    assert not upsert("SN2", "salt", {}, {1}, 7)
    assert remarks_table.find_remarks("SN1", "annotation") == []


def test_of_two_concurrent_services_one_writes(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    save(admin)
    real, between = remarks_table.insert_remark, [8]

    def insert_after_another(item: remarks_table.RemarkItem) -> None:
        if between:
            assert upsert("SN1", "salt", {"x1": 8}, {1}, between.pop())
        real(item)

    monkeypatch.setattr(remarks_table, "insert_remark", insert_after_another)
    assert not upsert("SN1", "salt", {"x1": 7}, {1}, 7)
    (only,) = admin.get("/sources/SN1/annotations").data
    assert only["data"] == {"x1": 8}


def test_a_concurrent_change_is_refused(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    save(admin)
    path = f"/sources/SN1/annotations/{annotate(admin)}"
    real, between = remarks_table.update_remark, [{"data": {"by": "other"}}]

    def update_after_another(item: remarks_table.RemarkItem, **values: Any) -> None:
        if between:
            assert admin.put(path, between.pop()).status == 200
        real(item, **values)

    monkeypatch.setattr(remarks_table, "update_remark", update_after_another)
    assert admin.put(path, {"data": {"by": "me"}}).status == 429
    assert admin.get(path).data["data"] == {"by": "other"}


def test_services_are_sent_the_annotations_visible_to_the_requester(admin: Gateway) -> None:
    save(admin)
    annotate(admin)
    annotate(admin, origin="secret", group_ids=[2])
    ada = make_user(admin, "ada", "Run Analyses")
    with analysis_service() as server:
        start_analysis(ada, make_service(admin, server.url, input_data_types=["annotations"]))
        deliver()
        text = get_sent_body(server)["inputs"]["annotations"]
    assert text.splitlines()[0] == "data,modified,origin,created_at"
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["origin"], literal_eval(row["data"])) == ("gaia", GAIA["data"])
