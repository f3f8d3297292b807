"""Sending analyses to services that are down, slow, moved or missing."""

import base64
import socket
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chalicelib import queues, settings, workers
from chalicelib.analysis.dispatch import MOST_ATTEMPTS
from tests.api import story
from tests.api.story import deliver, make_service, make_source, set_overdue, start_analysis, sweep_overdue
from tests.gateway import Gateway
from tests.hostile_servers import Peer, open_server
from tests.service import Answer, Received, analysis_service, answer_after


def start_and_deliver(admin: Gateway, url: str) -> int:
    """Start an analysis and deliver its message as often as it is returned; return the analysis."""
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin, url))
    deliver()
    for _ in range(20):
        story.end_delays()
        deliver()
    return analysis


def get_state(admin: Gateway, analysis: int) -> tuple[str, str]:
    status = admin.get(f"/obj/analysis/{analysis}/status").data
    return status["status"], status["message"]


def redirect_elsewhere(request: Received) -> tuple[int, dict[str, str]]:
    return 307, {"Location": "http://127.0.0.1:1/elsewhere"}


@pytest.mark.parametrize(
    ("answers", "status", "word", "requests"),
    [
        ([200], "pending", "working", 1),
        ([202], "pending", "working", 1),
        ([500, 500, 200], "pending", "working", 3),
        ([429, 204], "pending", "working", 2),
        ([503], "failure", "6 times", MOST_ATTEMPTS),
        ([404], "failure", "404", 1),
        ([401], "failure", "401", 1),
        ([redirect_elsewhere], "failure", "redirects are not followed", 1),
    ],
)
def test_answers_of_services(
    admin: Gateway, answers: list[int | Answer], status: str, word: str, requests: int
) -> None:
    with analysis_service(*answers) as server:
        analysis = start_and_deliver(admin, server.url)
        assert len(server.received) == requests
        tokens = {request.body["callback_url"] for request in server.received}
    assert len(tokens) == 1, "a retry sends the same token"
    assert get_state(admin, analysis)[0] == status
    assert word in get_state(admin, analysis)[1]


def test_a_service_that_is_down_fails_with_a_reason(admin: Gateway) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    analysis = start_and_deliver(admin, url)
    assert get_state(admin, analysis) == (
        "failure",
        "The service could not be reached: the connection was refused. It was tried 6 times.",
    )


def test_private_addresses_are_not_called(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "")
    with analysis_service() as server:
        inward = server.url.replace("127.0.0.1", "localhost")
        analysis = start_and_deliver(admin, inward)
        assert server.received == []
    assert get_state(admin, analysis)[0] == "failure"
    assert "may be called" in get_state(admin, analysis)[1]


def test_hanging_service_is_not_sent_the_data_twice(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SEND_TIMEOUT", (0.6, 0.2))
    with analysis_service(answer_after(1.5)) as server:
        analysis = start_and_deliver(admin, server.url)
        assert len(server.received) == 1, "it is not asked twice"
    assert get_state(admin, analysis)[0] == "pending"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 503 No\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 50"])
def test_a_service_that_drips_its_answer_has_the_data(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(settings, "SEND_TIMEOUT", (0.6, 0.2))

    def drip(peer: Peer) -> None:
        peer.receive_request()
        peer.send(answer)
        peer.drip(b"X-A: b\r\n" if answer else b"HTTP/1.1 503 No")

    with open_server(drip) as (port, visits):
        started_at = time.monotonic()
        analysis = start_and_deliver(admin, f"http://127.0.0.1:{port}/")
        assert time.monotonic() - started_at < 4
        assert visits.requests == 1
    assert get_state(admin, analysis)[0] == "pending"


def test_retry_after_is_honoured(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(lambda request: (503, {"Retry-After": "17"}), 500, 200) as server:
        start_analysis(admin, make_service(admin, server.url))
        assert 16 <= deliver()[0] <= 21
        story.end_delays()
        assert 0 <= deliver()[0] <= 8


def test_a_retry_beyond_the_timeout_is_not_waited_for(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(lambda request: (503, {"Retry-After": "9000"})) as server:
        analysis = start_analysis(admin, make_service(admin, server.url, timeout=60))
        assert deliver() == []
    assert get_state(admin, analysis)[0] == "failure"
    assert "asks to wait for 9000 s, beyond 60 s" in get_state(admin, analysis)[1]


def test_only_one_invocation_sends(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(answer_after(0.2)) as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        set_overdue(analysis, lease_until=time.time() + 30)
        assert 29 <= deliver()[0] <= 31, "another has the lease: it is queued again"
        assert server.received == []
        set_overdue(analysis, lease_until=0)
        story.end_delays()
        deliver()
        workers.handle_dispatch({"Records": [{"body": f'{{"analysis_id": {analysis}}}', "receiptHandle": ""}]})
        assert len(server.received) == 1, "a second message changes nothing"


def test_deadline_starts_when_the_data_are_sent(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service() as server:
        analysis = start_analysis(admin, make_service(admin, server.url, timeout=30))
        set_overdue(analysis, invalid_after="2001-01-01T00:00:00.000000")
        deliver()
        sweep_overdue()
        assert get_state(admin, analysis)[0] == "pending"
        assert server.received[0].body["invalid_after"] > "2020"


def test_a_service_that_never_calls_back_times_out(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service() as server:
        analysis = start_analysis(admin, make_service(admin, server.url, timeout=30))
        deliver()
    assert sweep_overdue() == 0
    set_overdue(analysis, invalid_after="2001-01-01T00:00:00.000000")
    assert sweep_overdue() == 1
    assert get_state(admin, analysis)[0] == "timed_out"
    assert sweep_overdue() == 0


def test_a_dead_letter_ends_its_analysis(admin: Gateway) -> None:
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin))
    event = {"Records": [{"body": f'{{"analysis_id": {analysis}}}', "receiptHandle": ""}]}
    workers.handle_dead_letter(event)
    assert get_state(admin, analysis)[0] == "failure"
    assert "many attempts" in get_state(admin, analysis)[1]
    workers.handle_dead_letter(event)


def test_requests_are_signed_by_the_deployment(admin: Gateway) -> None:
    with analysis_service() as server:
        start_and_deliver(admin, server.url)
        (request,) = server.received
    key = base64.b64decode(admin.get("/sysinfo").json["public_key"].removeprefix("whpk_"))
    signature = base64.b64decode(request.headers["webhook-signature"].removeprefix("v1a,"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
    Ed25519PublicKey.from_public_bytes(key).verify(signature, signed + request.raw)


def count_messages() -> int:
    return len(story.drain_queue(queues.DISPATCH))


def test_duplicates_of_a_message_send_nothing_and_die(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(503, 200) as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        for _ in range(5):
            queues.send_message(queues.DISPATCH, {"analysis_id": analysis})
        deliver()
        assert (len(server.received), len(story.list_retries())) == (1, 1)
        story.end_delays()
        for _ in range(5):
            queues.send_message(queues.DISPATCH, {"analysis_id": analysis, "attempt": 1})
        deliver()
        assert len(server.received) == 2
    assert count_messages() == 0


def test_a_redelivered_message_goes_on_where_a_crash_ended(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    with analysis_service(200) as server:
        analysis = start_analysis(admin, make_service(admin, server.url))
        with monkeypatch.context() as broken:
            broken.setattr("chalicelib.analysis.dispatch.send_to_service", lambda item, service: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                deliver()
        body = f'{{"analysis_id": {analysis}}}'
        record = {"body": body, "receiptHandle": "", "attributes": {"ApproximateReceiveCount": "2"}}
        workers.handle_dispatch({"Records": [record]})
        assert server.received == [], "the lease may be another invocation's"
        set_overdue(analysis, lease_until=0)
        workers.handle_dispatch({"Records": [record]})
        assert len(server.received) == 1
