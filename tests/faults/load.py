"""A service that fails and stalls, beside a neighbour, on the local stack: the neighbour must not wait."""

import json
import random
import socket
import statistics
import struct
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from infra.client import Api
from tests.running_stack import running_stack

__all__ = ["run_load"]

ANALYSES = 200
PER_SOURCE = 40
"""A user has at most 50 analyses of a source."""

ERRORS, SLOW, RESETS = 0.10, 0.10, 0.05
"""The shares of requests to the bad service that get a 500, no answer for `SLOW_SECONDS`, and a reset."""

SLOW_SECONDS = 15.0
NEIGHBOURS = 40
NEIGHBOUR_PAUSE = 0.5
LONGEST_WAIT = 2.0
"""Seconds after which the neighbour's data must have been sent."""

TIMEOUT = 180
"""Seconds after which an analysis whose connection was reset is timed out: nobody knows if it was taken."""

END_SECONDS = 600.0

WARM_UP_SECONDS = 10.0
"""In the first seconds under load, the local stack starts a process for each sender: they are not measured."""


@dataclass
class BadServer:
    """A service on this machine; each request is noted with its time, and most are called back."""

    url: str
    shares: tuple[float, float, float]
    arrivals: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    rng: random.Random = field(default_factory=lambda: random.Random(19))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def choose(self, analysis: str) -> str:
        """Note a request, and return how it is answered."""
        with self.lock:
            self.arrivals.setdefault(analysis, []).append(time.monotonic())
            (choice,) = self.rng.choices(["error", "slow", "reset", "ok"], [*self.shares, 1 - sum(self.shares)])
            self.answers[choice] += 1
        return choice


@contextmanager
def serve(shares: tuple[float, float, float]) -> Iterator[BadServer]:
    """Run a service inside the `with` block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            choice = service.choose(self.headers["webhook-id"])
            if choice == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            if choice == "slow":
                time.sleep(SLOW_SECONDS)
            self.send_response(500 if choice == "error" else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            if choice != "error":
                pool.submit(_call_back, body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = _QuietServer(("127.0.0.1", 0), Handler)
    service = BadServer(f"http://127.0.0.1:{server.server_port}/analysis", shares)
    with ThreadPoolExecutor(4) as pool:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            server.server_close()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that were reset on purpose."""


def _call_back(body: bytes) -> None:
    url = json.loads(body)["callback_url"]
    document = {"status": "success", "analysis": {"results": {"format": "json", "data": {"chi2": 1}}}}
    for _ in range(5):
        if requests.post(url, json=document, timeout=60).status_code < 500:
            return
        time.sleep(2)


def run_load() -> list[str]:
    """Run the load; print how long the neighbour's analyses waited, and return what was breached."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_stack(Path(folder)) as stack,
        serve((ERRORS, SLOW, RESETS)) as bad,
        serve((0.0, 0.0, 0.0)) as good,
    ):
        api = Api(f"{stack.url}/api", stack.token)
        neighbour = _make_neighbour(api)
        services = [_register(api, "bad", bad.url), _register(api, "good", good.url)]
        for number in range(-(-ANALYSES // PER_SOURCE)):
            api.post("/sources", {"id": f"load-{number}", "ra": 1.0, "dec": 1.0, "group_ids": [1]})
        api.post("/sources", {"id": "neighbour", "ra": 1.0, "dec": 1.0, "group_ids": [1]})
        with ThreadPoolExecutor(2) as pool:
            paths = [f"/obj/load-{number // PER_SOURCE}/analysis/{services[0]}" for number in range(ANALYSES)]
            # Two at a time: the local stack has few workers, and what is measured is sending.
            begun = [pool.submit(_start, stack.url, stack.token, path) for path in paths]
            time.sleep(WARM_UP_SECONDS)
            waits = _measure_neighbour(stack.url, neighbour, services[1], good)
            breaches = _report_waits(waits)
            analyses = [future.result() for future in begun]
        ends = _wait_for_ends(api, analyses)
    print(f"  {ANALYSES} analyses of the bad service, which answered {dict(bad.answers)}: {dict(ends)}")
    if ends["queued"] + ends["pending"]:
        breaches.append(f"some analyses did not end in {END_SECONDS:.0f} s: {dict(ends)}")
    return breaches


def _start(url: str, token: str, path: str) -> int:
    """Start an analysis; repeat the request with its key until it is answered."""
    headers = {"Authorization": f"token {token}", "Idempotency-Key": str(uuid.uuid4())}
    for _ in range(20):
        with suppress(requests.RequestException):
            reply = requests.post(f"{url}/api{path}", json={}, headers=headers, timeout=60)
            if reply.status_code == 200:
                return int(reply.json()["data"]["id"])
        time.sleep(1)
    raise RuntimeError(f"POST {path} was never answered")


def _make_neighbour(api: Api) -> str:
    """Add a user; return the token of theirs."""
    user = api.post("/user", {"username": "neighbour", "groupIDsAndAdmin": [[1, False]]})["id"]
    fields = {"name": "load", "acls": ["Run Analyses"], "user_id": user}
    return str(api.post("/internal/tokens", fields)["token_id"])


def _register(api: Api, name: str, url: str) -> int:
    fields = {
        "name": name, "url": url, "authentication_type": "none", "analysis_type": "lightcurve_fitting",
        "input_data_types": ["redshift"], "group_ids": [1], "timeout": TIMEOUT,
    }  # fmt: skip
    return int(api.post("/analysis_service", fields)["id"])


def _measure_neighbour(url: str, token: str, service: int, good: BadServer) -> list[float]:
    """Start the neighbour's analyses one after the other; return how many seconds each waited to be sent."""
    waits = []
    for _ in range(NEIGHBOURS):
        analysis = f"analysis-{_start(url, token, f'/obj/neighbour/analysis/{service}')}"
        queued_at = time.monotonic()
        deadline = queued_at + 10 * LONGEST_WAIT
        while analysis not in good.arrivals and time.monotonic() < deadline:
            time.sleep(0.01)
        waits.append(max(0.0, good.arrivals.get(analysis, [deadline])[0] - queued_at))
        time.sleep(NEIGHBOUR_PAUSE)
    return waits


def _wait_for_ends(api: Api, analyses: list[int]) -> Counter[str]:
    """Wait until all analyses have ended; return in which states they are."""
    deadline = time.monotonic() + END_SECONDS
    while True:
        states = Counter(str(api.get(f"/obj/analysis/{number}/status")["status"]) for number in analyses)
        if not states["queued"] + states["pending"] or time.monotonic() > deadline:
            return states
        time.sleep(2)


def _report_waits(waits: list[float]) -> list[str]:
    """Print how long the neighbour waited; return what was breached."""
    ordered = sorted(waits)
    middle = statistics.median(ordered)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    text = f"p50 {middle:.2f} s, p95 {p95:.2f} s, max {ordered[-1]:.2f} s of {len(ordered)}"
    print(f"  the neighbour's analyses waited to be sent: {text}", flush=True)
    if ordered[-1] > LONGEST_WAIT:
        return [f"the neighbour waited {ordered[-1]:.1f} s; at most {LONGEST_WAIT} s are allowed"]
    return []


if __name__ == "__main__":
    raise SystemExit("\n".join(run_load()))
