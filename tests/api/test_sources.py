"""Sources: saving, changing, reading, removing them from groups, deleting them."""

from typing import Any

import pytest

from chalicelib import queues
from chalicelib.analysis.analysis_deletion import delete_source_with_analyses
from chalicelib.tables import id_index, sources as sources_table
from tests.api import story
from tests.api.story import deliver, drain_queue, make_source
from tests.api.test_people import make_user
from tests.gateway import Gateway


def save(user: Gateway, source_id: str = "SN1", **more: Any) -> None:
    """Save a source."""
    reply = user.post("/sources", {"id": source_id, "ra": 10.0, "dec": -5.0, **more})
    assert reply.status == 200, reply.text


def group_of(user: Gateway, name: str) -> int:
    """Return the id of a group that a user is in."""
    return int(next(g["id"] for g in user.get("/groups").data["user_groups"] if g["name"] == name))


def groups_of(user: Gateway, source_id: str = "SN1") -> list[int]:
    return [group["id"] for group in user.get(f"/sources/{source_id}").data["groups"]]


def finish_deletions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the job of a deletion as if its delay had passed."""
    with monkeypatch.context() as later:
        later.setattr(story, "SOON", 120_000.0)
        deliver(queues.JOBS)


def test_save_and_change_a_source(admin: Gateway) -> None:
    make_source(admin)
    source = admin.get("/sources/SN1").data
    assert (source["id"], source["ra"], source["dec"], source["redshift"]) == ("SN1", 10.0, -5.0, 0.05)
    admin.patch("/sources/SN1", {"redshift": 0.06, "redshift_error": 0.001})
    source = admin.get("/sources/SN1?includePhotometry=true").data
    assert (source["redshift"], source["redshift_error"], source["ra"]) == (0.06, 0.001, 10.0)
    assert len(source["photometry"]) == 3


def test_saving_it_again_updates_and_shares_it(admin: Gateway) -> None:
    save(admin, redshift=0.05, group_ids=[2])
    ada = make_user(admin, "ada", "Upload data")
    bob = make_user(admin, "bob", "Upload data")
    reply = admin.post("/sources", {"id": "SN1", "redshift": 0.06, "group_ids": [group_of(ada, "ada")]})
    assert reply.status == 200
    assert ada.get("/sources/SN1").data["redshift"] == 0.06
    assert groups_of(admin) == [2, group_of(ada, "ada")]
    assert bob.get("/sources/SN1").status == 404


@pytest.mark.parametrize("body", [{}, {"ra": 1, "dec": 2}, {"ra": 10.0, "dec": -5.0, "redshift": 3.0, "altdata": {}}])
def test_a_guessed_name_shows_nothing_of_a_private_source(admin: Gateway, body: dict[str, Any]) -> None:
    save(admin, redshift=0.05, origin="secret", altdata={"host": "hidden"}, group_ids=[2])
    before = admin.get("/sources/SN1").json
    ada = make_user(admin, "ada", "Upload data", "Run Analyses")
    for groups in ({}, {"group_ids": [group_of(ada, "ada")]}, {"group_ids": "all"}):
        reply = ada.post("/sources", {"id": "SN1", **body, **groups})
        assert (reply.status, "Ask one of their members" in reply.message) == (403, True)
        assert ada.patch("/sources/SN1", {**body, **groups}).status == 404
        assert ada.get("/sources/SN1").status == 404
        assert all(word not in reply.text for word in ("0.05", "secret", "hidden", "10.0"))
    assert admin.get("/sources/SN1").json == before


def test_a_reader_sees_no_groups_of_others(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "secret"}).data["id"]
    save(admin, group_ids=[1, group])
    assert groups_of(admin) == [1, group]
    assert groups_of(make_user(admin, "ada")) == [1]


@pytest.mark.parametrize(
    "fields",
    [
        {"id": "a b"}, {"id": ""}, {"id": "é"}, {"ra": 400}, {"dec": -91}, {"ra": None}, {"redshift": "far"},
        {"wings": 2}, {"group_ids": [0]}, {"id": 3}, {"alias": ["é" * 200] * 50}, {"group_ids": "mine"},
    ],
)  # fmt: skip
def test_invalid_sources_are_refused(admin: Gateway, fields: dict[str, Any]) -> None:
    assert admin.post("/sources", {"id": "SN2", "ra": 1, "dec": 2, **fields}).status == 400


def test_a_position_is_complete_or_unknown(admin: Gateway) -> None:
    assert admin.post("/sources", {"id": "SN2"}).status == 400
    save(admin, ra=None, dec=None)
    assert admin.patch("/sources/SN1", {"ra": 1}).status == 400
    assert admin.patch("/sources/SN1", {"ra": 1e-300, "dec": -1e-300}).status == 200
    assert admin.patch("/sources/SN1", {"dec": None}).status == 400
    assert admin.post("/sources", {"id": "SN1", "ra": None, "dec": None}).status == 200


def test_a_source_includes_its_remarks_and_data(admin: Gateway) -> None:
    save(admin)
    admin.post("/sources/SN1/annotations", {"origin": "gaia", "data": {"parallax": 0.3}})
    admin.post("/sources/SN1/comments", {"text": "Rising."})
    admin.post("/classification", {"obj_id": "SN1", "classification": "Ia"})
    source = admin.get("/sources/SN1").data
    assert [a["data"] for a in source["annotations"]] == [{"parallax": 0.3}]
    assert [c["classification"] for c in source["classifications"]] == ["Ia"]
    assert not source.keys() & {"comments", "photometry", "spectra", "analyses"}
    asked = "includeComments=true&includePhotometry=t&includeSpectra=1&includeAnalyses=True"
    source = admin.get(f"/sources/SN1?{asked}").data
    assert [c["text"] for c in source["comments"]] == ["Rising."]
    assert [source[kind] for kind in ("photometry", "spectra", "analyses")] == [[], [], []]


def test_default_analyses_are_queued_before_a_save_to_a_group(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    save(admin)
    (job,) = drain_queue(queues.JOBS)
    assert job == {
        "job": "default_analyses", "source_id": "SN1", "group_ids": [1, 2, group],
        "public_url": "https://heliograph.test/api",
    }  # fmt: skip
    admin.patch("/sources/SN1", {"redshift": 0.1})
    admin.post("/sources", {"id": "SN1"})
    assert drain_queue(queues.JOBS) == [], "it is saved to no new group"
    new = admin.post("/groups", {"name": "supernovae"}).data["id"]
    with monkeypatch.context() as broken:
        broken.setattr(sources_table, "update_source_item", lambda *_: 1 / 0)
        assert admin.patch("/sources/SN1", {"group_ids": [group, new]}).status == 500
    (job,) = drain_queue(queues.JOBS)
    assert job["group_ids"] == [new]


def test_more_groups_than_one_transaction_takes(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources_table, "GROUPS_PER_TRANSACTION", 2)
    groups = [admin.post("/groups", {"name": f"group {n}"}).data["id"] for n in range(7)]
    save(admin, group_ids=groups[:5])
    assert groups_of(admin) == groups[:5]
    admin.patch("/sources/SN1", {"group_ids": groups, "redshift": 0.1})
    assert groups_of(admin) == groups
    for group in groups:
        assert admin.get(f"/sources?group_ids={group}").data["totalMatches"] == 1
    admin.delete("/sources/SN1")
    assert admin.get("/sources").data["totalMatches"] == 0
    assert admin.get(f"/sources?group_ids={groups[6]}").data["sources"] == []


def test_remove_a_source_from_a_group(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    save(admin, group_ids=[1, group])
    ada = make_user(admin, "ada", "Upload data")
    bob = make_user(admin, "bob", "Upload data", groups=(group,))
    assert ada.delete(f"/sources/SN1?group_id={group}").status == 403
    assert bob.delete("/sources/SN1?group_id=2").status == 403
    for slip in ("group_id=x", "group_id=", f"group={group}", f"group_ids={group}"):
        assert admin.delete(f"/sources/SN1?{slip}").status == 400
    assert bob.delete("/sources/SN1?group_id=1").status == 403, "only its owner makes it less public"
    assert admin.delete("/sources/SN1?group_id=1").status == 200
    assert groups_of(bob) == [group]
    assert ada.get("/sources/SN1").status == 404
    assert "in no other group" in bob.delete(f"/sources/SN1?group_id={group}").message
    assert bob.get("/sources/SN1").status == 200


def test_owner_and_administrator_delete_a_source(admin: Gateway) -> None:
    ada, bob = make_user(admin, "ada", "Upload data"), make_user(admin, "bob", "Upload data")
    save(ada)
    save(ada, "SN2")
    assert "owner" in bob.delete("/sources/SN1").message
    assert make_user(admin, "eve").delete("/sources/SN1").status == 401
    assert ada.delete("/sources/SN1").status == 200
    assert admin.delete("/sources/SN2").status == 200
    for name in ("SN1", "SN2"):
        for reply in (
            ada.get(f"/sources/{name}"),
            bob.delete(f"/sources/{name}"),
            ada.patch(f"/sources/{name}", {"redshift": 0.1}),
            admin.get(f"/sources/{name}/comments"),
        ):
            assert reply.status == 404
    assert ada.get("/sources").data["sources"] == []


def test_a_deleted_id_is_free_again_without_old_data(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    admin.post("/sources/SN1/annotations", {"origin": "gaia", "data": {}})
    admin.post("/sources/SN1/comments", {"text": "Rising."})
    old = admin.post("/classification", {"obj_id": "SN1", "classification": "Ia"}).data["classification_id"]
    assert admin.delete("/sources/SN1").status == 200
    reply = admin.post("/sources", {"id": "SN1", "ra": 1, "dec": 2})
    assert reply.status == 429, "its old data might show up in the new one"
    assert "deleted" in reply.message
    finish_deletions(monkeypatch)
    assert sources_table.find_parts("SN1") == []
    assert id_index.find_id_place("classification", old) is None
    save(admin, ra=1, dec=2)
    source = admin.get("/sources/SN1?includePhotometry=true&includeComments=true").data
    assert (source["ra"], source["redshift"]) == (1, None)
    assert [source[kind] for kind in ("photometry", "comments", "annotations", "classifications")] == [[]] * 4
    assert admin.get(f"/classification/{old}").status == 404
    assert admin.get("/sources").data["totalMatches"] == 1


def test_the_job_of_a_deletion_can_be_repeated(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    save(admin)
    delete_source_with_analyses("SN1")
    assert admin.get("/sources/SN1").status == 200, "a source that is not hidden is left alone"
    admin.delete("/sources/SN1")
    with monkeypatch.context() as broken:
        broken.setattr(sources_table, "delete_source_item", lambda item: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            delete_source_with_analyses("SN1")
    assert admin.post("/sources", {"id": "SN1", "ra": 1, "dec": 2}).status == 429
    for _ in range(2):
        delete_source_with_analyses("SN1")
    save(admin)
    admin.post("/sources/SN1/comments", {"text": "Anew."})
    delete_source_with_analyses("SN1")
    assert [c["text"] for c in admin.get("/sources/SN1/comments").data] == ["Anew."]


def test_of_two_concurrent_deletions_one_finds_no_source(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    save(admin)
    real, between = sources_table.hide_source, [None]

    def hide_after_another(item: sources_table.SourceItem) -> None:
        if between:
            between.pop()
            assert admin.delete("/sources/SN1").status == 200
        real(item)

    monkeypatch.setattr(sources_table, "hide_source", hide_after_another)
    assert admin.delete("/sources/SN1").status == 404
    assert admin.get("/sources").data["totalMatches"] == 0


def test_spectra_are_returned_bit_for_bit(admin: Gateway) -> None:
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
