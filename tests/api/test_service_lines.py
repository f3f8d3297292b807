"""Lines: analyses that wait for a slot of their service cost nothing, starve nobody, and are never forgotten."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import queues, settings, workers
from chalicelib.analysis.dispatch_queue import LineMessage, queue_line
from chalicelib.analysis.sweep import sweep_overdue
from chalicelib.tables import send_slots
from chalicelib.tables.analyses import count_line, find_analysis
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.send_slots import Slot, free_slot
from chalicelib.tables.service_lines import find_service_line
from tests.api.story import deliver, drain_queue, make_service, make_source, set_overdue, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import Received, analysis_service


def get_item(analysis: int) -> AnalysisItem:
    item = find_analysis(analysis)
    assert item is not None
    return item


def get_state(admin: Gateway, analysis: int) -> tuple[str, str]:
    status = admin.get(f"/obj/analysis/{analysis}/status").data
    return status["status"], status["message"]


def take_all(service: int, limit: int) -> list[Slot]:
    """Take all slots of a service, as other invocations would."""
    slots = [send_slots.take_slot(service, limit) for _ in range(limit)]
    assert send_slots.take_slot(service, limit) is None
    return [slot for slot in slots if slot is not None]


def make_line(admin: Gateway, url: str, count: int, **more: Any) -> tuple[int, list[int], list[Slot]]:
    """Start analyses of a service whose slots are all taken; return the service, the analyses and the slots."""
    make_source(admin)
    service = make_service(admin, url, **{"requests_at_once": 1, **more})
    slots = take_all(service, more.get("requests_at_once", 1))
    analyses = [start_analysis(admin, service) for _ in range(count)]
    deliver()
    assert count_line(service, 100) == count
    return service, analyses, slots


def test_one_service_is_sent_few_at_a_time(admin: Gateway) -> None:
    make_source(admin)
    in_flight: list[int] = []
    counts: list[int] = []

    def deliver_the_others(request: Received) -> tuple[int, dict[str, str]]:
        in_flight.append(1)
        deliver()
        counts.append(len(in_flight))
        in_flight.pop()
        return 200, {}

    with analysis_service(deliver_the_others) as slow, analysis_service(200) as quick:
        service = make_service(admin, slow.url, requests_at_once=3)
        ids = [start_analysis(admin, service) for _ in range(7)]
        neighbour = start_analysis(admin, make_service(admin, quick.url, name="quick"))
        deliver()
        assert max(counts) == 3
        assert get_state(admin, neighbour)[0] == "pending", "it did not wait for the slow one"
        assert {get_state(admin, number)[0] for number in ids} == {"pending"}, "no slot idles while others wait"
    assert len(slow.received) == 7, "each was sent once"


def test_an_analysis_that_waits_has_no_message(admin: Gateway) -> None:
    service, analyses, slots = make_line(admin, "https://service.example.org", 4)
    assert deliver() == [] and drain_queue(queues.DISPATCH) == []
    status, message = get_state(admin, analyses[0])
    assert status == "queued" and "waits in line for its service" in message
    assert "waits in line" in admin.get(f"/obj/analysis/{analyses[0]}").data["status_message"]
    sweep_overdue()
    assert drain_queue(queues.DISPATCH) == [], "all slots are taken"
    free_slot(slots[0])
    sweep_overdue()
    assert drain_queue(queues.DISPATCH) == [{"service_id": service}], "one for the free slot"


def test_who_frees_a_slot_sends_the_next_in_line_until_its_time_is_over(admin: Gateway) -> None:
    with analysis_service(200) as server:
        service, analyses, slots = make_line(admin, server.url, 4)
        free_slot(slots[0])
        first = start_analysis(admin, service)
        drain_queue(queues.DISPATCH)
        event = {"Records": [{"body": f'{{"analysis_id": {first}}}', "receiptHandle": ""}]}
        workers.handle_dispatch(event, time.time() + sum(settings.SEND_TIMEOUT))
        assert len(server.received) == 1, "there is time for its own alone"
        assert drain_queue(queues.DISPATCH) == [{"service_id": service}]
        queue_line(LineMessage(service))
        deliver()
        assert [request.headers["webhook-id"] for request in server.received[1:]] == [
            f"analysis-{number}" for number in analyses
        ]
    assert count_line(service, 10) == 0


def test_an_invocation_sends_one_analysis_however_short_its_time_is(admin: Gateway) -> None:
    """Else messages about a line would follow each other for ever."""
    with analysis_service(200) as server:
        service, _, slots = make_line(admin, server.url, 3)
        free_slot(slots[0])
        event = {"Records": [{"body": f'{{"service_id": {service}}}', "receiptHandle": ""}]}
        for number in (1, 2, 3):
            workers.handle_dispatch(event, time.time())
            assert len(server.received) == number


@pytest.mark.parametrize("is_seen", [True, False], ids=["by the index", "although the index is late"])
def test_a_slot_that_is_freed_meanwhile_is_used(admin: Gateway, monkeypatch: pytest.MonkeyPatch, is_seen: bool) -> None:
    make_source(admin)
    from chalicelib.analysis import dispatch

    with analysis_service(200) as server:
        service = make_service(admin, server.url, requests_at_once=1)
        (slot,) = take_all(service, 1)
        analysis = start_analysis(admin, service)
        real_join = dispatch.join_line

        def join_late(*args: Any, **options: Any) -> None:
            free_slot(slot)
            real_join(*args, **options)

        monkeypatch.setattr(dispatch, "join_line", join_late)
        if not is_seen:
            monkeypatch.setattr(dispatch, "iterate_line", lambda service_id, page_size: iter(()))
        deliver()
        assert len(server.received) == 1
    assert get_state(admin, analysis)[0] == "pending"


def test_a_line_whose_sender_died_is_served_by_the_sweep(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with analysis_service(200) as server:
        _, analyses, _ = make_line(admin, server.url, 3)
        later = time.time() + settings.DISPATCH_LEASE + 2
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: later)
            sweep_overdue()
            deliver()
        assert len(server.received) == 3
    assert {get_state(admin, number)[0] for number in analyses} == {"pending"}


def test_a_slot_of_a_crashed_invocation_is_free_again(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = take_all(1, 3)
    assert send_slots.take_slot(2, 3) is not None, "each service has its own"
    later = time.time() + settings.DISPATCH_LEASE + 2
    monkeypatch.setattr(time, "time", lambda: later)
    assert send_slots.take_slot(1, 3) is not None
    taken = next(slot for slot in lost if str(slot.number) in find_service_line(1).slots.attribute_values)
    take_all(1, 2) if taken.number == 2 else None
    for slot in lost:
        free_slot(slot)
    still_held = [until for until in find_service_line(1).slots.attribute_values.values() if until > later]
    assert still_held, "who lost a slot does not free that of the next"


def test_authors_take_turns(admin: Gateway) -> None:
    with analysis_service(200) as server:
        service, batch, slots = make_line(admin, server.url, 4)
        ada = make_user(admin, "ada", "Run Analyses")
        single = start_analysis(ada, service)
        deliver()
        free_slot(slots[0])
        queue_line(LineMessage(service))
        deliver()
        order = [int(request.headers["webhook-id"].partition("-")[2]) for request in server.received]
    assert sorted(order) == sorted([*batch, single])
    assert single in order[:2], "one analysis does not wait for the whole batch of somebody else"
    assert [number for number in order if number != single] == batch


@pytest.mark.parametrize("end", ["cancel", "delete"])
def test_a_waiting_analysis_that_ends_leaves_the_line(admin: Gateway, end: str) -> None:
    with analysis_service(200) as server:
        service, (first, second), slots = make_line(admin, server.url, 2)
        if end == "cancel":
            assert admin.post(f"/obj/analysis/{first}/cancel").status == 200
        else:
            assert admin.delete(f"/obj/analysis/{first}").status == 200
        assert count_line(service, 10) == 1
        free_slot(slots[0])
        sweep_overdue()
        deliver()
        assert [request.headers["webhook-id"] for request in server.received] == [f"analysis-{second}"]


@pytest.mark.parametrize("value", [0, 101, -1, 2.5, "many", True])
def test_requests_at_once_is_a_whole_number_up_to_100(admin: Gateway, value: Any) -> None:
    make_service(admin)
    reply = admin.patch("/analysis_service/1", {"requests_at_once": value})
    assert (reply.status, "requests_at_once" in reply.message) == (400, True)


def test_a_change_of_requests_at_once_takes_effect_at_once(admin: Gateway) -> None:
    get: Callable[[], Any] = lambda: admin.get("/analysis_service/1?includeDetails=true").data  # noqa: E731
    with analysis_service(200) as server:
        service, _, _ = make_line(admin, server.url, 2)
        assert (get()["requests_at_once"], get()["sending"]["waiting"]) == (1, 2)
        assert "2 analyses wait" in get()["sending"]["message"]
        assert admin.patch(f"/analysis_service/{service}", {"requests_at_once": 4}).status == 200
        deliver()
        assert len(server.received) == 2, "though the first slot is taken"
    assert get()["sending"]["waiting"] == 0
    assert "requests_at_once" not in admin.get("/analysis_service/1").data, "SkyPortal's records have no such field"
    assert (
        admin.get(f"/analysis_service/{make_service(admin, name='new')}?includeDetails=1").data["requests_at_once"]
        == 10
    )


def test_a_change_of_the_address_holds_for_the_next_of_the_line(admin: Gateway) -> None:
    def move(request: Received) -> tuple[int, dict[str, str]]:
        assert admin.patch("/analysis_service/1", {"url": new_server.url}).status == 200
        return 200, {}

    with analysis_service(move) as old_server, analysis_service(200) as new_server:
        service, _, slots = make_line(admin, old_server.url, 2)
        free_slot(slots[0])
        queue_line(LineMessage(service))
        deliver()
        assert (len(old_server.received), len(new_server.received)) == (1, 1)


def test_one_service_never_holds_more_than_half_of_all_senders(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DISPATCH_CONCURRENCY", 4)
    make_source(admin)
    service = make_service(admin, requests_at_once=100)
    take_all(service, 2)
    start_analysis(admin, service)
    deliver()
    assert count_line(service, 10) == 1


def test_a_message_of_an_analysis_in_line_is_void(admin: Gateway) -> None:
    with analysis_service(200) as server:
        service, (analysis,), slots = make_line(admin, server.url, 1)
        for _ in range(3):
            queues.send_message(queues.DISPATCH, {"analysis_id": analysis})
        deliver()
        assert server.received == [] and count_line(service, 10) == 1
        free_slot(slots[0])
        for _ in range(3):
            queues.send_message(queues.DISPATCH, {"analysis_id": analysis})
        deliver()
        assert len(server.received) == 1


def test_the_line_of_a_deleted_service_is_forgotten(admin: Gateway) -> None:
    service, analyses, _ = make_line(admin, "https://service.example.org", 2)
    admin.delete(f"/analysis_service/{service}")
    sweep_overdue()
    queue_line(LineMessage(service))
    deliver()
    assert find_service_line(service).watch is None
    assert find_analysis(analyses[0]) is None


def test_a_dead_letter_of_a_line_ends_nothing(admin: Gateway) -> None:
    service, (analysis,), _ = make_line(admin, "https://service.example.org", 1)
    workers.handle_dead_letter({"Records": [{"body": f'{{"service_id": {service}}}', "receiptHandle": ""}]})
    assert get_state(admin, analysis)[0] == "queued"


def test_an_empty_line_is_forgotten_after_a_while(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with analysis_service(200) as server:
        service, _, slots = make_line(admin, server.url, 1)
        free_slot(slots[0])
        sweep_overdue()
        deliver()
    sweep_overdue()
    assert find_service_line(service).watch is not None, "the index may not show yet who joined"
    later = time.time() + 400
    monkeypatch.setattr(time, "time", lambda: later)
    sweep_overdue()
    assert find_service_line(service).watch is None


def test_messages_name_the_service_as_their_group(admin: Gateway) -> None:
    from moto.sqs.models import sqs_backends

    from chalicelib.aws import get_account_id

    make_source(admin)
    service = make_service(admin)
    start_analysis(admin, service)
    queue = sqs_backends[get_account_id()]["us-east-1"].queues[settings.resource_name(queues.DISPATCH)]
    assert [message.group_id for message in queue._messages] == [str(service)]


def test_a_retry_waits_in_front_of_the_line(admin: Gateway) -> None:
    with analysis_service(200) as server:
        service, _, slots = make_line(admin, server.url, 2)
        tried = start_analysis(admin, service)
        set_overdue(tried, attempts=1, give_up_at=time.time() + 100)
        drain_queue(queues.DISPATCH)
        queues.send_message(queues.DISPATCH, {"analysis_id": tried, "attempt": 1})
        deliver()
        free_slot(slots[0])
        queue_line(LineMessage(service))
        deliver()
        assert server.received[0].headers["webhook-id"] == f"analysis-{tried}"
    assert get_item(tried).attempts == 2
