"""The sweep: it checks all that is overdue as long as it has time, of each kind some in turn."""

import time
from typing import Any

import pytest

from chalicelib import queues, settings, workers
from chalicelib.analysis import sweep
from chalicelib.analysis.sweep import SPARE_SECONDS
from chalicelib.aws import get_client
from chalicelib.tables.analyses import find_analysis, iterate_overdue
from chalicelib.tables.analysis_items import choose_watch, list_watches
from tests.api.story import deliver, drain_queue, make_service, make_source, set_overdue, start_analysis, sweep_overdue
from tests.gateway import Gateway
from tests.stage import load_template_resources


def count_messages() -> int:
    return len(drain_queue(queues.DISPATCH))


def start_queued(admin: Gateway, count: int) -> list[int]:
    make_source(admin)
    service = make_service(admin)
    return [start_analysis(admin, service) for _ in range(count)]


def test_all_that_is_overdue_is_checked_once(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "RECORDS_PER_TURN", 2)
    ids = start_queued(admin, 25)
    drain_queue(queues.DISPATCH)
    for number in ids:
        set_overdue(number)
    assert (sweep_overdue(), sweep_overdue()) == (25, 0)
    assert sorted(message["analysis_id"] for message in drain_queue(queues.DISPATCH)) == ids


def test_a_crowd_of_one_kind_does_not_starve_another(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "RECORDS_PER_TURN", 1)
    *crowd, late = start_queued(admin, 24)
    drain_queue(queues.DISPATCH)
    for number in crowd:
        set_overdue(number, check_at=1)
    set_overdue(late, status="pending", watch=choose_watch("pending", late))
    checks: list[int] = []
    real_continue = sweep._Sweep._continue
    monkeypatch.setattr(
        sweep._Sweep, "_continue", lambda self, item: (checks.append(item.id), real_continue(self, item))
    )
    monkeypatch.setattr(sweep._Sweep, "has_time", property(lambda self: len(checks) < 8))
    assert sweep_overdue() == 8
    assert late in checks, "though twenty others were overdue before it"


def test_it_stops_before_its_function_is_cut_off(admin: Gateway) -> None:
    for number in start_queued(admin, 3):
        set_overdue(number)
    assert sweep_overdue(time.time() + SPARE_SECONDS - 1) == 0
    assert sweep_overdue(time.time() + SPARE_SECONDS + 50) == 3


def test_its_time_is_that_of_its_function(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    class Context:
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 60_000

    ends: list[float] = []
    monkeypatch.setattr(sweep, "sweep_overdue", ends.append)
    workers.handle_sweep(workers.get_end(Context()))
    assert 55 < ends[0] - time.time() <= 60


def test_queued_ones_are_checked_after_a_quarter_of_an_hour(admin: Gateway) -> None:
    (analysis,) = start_queued(admin, 1)
    item = find_analysis(analysis)
    assert item is not None and 890 < float(item.check_at or 0) - time.time() <= 900


def test_it_adds_no_message_while_others_wait(admin: Gateway) -> None:
    ids = start_queued(admin, 10)
    for _ in range(3):
        for number in ids:
            set_overdue(number)
        assert sweep_overdue() == 10
    assert count_messages() == 10
    for number in ids:
        set_overdue(number)
    sweep_overdue()
    assert count_messages() == 10, "none waits: each is sent again"


def test_a_message_that_is_lost_among_others_is_sent_in_the_end(admin: Gateway) -> None:
    lost, _ = start_queued(admin, 2)
    set_overdue(lost, modified="2001-01-01T00:00:00.000000")
    sweep_overdue()
    assert [message["analysis_id"] for message in drain_queue(queues.DISPATCH)].count(lost) == 2


@pytest.mark.parametrize("status", ["queued", "pending", "deleted"])
def test_records_of_older_versions_are_checked_and_moved(admin: Gateway, status: str) -> None:
    (analysis,) = start_queued(admin, 1)
    drain_queue(queues.DISPATCH)
    set_overdue(analysis, status=status, watch="open")
    assert sweep_overdue() == 1
    item = find_analysis(analysis)
    if status == "queued":
        assert item is not None and item.watch == choose_watch("queued", analysis)
        assert count_messages() == 1
    elif status == "pending":
        assert item is not None and (item.status, item.watch) == ("timed_out", None)
    else:
        assert item is None


def test_every_state_that_waits_has_partitions(admin: Gateway) -> None:
    assert {choose_watch(status, number) for status in ("queued", "pending", "completed", "deleted")
            for number in range(100)} == set(list_watches()) - {"open"}  # fmt: skip
    (analysis,) = start_queued(admin, 1)
    deliver()
    set_overdue(analysis)
    assert [key for watch in list_watches() for key in iterate_overdue(watch)] == [f"analysis#{analysis}"]


def test_one_broken_record_does_not_stop_the_others(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, whole = start_queued(admin, 2)
    drain_queue(queues.DISPATCH)
    for number in (broken, whole):
        set_overdue(number)
    real_queue = sweep.queue_analysis

    def queue_whole(message: Any, service_id: int) -> None:
        if message.analysis_id == broken:
            raise ValueError
        real_queue(message, service_id)

    monkeypatch.setattr(sweep, "queue_analysis", queue_whole)
    assert sweep_overdue() == 2
    assert [message["analysis_id"] for message in drain_queue(queues.DISPATCH)] == [whole]


def test_the_indexes_hold_nothing_but_keys(admin: Gateway) -> None:
    """A fit writes up to 60 kB: in an index of all attributes it would be written again with each change."""
    indexes = load_template_resources()["Analyses"]["Properties"]["GlobalSecondaryIndexes"]
    projections = {index["IndexName"]: index["Projection"]["ProjectionType"] for index in indexes}
    assert (projections["by_watch"], projections["by_line"]) == ("KEYS_ONLY", "KEYS_ONLY")
    make_source(admin)
    start_analysis(admin, make_service(admin))
    (entry,) = get_client("dynamodb").query(
        TableName=settings.resource_name("analyses"),
        IndexName="by_watch",
        KeyConditionExpression="watch = :watch",
        ExpressionAttributeValues={":watch": {"S": "queued#1"}},
    )["Items"]
    assert entry.keys() <= {"key", "watch", "check_at"}
