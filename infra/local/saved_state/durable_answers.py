"""Hold each answer of the emulator until the changes that it tells of are written."""

import asyncio
import json
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any, Protocol

from infra.local.browser_requests import AsgiApp, Receive, Scope, Send
from infra.local.local_errors import SavedStateError

SAVE_PATH = "/_heliograph/save"
"""POST to it saves the definitions of all services."""

_WRITE_SECONDS = 0.2
"""Between two writes of what changes without a request: functions receive and delete messages."""

_SAVE_SECONDS = 2.0
"""Least time between two saves of definitions."""

_SYNC_SECONDS = 1.0
"""Time between two requests to the disk; a power cut costs what was answered since the last."""

_RECORD_ACTION = re.compile(
    r"(DynamoDB_\d+\.\w*(Item|Items|Statement|Transaction)|AmazonSQS\.\w*(Message|MessageBatch|Visibility|VisibilityBatch)"
    r"|\w+\.(Get|List|Describe|BatchGet|Query|Scan|Encrypt|Decrypt|Generate|Sign|Verify)\w*)"
)
"""X-Amz-Target of what changes items and messages only, or nothing."""

_KEY_CHANGE = re.compile(
    r"(TrentService|secretsmanager)\.(Cancel|Create|Delete|Disable|Enable|Import|Put|Restore|Rotate|Schedule|Update)"
)
"""X-Amz-Target of what changes a key or a secret: without it, records that are encrypted by it are lost."""


class SavedState(Protocol):
    """What the answers wait for."""

    def write_changes(self) -> None: ...

    def save_services(self) -> None: ...

    def save_finished_services(self) -> bool: ...

    def sync(self) -> None: ...


class DurableAnswers:
    """An ASGI application before that of the emulated AWS.

    Parameters
    ----------
    app
        The emulator's application.
    state
        Its state.
    """

    def __init__(self, app: AsgiApp, state: SavedState) -> None:
        self._app = app
        self._state = state
        self._has_new_definitions = False
        self._last_problem = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request when its changes are written, or with 503 if they cannot be."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        if scope["path"] == SAVE_PATH:
            problem = self._try(self._state.save_services)
            self._has_new_definitions = bool(problem)
            return await _send_problem(send, problem) if problem else await _send_json(send, 200, {})
        target = _get_target(scope)
        self._has_new_definitions |= _may_change_definitions(scope, target)
        write = self._state.save_services if _KEY_CHANGE.match(target) else self._state.write_changes
        is_refused = False

        async def send_durable(message: MutableMapping[str, Any]) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and (problem := self._try(write)):
                is_refused = True
                await _send_problem(send, problem)
            elif not is_refused:
                await send(message)

        await self._app(scope, receive, send_durable)

    async def save_now_and_then(self) -> None:
        """Write what changes without a request; save definitions; ask the disk to hold it. It runs until cancelled."""
        saved_at = synced_at = time.monotonic()
        while True:
            await asyncio.sleep(_WRITE_SECONDS)
            self._try(self._state.write_changes)
            if self._has_new_definitions and time.monotonic() > saved_at + _SAVE_SECONDS:
                self._try(self._save_definitions)
                saved_at = time.monotonic()
            if time.monotonic() > synced_at + _SYNC_SECONDS:
                await asyncio.to_thread(self._try, self._state.sync)
                synced_at = time.monotonic()

    def _save_definitions(self) -> None:
        self._has_new_definitions = not self._state.save_finished_services()

    def _try(self, step: Any) -> str:
        """Take a step of saving; return what is wrong, and log it once."""
        try:
            step()
        except SavedStateError as error:
            problem = str(error)
        except (OSError, RuntimeError) as error:
            problem = f"The state cannot be saved now: {error!r}. The log of the emulated AWS may say more."
        else:
            problem = ""
        if problem and not self._last_problem:
            print(problem, file=sys.stderr, flush=True)
        self._last_problem = problem
        return problem


def _get_target(scope: Scope) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-amz-target"), "")


def _may_change_definitions(scope: Scope, target: str) -> bool:
    """Return whether a request may change more than items, messages and objects."""
    if target:
        return not _RECORD_ACTION.fullmatch(target)
    path = scope["path"]
    if path.startswith(("/_aws/execute-api/", "/_ministack/")) or path.endswith("/invocations"):
        return False
    return scope["method"] not in {"GET", "HEAD", "OPTIONS"} and not _is_object_request(scope)


def _is_object_request(scope: Scope) -> bool:
    """Return whether a request is one to S3 for an object, signed by a header or in its URL."""
    if b"Signature=" in scope["query_string"]:
        return True
    authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return b"/s3/aws4_request" in authorization and scope["path"].count("/") > 1


async def _send_problem(send: Send, problem: str) -> None:
    # AWS clients read __type, those of the API status; both read message.
    await _send_json(send, 503, {"__type": "ServiceUnavailable", "status": "error", "message": problem, "data": {}})


async def _send_json(send: Send, status: int, document: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json"), (b"retry-after", b"10"), (b"access-control-allow-origin", b"*")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(document).encode()})
