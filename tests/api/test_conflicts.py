"""Concurrent writers: conflicts with transactions are retried, and no row is written twice."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from chalicelib.aws import get_client
from chalicelib.errors import BusyError
from chalicelib.tables import base, photometry
from tests.api.story import LIGHT_CURVE, make_service, make_source, start_analysis
from tests.gateway import Gateway

TRANSACTION, UPDATE = "TransactWriteItems", "UpdateItem"


@pytest.fixture
def conflicts(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, int], None]]:
    """Let the next writes of a kind fail as they do while a transaction holds an item."""
    monkeypatch.setattr(base, "PAUSES", (0.001,) * 4)
    left = {TRANSACTION: 0, UPDATE: 0}

    def answer(model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        if not left.get(model.name):
            return None
        left[model.name] -= 1
        code = "TransactionCanceledException" if model.name == TRANSACTION else "TransactionConflictException"
        response = {
            "Error": {"Code": code, "Message": "held"},
            "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
        }
        return AWSResponse("", 400, {}, None), response

    events = get_client("dynamodb").meta.events
    events.register("before-call.dynamodb", answer)
    yield left.__setitem__
    events.unregister("before-call.dynamodb", answer)


def test_a_write_waits_for_a_transaction(admin: Gateway, conflicts: Callable[[str, int], None]) -> None:
    make_source(admin)
    service = make_service(admin)
    conflicts(TRANSACTION, 2)
    analysis = start_analysis(admin, service)
    conflicts(TRANSACTION, 2)
    assert admin.post(f"/obj/analysis/{analysis}/cancel").status == 200
    conflicts(TRANSACTION, 2)
    assert admin.delete(f"/obj/analysis/{analysis}").status == 200
    source = {"id": "SN1", "redshift": 0.07}
    conflicts(UPDATE, 2)
    assert admin.post("/sources", source).status == 200
    assert admin.get("/sources/SN1").data["redshift"] == 0.07


def test_a_long_conflict_is_busy(admin: Gateway, conflicts: Callable[[str, int], None]) -> None:
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin))
    conflicts(TRANSACTION, 100)
    reply = admin.post(f"/obj/analysis/{analysis}/cancel")
    conflicts(TRANSACTION, 0)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "queued"


def test_of_two_equal_concurrent_uploads_one_is_refused(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    again = {**LIGHT_CURVE, "mjd": [50001.0, 50002.0, 50003.0]}
    real, between = photometry.find_blocks, [again]

    def blocks(source_id: str) -> list[photometry.BlockItem]:
        items = real(source_id)
        if between:
            # After the first request has read the blocks, the second writes the same rows.
            assert admin.post("/photometry", between.pop()).status == 200
        return items

    monkeypatch.setattr(photometry, "find_blocks", blocks)
    reply = admin.post("/photometry", again)
    assert reply.status == 400
    assert "exists already" in reply.message
    assert len(admin.get("/sources/SN1/photometry").data) == 6


def test_writes_to_one_source_wait_for_each_other(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight at once the last needs eight attempts, more than once were made."""
    make_source(admin)
    real = photometry.find_blocks
    others = [{**LIGHT_CURVE, "mjd": [50001.0 + 10 * n, 50002.0 + 10 * n, 50003.0 + 10 * n]} for n in range(7)]

    def blocks(source_id: str) -> list[photometry.BlockItem]:
        items = real(source_id)
        if others:
            assert admin.post("/photometry", others.pop()).status == 200
        return items

    monkeypatch.setattr(photometry, "find_blocks", blocks)
    assert admin.post("/photometry", {**LIGHT_CURVE, "mjd": [51001.0, 51002.0, 51003.0]}).status == 200
    assert len(admin.get("/sources/SN1/photometry").data) == 3 + 8 * 3


def test_an_operation_that_always_conflicts_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PATIENCE_SECONDS", 0.1)

    def conflict() -> None:
        raise base.StateChanged

    with pytest.raises(BusyError, match="Others write"):
        base.retry_on_conflict(conflict, "Others write.")
