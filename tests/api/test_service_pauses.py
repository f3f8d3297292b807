"""Pauses: a service that keeps failing is left alone, tried by one analysis, and costs nobody an attempt."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import queues, settings
from chalicelib.analysis import dispatch
from chalicelib.analysis.dispatch import MOST_ATTEMPTS, RETRY_DELAYS
from chalicelib.analysis.sweep import sweep_overdue
from chalicelib.tables.analyses import count_line, find_analysis
from chalicelib.tables.send_slots import FAILURES_UNTIL_PAUSE
from chalicelib.tables.service_lines import ServiceLineItem, find_service_line
from tests.api.story import (
    deliver,
    drain_queue,
    end_delays,
    end_pause,
    list_retries,
    make_service,
    make_source,
    set_overdue,
    start_analysis,
)
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import Answer, Received, Service, analysis_service, answer_after

SLOWNESS = 100
"""How many times as long the tests wait for a retry: else one could come due while a slow machine runs a test."""


@pytest.fixture(autouse=True)
def slow_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "RETRY_DELAYS", tuple(SLOWNESS * delay for delay in RETRY_DELAYS))


def get_state(admin: Gateway, analysis: int) -> tuple[str, str]:
    status = admin.get(f"/obj/analysis/{analysis}/status").data
    return status["status"], status["message"]


def get_sending(admin: Gateway, service: int) -> Any:
    return admin.get(f"/analysis_service/{service}?includeDetails=true").data["sending"]


def answer_with(status: int, retry_after: str | None = None, body: bytes = b"no") -> Answer:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return lambda request: (status, headers, body)


def start_some(admin: Gateway, service: int, count: int) -> list[int]:
    """Start analyses and deliver their messages."""
    analyses = []
    for _ in range(count):
        analyses.append(start_analysis(admin, service))
        deliver()
    return analyses


@pytest.fixture
def failing(admin: Gateway) -> Iterator[tuple[Service, int, list[int]]]:
    """Return a service that is paused since five analyses met a 503, its id, and these analyses."""
    make_source(admin)
    with analysis_service(503) as server:
        service = make_service(admin, server.url, requests_at_once=2)
        yield server, service, start_some(admin, service, FAILURES_UNTIL_PAUSE)


def test_a_service_that_fails_five_times_in_a_row_is_paused(
    admin: Gateway, failing: tuple[Service, int, list[int]]
) -> None:
    server, service, analyses = failing
    waiting = start_some(admin, service, 2)
    assert len(server.received) == 5, "nothing is sent to it"
    assert {find_attempts(number) for number in waiting} == {0}, "nobody's attempt is used up"
    assert "attempt 1 of 6" in get_state(admin, analyses[0])[1]
    status, message = get_state(admin, waiting[0])
    assert status == "queued"
    assert "waits for its service, which is paused" in message and "HTTP 503" in message and " UTC" in message
    line = find_service_line(service)
    assert 15 <= float(line.paused_until or 0) - time.time() <= 45
    sending = get_sending(admin, service)
    assert (sending["state"], sending["failures"], sending["waiting"]) == ("paused", 5, 2)
    assert sending["last_error"] == "The service answered HTTP 503."
    assert sending["next_try_at"] > "2020" and sending["last_error_at"] > "2020"


def find_attempts(analysis: int) -> int:
    item = find_analysis(analysis)
    assert item is not None
    return item.attempts


def test_the_success_of_one_probe_resumes_all(admin: Gateway, failing: tuple[Service, int, list[int]]) -> None:
    server, service, analyses = failing
    waiting = start_some(admin, service, 3)
    in_flight: list[int] = []

    def accept(request: Received) -> tuple[int, dict[str, str]]:
        # While the probe is under way, nothing else is sent.
        deliver()
        in_flight.append(len(server.received))
        return 200, {}

    server.answers[:] = [accept]
    end_pause(service)
    sweep_overdue()
    deliver()
    assert in_flight[0] == 6, "only the probe was sent before it was answered"
    assert {get_state(admin, number)[0] for number in waiting} == {"pending"}
    assert get_sending(admin, service)["state"] == "sending"
    end_delays()
    deliver()
    assert {get_state(admin, number)[0] for number in analyses} == {"pending"}
    assert len(server.received) == 13, "each was taken once, after five refusals"


def test_a_probe_that_fails_pauses_twice_as_long_up_to_ten_minutes(
    admin: Gateway, failing: tuple[Service, int, list[int]]
) -> None:
    server, service, _ = failing
    start_some(admin, service, 1)
    pauses = []
    for _ in range(6):
        line = find_service_line(service)
        pauses.append(float(line.pause_seconds or 0))
        assert 0.5 * pauses[-1] - 1 <= float(line.paused_until or 0) - time.time() <= 1.5 * pauses[-1] + 1
        end_pause(service)
        start_some(admin, service, 1)
    assert pauses == [30, 60, 120, 240, 480, 600]
    assert len(server.received) == 11, "one probe after each pause"


@pytest.mark.parametrize(
    ("answers", "is_paused"),
    [
        ([429], False),
        ([400], False),
        ([404], False),
        ([307], False),
        ([200], False),
        ([500, 500, 500, 500, 200, 500], False),
        ([500, 500, 500, 500, 400, 500], False),
        ([500, 502, 503, 504, 599], True),
    ],
)
def test_only_the_services_own_faults_pause_it(admin: Gateway, answers: list[int], is_paused: bool) -> None:
    make_source(admin)
    with analysis_service(*answers) as server:
        service = make_service(admin, server.url)
        start_some(admin, service, max(6, len(answers)) if not is_paused else 5)
    assert find_service_line(service).is_paused == is_paused


def test_silence_pauses_and_a_callback_resumes(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SEND_TIMEOUT", (0.6, 0.2))
    monkeypatch.setattr("chalicelib.tables.send_slots.FAILURES_UNTIL_PAUSE", 2)
    make_source(admin)
    with analysis_service(answer_after(1.5)) as server:
        service = make_service(admin, server.url)
        start_some(admin, service, 2)
        assert find_service_line(service).is_paused
        waiting = start_some(admin, service, 1)
        callback = server.received[0].callback_path
        assert admin.as_user(None).post(callback, {"status": "success", "analysis": {}}).status == 200
        assert not find_service_line(service).is_paused, "it works, it only acknowledges too late"
        deliver()
        assert get_state(admin, waiting[0])[0] == "pending"


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_can_ask_to_wait(admin: Gateway, status: int) -> None:
    make_source(admin)
    with analysis_service(answer_with(status, "100"), 200) as server:
        service = make_service(admin, server.url)
        first, second = start_some(admin, service, 2)
        assert len(server.received) == 1, "the second is not sent meanwhile"
        line = find_service_line(service)
        assert 99 <= line.next_try_at - time.time() <= 111 and not line.is_paused
        assert "asked to wait until" in get_state(admin, second)[1]
        assert get_sending(admin, service)["state"] == "asked to wait"
        item = find_analysis(first)
        assert item is not None and item.counted_attempts == 0, "it is no failed attempt"
        end_pause(service)
        sweep_overdue()
        deliver()
        assert {get_state(admin, number)[0] for number in (first, second)} == {"pending"}


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [("0", 4, 6), ("1", 4, 6), ("999999", 3598, 3601), ("Thu, 01 Jan 1970 00:00:00 GMT", 4, 6)],
)
def test_what_a_service_asks_for_is_bounded(admin: Gateway, asked: str, least: float, most: float) -> None:
    make_source(admin)
    with analysis_service(answer_with(429, asked)) as server:
        service = make_service(admin, server.url, timeout=86400 * 20)
        start_some(admin, service, 1)
        assert least <= find_service_line(service).next_try_at - time.time() <= most


def test_a_service_that_asks_again_and_again_is_asked_less_often(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(answer_with(429, "0")) as server:
        service = make_service(admin, server.url)
        (analysis,) = start_some(admin, service, 1)
        waits = []
        for _ in range(4):
            waits.append(round(find_service_line(service).next_try_at - time.time()))
            end_pause(service)
            sweep_overdue()
            deliver()
    assert [round(wait / 5) for wait in waits] == [1, 2, 4, 8]
    assert get_state(admin, analysis)[0] == "queued", "its attempts are not used up"


def test_a_good_ping_resumes_at_once(admin: Gateway, failing: tuple[Service, int, list[int]]) -> None:
    server, service, _ = failing
    (waiting,) = start_some(admin, service, 1)
    assert admin.post(f"/analysis_service/{service}/ping").data["status"] == 503
    assert find_service_line(service).is_paused
    server.answers[:] = [405]
    assert admin.post(f"/analysis_service/{service}/ping").data["status"] == 405
    assert not find_service_line(service).is_paused
    server.answers[:] = [200]
    deliver()
    assert get_state(admin, waiting)[0] == "pending"


@pytest.mark.parametrize(
    ("change", "is_paused"),
    [
        ({"description": "new"}, True),
        ({"timeout": 30}, True),
        ({"_authinfo": {"header_token": {"A": "b"}}, "authentication_type": "header_token"}, False),
        ({"url": "https://elsewhere.example.org/"}, False),
    ],
    ids=["description", "timeout", "credentials", "address"],
)
def test_a_new_address_or_new_credentials_resume_at_once(
    admin: Gateway, failing: tuple[Service, int, list[int]], change: dict[str, Any], is_paused: bool
) -> None:
    _, service, _ = failing
    assert admin.patch(f"/analysis_service/{service}", change).status == 200
    assert find_service_line(service).is_paused == is_paused
    assert (get_sending(admin, service)["state"] == "paused") == is_paused


def test_a_pause_longer_than_the_timeout_ends_an_analysis_with_a_sentence(
    admin: Gateway, failing: tuple[Service, int, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, service, _ = failing
    admin.patch(f"/analysis_service/{service}", {"timeout": 1000})
    (waiting,) = start_some(admin, service, 1)
    set_overdue(waiting)
    sweep_overdue()
    assert get_state(admin, waiting)[0] == "queued", "the timeout is not over"
    later = time.time() + 1001
    ServiceLineItem(f"line#{service}").update(actions=[ServiceLineItem.paused_until.set(later + 60)])
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: later)
        sweep_overdue()
    status, message = get_state(admin, waiting)
    assert status == "failure"
    assert "paused for longer than 1000 s" in message and "HTTP 503" in message


def test_waiting_in_line_for_others_costs_no_time(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    service = make_service(admin, requests_at_once=1, timeout=10)
    from chalicelib.tables.send_slots import take_slot

    assert take_slot(service, 1)
    (waiting,) = start_some(admin, service, 1)
    later = time.time() + 7200
    monkeypatch.setattr(time, "time", lambda: later)
    assert sweep_overdue() == 1
    assert get_state(admin, waiting)[0] == "queued"


def test_who_does_not_manage_a_service_sees_no_details(admin: Gateway, failing: tuple[Service, int, list[int]]) -> None:
    _, service, _ = failing
    reader = make_user(admin, "reader", "Run Analyses")
    assert reader.get(f"/analysis_service/{service}?includeDetails=true").data["sending"] is None
    assert "sending" not in admin.get(f"/analysis_service/{service}").data
    uploads = make_service(admin, name="uploads", upload_only=True, input_data_types=[])
    assert get_sending(admin, uploads) is None


def test_no_answer_of_a_service_is_in_its_state(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(answer_with(500, body=b"the password is swordfish")) as server:
        service = make_service(admin, server.url)
        start_some(admin, service, 6)
        (waiting,) = start_some(admin, service, 1)
    assert "swordfish" not in str(get_sending(admin, service)) + str(get_state(admin, waiting))


def test_the_message_names_the_attempt_and_the_next(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(500, 502, 200) as server:
        (analysis,) = start_some(admin, make_service(admin, server.url, timeout=86400), 1)
        for number, status in ((1, 500), (2, 502)):
            message = get_state(admin, analysis)[1]
            assert f"HTTP {status}. That was attempt {number} of {MOST_ATTEMPTS}; the next is at 2" in message
            end_delays()
            deliver()
    assert get_state(admin, analysis)[0] == "pending"


def test_attempts_are_spread_over_an_hour_at_random(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RETRY_DELAYS == (5, 30, 120, 600, 1800)
    monkeypatch.setattr("chalicelib.tables.send_slots.FAILURES_UNTIL_PAUSE", 1000)
    make_source(admin)
    with analysis_service(500) as server:
        service = make_service(admin, server.url, timeout=30 * 86400)
        for _ in range(8):
            start_analysis(admin, service)
        rounds = []
        for _ in RETRY_DELAYS:
            deliver()
            assert len(list_retries()) == 8, "one message for each analysis"
            rounds.append([item_delay(number) / SLOWNESS for number in range(1, 9)])
            end_delays()
        deliver()
        assert len(server.received) == 8 * MOST_ATTEMPTS
    for delays, delay in zip(rounds, RETRY_DELAYS, strict=True):
        assert 0.5 * delay - 1 <= min(delays) and max(delays) <= 1.5 * delay + 1
        assert max(delays) > 1.05 * min(delays), "not all at once"
    assert drain_queue(queues.DISPATCH) == []


def item_delay(analysis: int) -> float:
    item = find_analysis(analysis)
    assert item is not None
    return float(item.lease_until) + 1.0 - time.time()


def test_a_retry_after_of_other_errors_is_obeyed_if_it_is_longer(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(answer_with(502, "5000"), 200) as server:
        service = make_service(admin, server.url, timeout=86400)
        (analysis,) = start_some(admin, service, 1)
        assert 4900 <= item_delay(analysis) <= 5501
        assert find_service_line(service).next_try_at < time.time()


def test_the_service_has_its_whole_timeout_from_when_it_took_the_data(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(500, 200) as server:
        service = make_service(admin, server.url, timeout=1000)
        (analysis,) = start_some(admin, service, 1)
        first = server.received[0].body["invalid_after"]
        end_delays()
        set_overdue(analysis, give_up_at=time.time() + 10)
        deliver()
        assert server.received[1].body["invalid_after"] > first
    item = find_analysis(analysis)
    assert item is not None and item.status == "pending"
    assert float(item.check_at or 0) - time.time() > 990


def test_no_attempt_begins_after_the_timeout_of_the_first(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(500) as server:
        service = make_service(admin, server.url, timeout=1000)
        (analysis,) = start_some(admin, service, 1)
        end_delays()
        set_overdue(analysis, lease_until=0, give_up_at=time.time() - 1)
        deliver()
        assert len(server.received) == 1
    status, message = get_state(admin, analysis)
    assert status == "failure" and "could not be sent in 1000 s, the service's timeout" in message
    assert "HTTP 500" in message


def test_a_retry_is_not_planned_beyond_the_timeout(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(500) as server:
        (analysis,) = start_some(admin, make_service(admin, server.url, timeout=1), 1)
    status, message = get_state(admin, analysis)
    assert status == "failure"
    assert "tried once; the next attempt would begin after 1 s, the service's timeout" in message


def test_a_service_without_any_line_has_a_state(admin: Gateway) -> None:
    service = make_service(admin)
    assert get_sending(admin, service) == {
        "state": "sending",
        "message": "It is sent analyses as they come; no analysis waits.",
        "next_try_at": None,
        "failures": 0,
        "last_error": None,
        "last_error_at": None,
        "waiting": 0,
    }
    assert count_line(service, 10) == 0
