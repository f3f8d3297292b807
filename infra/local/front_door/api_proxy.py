"""Pass a request to the emulated API Gateway, and its response back."""

import asyncio
import json
import re
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from chalicelib.settings import VERSION
from chalicelib.strict_headers import STRICT_HEADERS
from infra.gateway_responses import TIMED_OUT, TOO_LARGE
from infra.local.ministack_adapter import get_api_url

LARGEST_EVENT = 6 * 1024 * 1024
LARGEST_BODY = LARGEST_EVENT * 3 // 4 - 64 * 1024
"""A function is sent a body in base64, beside the headers."""

_CONTEXT_BYTES = 2000
"""What an event holds of the API, the caller and the time."""
RESPONSE_SECONDS = 29.0
CONCURRENT_REQUESTS = 6
"""More requests wait for their turn; the 29 s begin after that.

Each starts its own execution environment, for which the emulator unpacks the whole package.
"""

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""All methods that API Gateway has."""

LONGEST_PATH = 10_000
"""Characters: API Gateway takes 10,240 of the request line and the headers together."""

_HOP_BY_HOP = {
    "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
_NOT_FORWARDED = _HOP_BY_HOP | {
    "content-length", "host", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto",
    # The API is for pages of all sites, the emulator for none of them.
    "origin", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-fetch-user",
}  # fmt: skip
_NOT_RETURNED = _HOP_BY_HOP | {"content-length", "date", "server"}


class ApiProxy:
    """A proxy of one REST API of the emulator.

    Parameters
    ----------
    emulator_url
        The emulator's address.
    api_id
        The REST API's id.
    port
        Port of the front door, for the headers ``Host`` and ``X-Forwarded-Port``.
    seconds
        Most seconds that a response may take.
    """

    def __init__(self, emulator_url: str, api_id: str, port: int, seconds: float = RESPONSE_SECONDS) -> None:
        self._api_url = get_api_url(emulator_url, api_id)
        self._port = port
        self._slots = asyncio.Semaphore(CONCURRENT_REQUESTS)
        self._session = aiohttp.ClientSession(
            # The emulator closes idle connections after 75 s: never reuse one that it may be closing.
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
            refusal = make_error(405, f"no route has a method {request.method[:20]}")
            refusal.headers["Allow"] = ", ".join(METHODS)
            return refusal
        if len(request.raw_path) > LONGEST_PATH:
            return make_error(
                400, f"the address has more than {LONGEST_PATH} characters; split it into several requests"
            )
        if _has_dot_segments(request.rel_url.raw_path):
            return make_error(404, "the path has . or .. in it; expected the path of a route below /api")
        body = await _read_body(request)
        if body is None or measure_event(request, body) > LARGEST_EVENT:
            refusal = make_error(413, TOO_LARGE)
            # The rest of the body is not read.
            refusal.force_close()
            return refusal
        try:
            async with self._slots:
                return await self._exchange(request, body)
        except TimeoutError:
            return make_error(504, TIMED_OUT)
        except aiohttp.ClientError as error:
            return make_error(502, f"the emulated AWS does not answer ({type(error).__name__}); see .local/logs")

    async def _exchange(self, request: web.BaseRequest, body: bytes) -> web.Response:
        path = request.raw_path.removeprefix("/api") or "/"
        headers = _filter_headers(request.headers, _NOT_FORWARDED)
        headers["Host"] = f"localhost:{self._port}"
        headers["X-Forwarded-For"] = request.remote or "127.0.0.1"
        headers["X-Forwarded-Port"] = str(self._port)
        headers["X-Forwarded-Proto"] = "http"
        async with self._session.request(
            request.method,
            URL(self._api_url + path, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
        ) as response:
            return _make_response(request, response, await response.read())


def measure_event(request: web.BaseRequest, body: bytes) -> int:
    """Return the bytes of the event that API Gateway makes of a request; Lambda refuses larger ones.

    Bodies are sent in base64, but those without a ``Content-Type`` as text in JSON, in which a quote takes two bytes
    and a control character six. Headers and query are in it twice.
    """
    if "Content-Type" in request.headers:
        body_bytes = (len(body) + 2) // 3 * 4
    else:
        body_bytes = _measure_text(body.decode(errors="replace"))
    header_bytes = sum(_measure_text(name) + _measure_text(text) for name, text in request.headers.items())
    return body_bytes + 2 * header_bytes + 3 * _measure_text(request.raw_path) + _CONTEXT_BYTES


def _measure_text(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode(errors="replace"))


def make_error(status: int, message: str) -> web.Response:
    """Return an error in the API's envelope, readable by pages of other origins."""
    envelope = {"status": "error", "message": message, "data": {}, "version": VERSION}
    return web.json_response(envelope, status=status, headers={**STRICT_HEADERS, "Access-Control-Allow-Origin": "*"})


def _has_dot_segments(raw_path: str) -> bool:
    return any(part in {".", ".."} for part in re.split(r"[/\\]", unquote(raw_path)))


async def _read_body(request: web.BaseRequest) -> bytes | None:
    """Read the body, or return None as soon as it is too large."""
    if (request.content_length or 0) > LARGEST_BODY:
        return None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _filter_headers(headers: CIMultiDictProxy[str], excluded: set[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, text) for name, text in headers.items() if name.lower() not in excluded)


def _make_response(request: web.BaseRequest, response: aiohttp.ClientResponse, body: bytes) -> web.Response:
    if len(body) > LARGEST_EVENT:
        return make_error(502, "the response is larger than API Gateway's 6 MB: a fault of the app")
    if response.status >= 500 and request.method != "HEAD" and not _is_error_envelope(body):
        # As API Gateway does when a function fails; the reason is in the function's log only.
        return make_error(response.status, "internal server error")
    return web.Response(status=response.status, headers=_filter_headers(response.headers, _NOT_RETURNED), body=body)


def _is_error_envelope(body: bytes) -> bool:
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("status") == "error"
