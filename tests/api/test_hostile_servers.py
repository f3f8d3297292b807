"""Both halves' requests against the table of hostile servers: in time, bounded, and sent once."""

from __future__ import annotations

import ssl
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from requests.auth import AuthBase

from chalicelib import egress, settings
from chalicelib.authentication import build_request_auth
from chalicelib.schemas.services import Authentication
from heliograph.service.public_requests import send_to_public
from heliograph_guards import egress_guard
from tests.hostile_servers import (
    Case,
    Peer,
    Visits,
    list_bombs,
    list_cases,
    list_digest_cases,
    list_tls_cases,
    make_tls_contexts,
    open_server,
)

PATIENT = (4.0, 6.0)
"""For servers that answer or break at once."""

SHORT = (0.5, 0.4)
"""For servers that only the deadline ends."""

MOST_SECONDS = 4.0
MOST_BYTES = 32 * 1024 * 1024
"""Bytes that a server can send, most of which stay in the buffers of the sockets."""

THREADS = 24
BODY = b'{"data": 1}'

Send = Callable[[str, tuple[float, float]], int]


def post_as_app(url: str, timeout: tuple[float, float], auth: AuthBase | None = None) -> int:
    headers = {"Content-Type": "application/json"}
    return egress._send("POST", url, timeout, data=BODY, headers=headers, auth=auth).status


def get_as_app(url: str, timeout: tuple[float, float]) -> int:
    return egress.get_from_service(url, timeout).status


def post_as_fitter(url: str, timeout: tuple[float, float]) -> int:
    answer = send_to_public("POST", url, json={"data": 1}, timeout=timeout)
    assert len(answer.body) <= egress_guard.SHORT_BODY
    return answer.status


def post_with_digest(url: str, timeout: tuple[float, float]) -> int:
    credentials = {"username": "u", "password": "p"}
    return post_as_app(url, timeout, build_request_auth(Authentication.DIGEST, credentials).auth)


def find_faults(case: Case, send: Send, contexts: dict[str, ssl.SSLContext]) -> list[str]:
    """Send a request to a server, and return what is wrong with how that went."""
    scheme = "https" if case.name.startswith("TLS") else "http"
    with open_server(case.serve, contexts.get(case.tls)) as (port, visits):
        started_at = time.monotonic()
        outcome: int | str
        try:
            outcome = send(f"{scheme}://localhost:{port}/path", SHORT if case.is_slow else PATIENT)
        except requests.RequestException as error:
            outcome = type(error).__name__
        seconds = time.monotonic() - started_at
        return [f"{case.name}: {fault}" for fault in _judge(case, outcome, seconds, visits)]


def _judge(case: Case, outcome: int | str, seconds: float, visits: Visits) -> list[str]:
    faults = []
    if outcome not in case.outcomes:
        faults.append(f"{outcome} instead of {case.outcomes}")
    if seconds > MOST_SECONDS:
        faults.append(f"took {seconds:.1f} s")
    if visits.requests > case.requests:
        faults.append(f"got {visits.requests} requests")
    if visits.sent > MOST_BYTES:
        faults.append(f"could send {visits.sent} bytes")
    return faults


def find_all_faults(cases: list[Case], send: Send, contexts: dict[str, ssl.SSLContext] | None = None) -> list[str]:
    with ThreadPoolExecutor(THREADS) as pool:
        results = pool.map(lambda case: find_faults(case, send, contexts or {}), cases)
        return [fault for faults in results for fault in faults]


HALVES = {"app": post_as_app, "fitter": post_as_fitter}


@pytest.fixture(params=HALVES)
def send(request: pytest.FixtureRequest) -> Send:
    return HALVES[request.param]


def test_the_table_is_long() -> None:
    names = [case.name for case in (*list_cases(), *list_digest_cases(), *list_tls_cases())]
    assert len(names) == len(set(names)) >= 250


def test_no_server_holds_a_request_or_gets_it_twice(send: Send) -> None:
    assert find_all_faults(list_cases(), send) == []


def test_a_ping_is_held_by_no_server() -> None:
    assert find_all_faults([case for case in list_cases() if case.is_slow][::4], get_as_app) == []


def test_a_challenge_is_answered_once_within_the_deadline() -> None:
    assert find_all_faults(list_digest_cases(), post_with_digest) == []


def test_nothing_is_sent_without_a_handshake(send: Send, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts, authority = make_tls_contexts(tmp_path)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(authority))
    assert find_all_faults(list_tls_cases(), send, contexts) == []


@pytest.mark.parametrize("status", [200, 302, 503])
def test_bombs_are_not_unpacked(send: Send, status: int) -> None:
    for coding, bomb in list_bombs().items():
        head = b"HTTP/1.1 %d x\r\nLocation: /\r\nContent-Encoding: %s\r\n\r\n" % (status, coding.encode())
        with open_server(send_after_request(head, bomb)) as (port, _):
            tracemalloc.start()
            try:
                send(f"http://localhost:{port}/", PATIENT)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
        assert peak < 3_000_000, coding


def send_after_request(*parts: bytes) -> Callable[[Peer], None]:
    def serve(peer: Peer) -> None:
        peer.receive_request()
        for part in parts:
            peer.send(part)

    return serve


@pytest.mark.parametrize("megabytes", [1, 8])
def test_a_server_that_does_not_read_is_not_waited_for(megabytes: int) -> None:
    with open_server(lambda peer: time.sleep(3)) as (port, _):
        started_at = time.monotonic()
        with pytest.raises(egress.ResponseTimedOut):
            send_to_public("POST", f"http://localhost:{port}/", content=bytes(megabytes << 20), timeout=SHORT)
        assert time.monotonic() - started_at < 2.5


def test_the_deadline_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SEND_TIMEOUT", SHORT)
    with open_server(lambda peer: peer.drip(b"HTTP/1.1 200")) as (port, _):
        started_at = time.monotonic()
        with pytest.raises(egress.ResponseTimedOut, match="in time"):
            egress.post_to_service(f"http://localhost:{port}/", BODY, {})
        assert 0.8 < time.monotonic() - started_at < 2.5
    assert sum((5.0, 20.0)) < settings.DISPATCH_LEASE


def test_a_resolver_is_not_waited_for(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *arguments, **options: time.sleep(3))
    started_at = time.monotonic()
    with pytest.raises(egress.NameNotFound):
        send("http://slow.example/", SHORT)
    assert time.monotonic() - started_at < 2.5
