"""A worker process: imports one handler, then runs one invocation after another, as Lambda does.

``python -m infra.local.containers.worker_process module:function name`` reads JSON lines from its standard
input, ``{"event", "request_id", "deadline"}``, and writes JSON lines to its standard output, ``{"result"}``
or ``{"error"}``.

It has one thread, as on Lambda: the renderer forks it, and a copy of a process with threads may wait for ever for a
lock that one of them had.
"""

import importlib
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Handler = Callable[[Any, "LambdaContext"], Any]


@dataclass(frozen=True)
class LambdaContext:
    """The part of Lambda's context object that our handlers use."""

    function_name: str
    aws_request_id: str
    deadline: float
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "3008"
    invoked_function_arn: str = ""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the deadline."""
        return max(0, int((self.deadline - time.time()) * 1000))


def _end_with_parent() -> None:
    """Look once a second, even during a fit, whether the parent has closed standard input, and end then."""
    parent = select.poll()
    parent.register(sys.stdin.fileno(), 0)  # reports only that the pipe has no writer
    signal.signal(signal.SIGALRM, lambda *_: os._exit(1) if parent.poll(0) else None)
    signal.setitimer(signal.ITIMER_REAL, 1, 1)


def _load_handler(path: str) -> Handler:
    module, _, function = path.partition(":")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def _invoke(handler: Handler, name: str, request: dict[str, Any]) -> str:
    context = LambdaContext(name, request["request_id"], request["deadline"])
    try:
        return json.dumps({"result": handler(request["event"], context)})
    except Exception as error:  # As on Lambda, any exception of a handler is its response.
        traceback.print_exc()
        return json.dumps({"error": {"errorMessage": str(error), "errorType": type(error).__name__}})


def main(handler_path: str, name: str) -> None:
    """Run invocations until standard input ends."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as responses:
        # What a handler prints must not get between the responses.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        sys.stdout = sys.stderr
        _end_with_parent()
        handler = _load_handler(handler_path)
        for line in sys.stdin.buffer:
            print(_invoke(handler, name, json.loads(line)), file=responses, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
