"""An analysis service for tests: a real HTTP server that records requests and gives prepared answers."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Headers = dict[str, str]
Body = bytes | Iterator[bytes]
Answer = Callable[["Received"], tuple[int, Headers] | tuple[int, Headers, Body]]
"""Returns a status, headers, and perhaps a body: bytes, or pieces that are sent one by one."""


@dataclass
class Received:
    """A request that the service received."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def callback_path(self) -> str:
        """The path of the callback below the API's base."""
        return str(self.body["callback_url"]).partition("/api")[2]


@dataclass
class Service:
    """The server's address, its answers (the last one is repeated), and the requests it received."""

    url: str
    answers: list[int | Answer] = field(default_factory=lambda: [200])
    received: list[Received] = field(default_factory=list)

    def answer(self, request: Received) -> tuple[int, Headers, Body]:
        self.received.append(request)
        answer = self.answers[min(len(self.received), len(self.answers)) - 1]
        status, headers, *body = (answer, {}) if isinstance(answer, int) else answer(request)
        return status, headers, body[0] if body else b"ok"


@contextmanager
def analysis_service(*answers: int | Answer) -> Iterator[Service]:
    """Run a service that gives these answers, one after the other."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request_headers = {name.lower(): value for name, value in self.headers.items()}
            status, headers, body = service.answer(Received(self.command, self.path, request_headers, raw))
            is_whole = isinstance(body, bytes)
            framing = {"Content-Length": str(len(body))} if is_whole else {"Connection": "close"}
            self.send_response(status)
            for name, value in {**framing, **headers}.items():
                self.send_header(name, value)
            # Some tests close the connection before they have read the answer.
            with suppress(ConnectionError):
                self.end_headers()
                for piece in [body] if is_whole else body:
                    self.wfile.write(piece)

        do_GET = do_PATCH = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = Service(f"http://127.0.0.1:{server.server_port}/analysis", list(answers or (200,)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer_after(seconds: float, status: int = 200) -> Answer:
    """Return an answer that takes so many seconds."""

    def answer(request: Received) -> tuple[int, Headers]:
        time.sleep(seconds)
        return status, {}

    return answer
