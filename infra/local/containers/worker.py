"""A worker process: imports one handler, then runs one invocation after another, as Lambda does.

``python -m infra.local.containers.worker module:function name`` reads ``{"event", "request_id",
"deadline"}`` from its standard input and writes ``{"result"}`` or ``{"error"}`` to its standard output.
"""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.containers import frames

__all__ = ["Context"]


@dataclass(frozen=True)
class Context:
    """What a handler is told about its invocation, as far as ours ask."""

    function_name: str
    aws_request_id: str
    deadline: float
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "3008"
    invoked_function_arn: str = ""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left."""
        return max(0, int((self.deadline - time.time()) * 1000))


def _read_requests(requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Read ahead in a thread, so that the parent's end is noticed in the middle of a fit."""
    try:
        while True:
            requests.put(frames.read(sys.stdin.buffer))
    except EOFError:
        os._exit(1)


def _load(dotted: str) -> Callable[[Any, Any], Any]:
    module, _, function = dotted.partition(":")
    loaded: Callable[[Any, Any], Any] = getattr(importlib.import_module(module), function)
    return loaded


def _invoke(handler: Callable[[Any, Any], Any], name: str, request: dict[str, Any]) -> bytes:
    context = Context(name, request["request_id"], request["deadline"])
    try:
        return frames.pack({"result": handler(request["event"], context)})
    except Exception as error:  # As on Lambda: whatever a handler raises is its answer.
        traceback.print_exc()
        return frames.pack({"error": {"errorMessage": str(error), "errorType": type(error).__name__}})


def main(dotted: str, name: str) -> None:
    """Serve invocations until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a handler prints must not get between the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    handler = _load(dotted)
    answers.write(frames.pack({"ready": True}))
    answers.flush()
    while True:
        answers.write(_invoke(handler, name, requests.get()))
        answers.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
