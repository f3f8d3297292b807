"""Calling back, against a real web server."""

import json
import logging
import socket
import time
from typing import Any

import pytest
import requests

from fitter_lambda.entry.callback_delivery import ProgressReporter, deliver_document
from fitter_lambda.entry.egress import send_request
from fitter_lambda.entry.fitting import fit_payload
from fitter_lambda.errors import CallbackError
from tests.fitter.conftest import Server
from tests.fitter.light_curves import sn2019dwz

DOCUMENT: dict[str, Any] = {"status": "success", "message": "", "analysis": {"x": 1}}
QUICK = (0.01, 0.01, 0.01)


def test_the_document_arrives(server: Server) -> None:
    assert deliver_document(f"{server.url}/token", DOCUMENT, QUICK)
    (method, path, body, headers) = server.requests[0]
    assert (method, path, json.loads(body)) == ("POST", "/token", DOCUMENT)
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("trouble", [500, 502, 429])
def test_temporary_errors_are_retried(server: Server, trouble: int) -> None:
    server.statuses = [trouble, trouble, 200]
    assert deliver_document(server.url, DOCUMENT, QUICK)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 302])
def test_refusals_are_not_retried(server: Server, status: int) -> None:
    server.statuses = [status]
    server.headers = {"Location": "http://127.0.0.1:1/"}
    assert not deliver_document(server.url, DOCUMENT, QUICK)
    assert len(server.requests) == 1


def test_lasting_errors_are_raised_for_the_queue(server: Server) -> None:
    server.statuses = [503]
    with pytest.raises(CallbackError, match="HTTP 503"):
        deliver_document(server.url, DOCUMENT, QUICK)
    assert len(server.requests) == 4


def test_a_refused_connection_is_retried(server: Server) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(CallbackError, match="ConnectionError"):
            deliver_document(f"http://127.0.0.1:{closed.getsockname()[1]}/secret", DOCUMENT, QUICK)


def test_retry_after_is_honoured(server: Server) -> None:
    server.statuses = [429, 200]
    server.headers = {"Retry-After": "0.4"}
    began = time.monotonic()
    assert deliver_document(server.url, DOCUMENT, QUICK)
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"])
def test_addresses_that_are_not_public_are_never_called(
    server: Server, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "example.org")
    port = server.url.rpartition(":")[2]
    assert not deliver_document(f"http://{host}:{port}/", DOCUMENT, QUICK)
    assert server.requests == []


@pytest.mark.parametrize("url", ["http://", "http://[", "https://a b/", "http://\x00", "http://a:99999999/"])
def test_invalid_urls_are_not_retried(url: str) -> None:
    try:
        assert not deliver_document(url, DOCUMENT, QUICK)
    except CallbackError:
        pytest.fail("this will not become better")


def test_proxies_of_the_environment_are_ignored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert send_request("GET", server.url, timeout=(1, 1)).status_code == 200
    monkeypatch.delenv("EGRESS_ALLOWED_HOSTS")
    monkeypatch.setenv("http_proxy", server.url)
    with pytest.raises(requests.RequestException):
        send_request("GET", "http://127.0.0.2:9/", timeout=(1, 1))
    assert len(server.requests) == 1


def test_no_log_line_holds_the_token(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server.statuses = [403]
    deliver_document(f"{server.url}/webhook/s3cr3t", DOCUMENT, QUICK)
    server.statuses = [500]
    with pytest.raises(CallbackError) as error:
        deliver_document(f"{server.url}/webhook/s3cr3t", DOCUMENT, QUICK)
    assert "s3cr3t" not in caplog.text + str(error.value)


def test_progress_is_reported_every_two_seconds(server: Server) -> None:
    now = [0.0]
    report = ProgressReporter(server.url, clock=lambda: now[0])
    for tenth in range(11):
        report(tenth / 10, "sampling")
        now[0] += 0.5
    progress = [json.loads(body) for body in server.bodies("PATCH")]
    assert [entry["progress"] for entry in progress] == [0.0, 0.4, 0.8]
    assert progress[0]["message"] == "sampling"


def test_failed_reports_are_ignored(server: Server) -> None:
    now = [0.0]
    server.statuses = [500]
    for url in (None, "", server.url, "http://127.0.0.1:1/", "http://["):
        report = ProgressReporter(url, clock=lambda: now[0])
        for _ in range(10):
            report(0.5, "sampling")
            now[0] += 10
    assert len(server.requests) == 3, "after three failures it gives up"


def test_a_cancelled_analysis_ends_the_fit(server: Server) -> None:
    """A refused report of progress ends the work; the answer says so, and will be refused as well."""
    server.statuses = [200, 403]
    clock = iter(range(0, 1000, 10))
    document = fit_payload(sn2019dwz(), ProgressReporter(server.url, clock=lambda: float(next(clock))))
    assert document["status"] == "failure" and "cancelled" in document["message"]
    assert len(server.bodies("PATCH")) == 2
