"""One request on its way to the emulated API Gateway, and its answer on the way back."""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from infra.gateway_responses import TIMED_OUT, TOO_LARGE
from infra.local.front_door.envelope import error

__all__ = ["Gateway", "api_url"]

LARGEST_BODY = 6 * 1024 * 1024
ANSWER_SECONDS = 29.0
AT_ONCE = 6
"""Requests that are answered at once; more wait their turn, outside the 29 s.

Each starts an execution environment of its own, for which the emulator unpacks the whole package.
"""

_HOP_BY_HOP = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_SET_HERE = {"content-length", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
_NOT_RETURNED = _HOP_BY_HOP | {"content-length", "date", "server"}


METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What API Gateway lets through; it has no other methods."""


LONGEST_PATH = 10_000
"""Characters: API Gateway takes 10,240 of the request line and the headers together."""


def api_url(emulator_url: str, api_id: str) -> str:
    """Return the address of a REST API's stage in the emulator."""
    return f"{emulator_url}/_aws/execute-api/{api_id}/api"


class Gateway:
    """The way to one REST API of the emulator.

    Parameters
    ----------
    emulator_url
        The emulator's address.
    api_id
        The REST API's id.
    port
        Of the front door, told to the app.
    seconds
        How long an answer may take.
    """

    def __init__(self, emulator_url: str, api_id: str, port: int, seconds: float = ANSWER_SECONDS) -> None:
        self._target = api_url(emulator_url, api_id)
        self._port = port
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._session = aiohttp.ClientSession(
            # The emulator closes idle connections after 75 s; never send on one that it is closing.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )

    async def close(self) -> None:
        """Close the connections to the emulator."""
        await self._session.close()

    async def forward(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request to ``/api/…`` as API Gateway would."""
        if request.method not in METHODS:
            refusal = error(405, f"no route has a method {request.method[:20]}")
            refusal.headers["Allow"] = ", ".join(METHODS)
            return refusal
        if len(request.raw_path) > LONGEST_PATH:
            return error(400, f"the address has more than {LONGEST_PATH} characters; ask for less at once")
        if _leaves_the_api(request.rel_url.raw_path):
            return error(404, "the path has . or .. in it; expected the path of a route below /api")
        body = await _body(request)
        if body is None:
            # What is left of the body is not read.
            answer = error(413, TOO_LARGE)
            answer.force_close()
            return answer
        try:
            async with self._slots:
                return await self._exchange(request, body)
        except TimeoutError:
            return error(504, TIMED_OUT)
        except aiohttp.ClientError as problem:
            return error(502, f"the emulated AWS does not answer ({type(problem).__name__}); see .local/logs")

    async def _exchange(self, request: web.BaseRequest, body: bytes) -> web.Response:
        rest = request.raw_path.removeprefix("/api") or "/"
        async with self._session.request(
            request.method,
            URL(self._target + rest, encoded=True),
            headers=_request_headers(request, self._port),
            data=body or None,
            allow_redirects=False,
        ) as answer:
            return _response(request, answer, await answer.read())


def _leaves_the_api(raw_path: str) -> bool:
    return any(part in {".", ".."} for part in re.split(r"[/\\]", unquote(raw_path)))


async def _body(request: web.BaseRequest) -> bytes | None:
    """Read the body, or return None as soon as it is too large."""
    if (request.content_length or 0) > LARGEST_BODY:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _request_headers(request: web.BaseRequest, port: int) -> CIMultiDict[str]:
    headers = CIMultiDict(
        (name, value)
        for name, value in request.headers.items()
        if name.lower() not in _HOP_BY_HOP | _SET_HERE
    )
    headers["X-Forwarded-For"] = request.remote or "127.0.0.1"
    headers["X-Forwarded-Port"] = str(port)
    headers["X-Forwarded-Proto"] = "http"
    return headers


def _response(request: web.BaseRequest, answer: aiohttp.ClientResponse, body: bytes) -> web.Response:
    if len(body) > LARGEST_BODY:
        return error(502, "the answer is larger than the 6 MB that API Gateway carries: a fault of the app")
    if answer.status >= 500 and request.method != "HEAD" and not _is_envelope(body):
        # A function that fails says so to its log, and API Gateway this to the caller.
        return error(answer.status, "internal server error")
    headers = CIMultiDict(
        (name, value) for name, value in answer.headers.items() if name.lower() not in _NOT_RETURNED
    )
    return web.Response(status=answer.status, headers=headers, body=body)


def _is_envelope(body: bytes) -> bool:
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("status") == "error"
