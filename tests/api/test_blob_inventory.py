"""The inventory deletes blobs that no record names, and nothing else."""

from typing import Any

import pytest

from chalicelib import blobs, queues, workers
from chalicelib.analysis import blob_inventory
from chalicelib.tables.analyses import find_analysis
from tests.api.story import deliver, drain_queue, make_service, make_source, start_analysis
from tests.gateway import Gateway


def list_keys() -> list[str]:
    return [entry.key for prefix in ("analyses/", "attachments/") for entry in blobs.list_blobs(prefix, "", 1000)]


@pytest.fixture
def kept(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the keys of blobs that records name; all are old enough to be checked."""
    monkeypatch.setattr(blob_inventory, "LEAST_AGE_SECONDS", -1.0)
    make_source(admin)
    start_analysis(admin, make_service(admin))
    upload = make_service(admin, name="b", upload_only=True, input_data_types=[])
    for number in range(3):
        body = {"analysis": {"results": {"n": number}, "plots": ["iVBORw0KGgo="]}}
        assert admin.post(f"/obj/SN1/analysis_upload/{upload}", body).status == 200
    comment = {"text": "a", "attachment": {"name": "b", "body": "aaaa"}}
    assert admin.post("/sources/SN1/comments", comment).status == 200
    return list_keys()


def run_inventory() -> None:
    workers.handle_sweep()
    deliver(queues.JOBS)


@pytest.mark.parametrize(
    "orphan",
    [
        "analyses/999/inputs.json", "analyses/999/documents/x/document.json", "analyses/1/documents/old/plots/0",
        "analyses/1/documents/old/renders/corner.png", "analyses/2/documents/other/document.json", "analyses/x/y",
        "attachments/SN1/unknown", "attachments/SN404/unknown",
    ],
)  # fmt: skip
def test_orphans_are_deleted(kept: list[str], orphan: str) -> None:
    blobs.write_blob(orphan, b"{}")
    run_inventory()
    assert list_keys() == kept


def test_blobs_of_renders_belong_to_their_document(admin: Gateway, kept: list[str]) -> None:
    item = find_analysis(2)
    assert item is not None
    blobs.write_blob(f"{item.document}renders/corner.png", b"x")
    run_inventory()
    assert set(list_keys()) == {*kept, f"{item.document}renders/corner.png"}


def test_it_goes_on_in_the_next_job(kept: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_inventory, "BLOBS_PER_JOB", 2)
    for number in range(7):
        blobs.write_blob(f"analyses/{number * 13}/orphan", b"x")
        blobs.write_blob(f"attachments/A{number}/orphan", b"x")
    run_inventory()
    assert list_keys() == kept


def test_young_blobs_are_left_alone(kept: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_inventory, "LEAST_AGE_SECONDS", 3600.0)
    blobs.write_blob("analyses/999/inputs.json", b"{}")
    run_inventory()
    assert "analyses/999/inputs.json" in list_keys()


def test_it_begins_once_a_day(admin: Gateway) -> None:
    jobs: list[dict[str, Any]] = []
    for _ in range(5):
        workers.handle_sweep()
        jobs += drain_queue(queues.JOBS)
    assert jobs == [{"job": "check_blobs", "prefix": "analyses/"}]
