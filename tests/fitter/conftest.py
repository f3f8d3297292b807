"""Real fits that many tests share, and a web server with programmable answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sncosmo.models import _SOURCES

from fitter_lambda.engine.fit import Fit, fit_supernova
from fitter_lambda.input.templates import build_overlay
from tests.fitter.light_curves import COMPARABLE, fit_payload, parse_payload, sn2019dwz


@pytest.fixture(scope="session", autouse=True)
def overlay() -> Path:
    """Point sncosmo to the fitter's files, for tests that call sncosmo before the fitter does."""
    return build_overlay()


@pytest.fixture(scope="session")
def fit() -> Fit:
    """SN 2019dwz fitted with SALT3 at its redshift."""
    return fit_supernova(parse_payload(sn2019dwz(fix_z="True")), lambda fraction, message: None)


@pytest.fixture(scope="session")
def plain_fit() -> Fit:
    """The same under flat priors and measured errors alone, as sncosmo's fits assume."""
    request = sn2019dwz(fix_z="True", **COMPARABLE)
    return fit_supernova(parse_payload(request), lambda fraction, message: None)


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The callback document of SN 2019dwz."""
    return fit_payload(sn2019dwz(n_draws="1000", seed=3), lambda fraction, message: None)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore sncosmo's registered sources after the test."""
    monkeypatch.setattr(_SOURCES, "_instances", _SOURCES._instances.copy())


class Server:
    """Answers with `statuses` in turn, repeating the last one; records all requests."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.headers: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.requests: list[tuple[str, str, bytes, dict[str, str]]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._answer(self)

            do_POST = do_PUT = do_PATCH = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        self.requests.append((handler.command, handler.path, body, dict(handler.headers)))
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        content = self.files.get(handler.path, b"{}")
        handler.send_response(status)
        for name, value in {**self.headers, "Content-Length": str(len(content))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def bodies(self, method: str) -> list[bytes]:
        return [body for verb, _, body, _ in self.requests if verb == method]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "127.0.0.1:*, localhost:*")
    running = Server()
    yield running
    running.close()
