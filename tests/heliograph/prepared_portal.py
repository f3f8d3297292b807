"""A portal for tests: a real HTTP server that records requests and gives prepared answers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "0f0c3bd4-5c3e-4a3b-9c56-9f4c1f1b5d1e"

Headers = dict[str, str]
Answer = Callable[["Request"], tuple[int, Headers, bytes]]


@dataclass
class Request:
    """A request that the portal received."""

    method: str
    path: str
    query: dict[str, str]
    headers: Headers
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)


@dataclass
class PreparedPortal:
    """The server's address without ``/api``, its answers by method and path, and the requests it received."""

    url: str
    requests: list[Request] = field(default_factory=list)
    answers: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)

    def answer(self, method: str, path: str, *answers: Answer) -> None:
        """Give these answers to requests of a path, one after the other; the last one is repeated."""
        self.answers[method, path] = list(answers)

    def list_requests(self, method: str, path: str = "") -> list[Request]:
        """Return the requests of a method whose path begins like this."""
        return [each for each in self.requests if each.method == method and each.path.startswith(path)]

    def respond(self, request: Request) -> tuple[int, Headers, bytes]:
        self.requests.append(request)
        answers = self.answers.get((request.method, request.path), [refuse(404, f"There is no {request.path}.")])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request)


def reply(data: Any = None, *, headers: Headers | None = None, **beside: Any) -> Answer:
    """Return an answer with the envelope of a portal; NaN stays in it, as some portals send it."""
    text = json.dumps({"status": "success", "data": data, **beside})
    return lambda request: (200, {"Content-Type": "application/json", **(headers or {})}, text.encode())


def refuse(status: int, message: str, **headers: str) -> Answer:
    """Return an error as a portal answers it."""
    text = json.dumps({"status": "error", "message": message, "data": {}})
    return lambda request: (status, {"Content-Type": "application/json", **headers}, text.encode())


def send(content: bytes, status: int = 200, **headers: str) -> Answer:
    """Return a file, or whatever else is no JSON."""
    return lambda request: (status, headers, content)


def break_connection(request: Request) -> tuple[int, Headers, bytes]:
    """Answer nothing: the connection ends."""
    raise ConnectionAbortedError


@contextmanager
def prepared_portal() -> Iterator[PreparedPortal]:
    """Run a portal whose answers are not prepared yet."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            request = Request(
                self.command,
                parts.path.removeprefix("/api"),
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(self.headers.get("Content-Length", 0))),
            )
            try:
                status, headers, content = portal.respond(request)
            except ConnectionAbortedError:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    portal = PreparedPortal(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
