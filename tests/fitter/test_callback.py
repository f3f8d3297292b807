"""Calling back through the guard of addresses, against a real web server."""

import json
import logging
import socket
import time

import pytest
import requests

from heliograph.errors import CallbackError, CancelledError
from heliograph.service.document_delivery import deliver_document
from heliograph.service.progress_reports import ProgressReporter
from heliograph.service.public_requests import send_to_public
from heliograph.service.service_result import CallbackDocument
from tests.fitter.conftest import Server
from tests.fitter.light_curves import fit_payload, sn2019dwz
from tests.hostile_servers import Peer, open_server

DOCUMENT: CallbackDocument = {"status": "success", "message": "", "analysis": {"x": 1}}
QUICK = (0.01, 0.01, 0.01)


def deliver(url: str) -> bool:
    return deliver_document(url, DOCUMENT, send_to_public, QUICK)


def test_the_document_arrives(server: Server) -> None:
    assert deliver(f"{server.url}/token")
    (method, path, body, headers) = server.requests[0]
    assert (method, path, json.loads(body)) == ("POST", "/token", DOCUMENT)
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("trouble", [500, 502, 429])
def test_temporary_errors_are_retried(server: Server, trouble: int) -> None:
    server.statuses = [trouble, trouble, 200]
    assert deliver(server.url)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410, 302])
def test_refusals_are_not_retried(server: Server, status: int) -> None:
    server.statuses = [status]
    server.headers = {"Location": "http://127.0.0.1:1/"}
    assert not deliver(server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 422])
def test_a_document_that_is_refused_becomes_a_failure(server: Server, status: int) -> None:
    server.statuses = [status, 200]
    assert deliver(server.url)
    first, second = (json.loads(body) for body in server.bodies("POST"))
    assert (first["status"], second["status"]) == ("success", "failure")


def test_an_endless_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "localhost:*")
    for status, is_accepted in ((200, True), (302, False), (404, False)):
        head = b"HTTP/1.1 %d x\r\nLocation: /again\r\n\r\n" % status

        def flood(peer: Peer, head: bytes = head) -> None:
            peer.receive_request()
            peer.send(head)
            peer.flood(b"x")

        with open_server(flood) as (port, visits):
            began = time.monotonic()
            assert deliver(f"http://localhost:{port}/") is is_accepted
            assert time.monotonic() - began < 2
            assert visits.requests == 1
            assert visits.sent < 32 * 1024 * 1024


def test_lasting_errors_are_raised_for_the_queue(server: Server) -> None:
    server.statuses = [503]
    with pytest.raises(CallbackError, match="HTTP 503"):
        deliver(server.url)
    assert len(server.requests) == 4


def test_a_refused_connection_is_retried(server: Server) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(CallbackError, match="ConnectionRefused"):
            deliver(f"http://127.0.0.1:{closed.getsockname()[1]}/secret")


def test_retry_after_is_honoured(server: Server) -> None:
    server.statuses = [429, 200]
    server.headers = {"Retry-After": "0.4"}
    began = time.monotonic()
    assert deliver(server.url)
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"])
def test_addresses_that_are_not_public_are_never_called(
    server: Server, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "example.org")
    port = server.url.rpartition(":")[2]
    assert not deliver(f"http://{host}:{port}/")
    assert server.requests == []


@pytest.mark.parametrize("url", ["http://", "http://[", "https://a b/", "http://\x00", "http://a:99999999/"])
def test_invalid_urls_are_not_retried(url: str) -> None:
    try:
        assert not deliver(url)
    except CallbackError:
        pytest.fail("this will not become better")


def test_proxies_of_the_environment_are_ignored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert send_to_public("GET", server.url, timeout=(1, 1)).status == 200
    monkeypatch.delenv("EGRESS_ALLOWED_HOSTS")
    monkeypatch.setenv("http_proxy", server.url)
    with pytest.raises(requests.RequestException):
        send_to_public("GET", "http://127.0.0.2:9/", timeout=(1, 1))
    assert len(server.requests) == 1


def test_no_log_line_holds_the_token(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "localhost:*,127.0.0.1:*")
    caplog.set_level(logging.INFO)

    def refuse(peer: Peer) -> None:
        peer.receive_request()
        peer.send(b"HTTP/1.1 403 No\r\nno header\r\n\r\n")

    with open_server(refuse) as (port, _):
        deliver(f"http://localhost:{port}/webhook/s3cr3t")
    server.statuses = [403]
    deliver(f"{server.url}/webhook/s3cr3t")
    server.statuses = [500]
    with pytest.raises(CallbackError) as error:
        deliver(f"{server.url}/webhook/s3cr3t")
    assert "s3cr3t" not in caplog.text + str(error.value)


def test_progress_is_reported_every_two_seconds(server: Server) -> None:
    now = [0.0]
    report = ProgressReporter(server.url, send_to_public, clock=lambda: now[0])
    for tenth in range(11):
        report(tenth / 10, "sampling")
        now[0] += 0.5
    progress = [json.loads(body) for body in server.bodies("PATCH")]
    assert [entry["progress"] for entry in progress] == [0.0, 0.4, 0.8]
    assert progress[0]["message"] == "sampling"


def test_failed_reports_are_ignored(server: Server) -> None:
    now = [0.0]
    server.statuses = [500]
    for url in ("", server.url, "http://127.0.0.1:1/", "http://["):
        report = ProgressReporter(url, send_to_public, clock=lambda: now[0])
        for _ in range(10):
            report(0.5, "sampling")
            now[0] += 10
    assert len(server.requests) == 3, "after three failures it gives up"


def test_a_cancelled_analysis_ends_the_fit(server: Server) -> None:
    server.statuses = [200, 403]
    clock = iter(range(0, 1000, 10))
    report = ProgressReporter(server.url, send_to_public, clock=lambda: float(next(clock)))
    with pytest.raises(CancelledError):
        fit_payload(sn2019dwz(), report)
    assert len(server.bodies("PATCH")) == 2
