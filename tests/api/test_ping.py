"""Checking whether a service can be reached: a verdict in words for any address."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from chalicelib import egress
from chalicelib.analysis import ping as pinging
from tests.api.story import make_service
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import Answer, Received, analysis_service

SECRET = "hunter2-of-the-service"
UNREACHED = {"reached": False, "status": None, "seconds": None}


def ping_service(admin: Gateway, url: str, **more: Any) -> dict[str, Any]:
    """Register a service with this URL and ping it; return the verdict."""
    service = make_service(admin, url, **more)
    verdict: dict[str, Any] = admin.post(f"/analysis_service/{service}/ping").data
    return verdict


@contextmanager
def open_port(greeting: bytes | None) -> Iterator[int]:
    """Open a port that repeats these bytes; with b"" it closes at once, with None it never accepts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                try:
                    while greeting:
                        connection.sendall(greeting)
                        time.sleep(0.02)
                except OSError:
                    pass

        if greeting is not None:
            Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (200, "it is reachable"),
        (204, "it is reachable"),
        (400, "only accept POST"),
        (401, "requires credentials"),
        (404, "check the path"),
        (405, "only POST"),
        (429, "overloaded"),
        (503, "has an error"),
    ],
)
def test_any_answer_means_reached(admin: Gateway, answer: int, word: str) -> None:
    with analysis_service(answer) as server:
        verdict = ping_service(admin, server.url)
    assert verdict["allowed"] and verdict["reached"]
    assert verdict["status"] == answer
    assert 0 <= verdict["seconds"] < 5
    assert word in verdict["message"]


def test_ping_sends_no_data_or_credentials(admin: Gateway) -> None:
    with analysis_service() as server:
        credentials = {"header_token": {"X-Key": SECRET}}
        verdict = ping_service(admin, server.url, authentication_type="header_token", _authinfo=credentials)
    (request,) = server.received
    assert (request.method, request.path, request.raw) == ("GET", "/analysis", b"")
    assert not {"authorization", "cookie", "x-key"} & request.headers.keys()
    assert SECRET not in str(request) + json.dumps(verdict)


def test_redirects_are_reported_and_not_followed(admin: Gateway) -> None:
    def redirect(request: Received) -> tuple[int, dict[str, str]]:
        return 302, {"Location": f"{server.url}/final"}

    with analysis_service(redirect) as server:
        verdict = ping_service(admin, server.url)
    assert len(server.received) == 1
    assert (verdict["reached"], verdict["status"]) == (True, 302)
    assert "final address" in verdict["message"]


def test_body_of_the_service_is_not_repeated(admin: Gateway) -> None:
    leak: Answer = lambda request: (500, {}, b"Traceback: password=" + SECRET.encode())  # noqa: E731
    with analysis_service(leak) as server:
        assert SECRET not in json.dumps(ping_service(admin, server.url))


def test_inward_addresses_are_not_called(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    with analysis_service() as server:
        service = make_service(admin, server.url.replace("127.0.0.1", "localhost"))
        monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "")
        verdict = admin.post(f"/analysis_service/{service}/ping").data
    assert not server.received
    assert {**UNREACHED, "allowed": False}.items() <= verdict.items()
    assert "public addresses" in verdict["message"]


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://127.0.0.1:1/", "start the service"),
        ("http://no-such-host.invalid/", "DNS"),
        ("http://" + "x" * 70 + ".example/", "not one that may be called"),
    ],
)
def test_connection_problems_are_explained(admin: Gateway, url: str, word: str) -> None:
    verdict = ping_service(admin, url)
    assert UNREACHED.items() <= verdict.items()
    assert word in verdict["message"]


def test_https_to_an_http_port_is_explained(admin: Gateway) -> None:
    with analysis_service() as server:
        verdict = ping_service(admin, server.url.replace("http:", "https:"))
    assert {**UNREACHED, "allowed": True}.items() <= verdict.items()
    assert "certificate" in verdict["message"]


@pytest.mark.parametrize("greeting", [b"", None], ids=["closes", "says nothing"])
def test_silence_is_explained(admin: Gateway, greeting: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinging, "TIMEOUT", (1.0, 0.3))
    with open_port(greeting) as port:
        verdict = ping_service(admin, f"http://127.0.0.1:{port}/")
    assert {**UNREACHED, "allowed": True}.items() <= verdict.items()
    assert "It accepted the connection" in verdict["message"]


def test_headers_that_never_end_are_not_waited_for(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinging, "TIMEOUT", (0.2, 0.3))
    started_at = time.monotonic()
    with open_port(b"H") as port:
        verdict = ping_service(admin, f"http://127.0.0.1:{port}/")
    assert time.monotonic() - started_at < 3
    assert UNREACHED.items() <= verdict.items()


def test_firewalls_are_explained(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_silence(url: str, timeout: tuple[float, float]) -> egress.ServiceResponse:
        raise egress.ConnectTimedOut("the connection timed out")

    monkeypatch.setattr(egress, "get_from_service", raise_silence)
    assert "firewall" in ping_service(admin, "https://example.org/")["message"]


def test_timeouts_fit_into_a_request() -> None:
    assert sum(pinging.TIMEOUT) < 20


def test_upload_only_services_are_not_pinged(admin: Gateway) -> None:
    service = make_service(admin, upload_only=True, input_data_types=[])
    reply = admin.post(f"/analysis_service/{service}/ping")
    assert (reply.status, "upload_only" in reply.message) == (400, True)


def test_only_managers_can_ping(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "closed"}).data["id"]
    member = make_user(admin, "member", groups=(group,))
    stranger = make_user(admin, "stranger", "Manage Analysis Services")
    with analysis_service() as server:
        service = make_service(admin, server.url, group_ids=[group])
        for user, status in ((member, 401), (stranger, 403)):
            assert user.post(f"/analysis_service/{service}/ping").status == status
        assert not server.received
    assert admin.post("/analysis_service/4711/ping").status == 403
