"""Refuse what web pages of other sites send to the ports of the stack.

A browser lets any page send requests to this machine; it names the page's site in ``Origin`` or ``Sec-Fetch-Site``.
A page whose own name is made to lead to this machine (DNS rebinding) is betrayed by ``Host``. Programs send neither
of the first two.
"""

import ipaddress
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

_HOST = re.compile(r"(?P<name>localhost|[0-9.]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_NO_PAGE = {"none"}
"""``Sec-Fetch-Site`` of an address that a person entered. A stored file is a page of the emulator's own site."""
_HTTP_PORT = 80

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def is_own_host(host: str, ports: Iterable[int] = ()) -> bool:
    """Return whether a ``Host`` is this machine, at one of these ports; without ports, at any.

    Examples
    --------
    >>> is_own_host("localhost:5001", [5001]), is_own_host("rebound.example:5001", [5001])
    (True, False)
    """
    match = _HOST.fullmatch(host.lower())
    if match is None or not _is_loopback(match["name"]):
        return False
    expected = tuple(ports)
    return not expected or int(match["port"] or _HTTP_PORT) in expected


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def explain_other_host(hosts: list[str], ports: Iterable[int] = ()) -> str:
    """Return why a request's ``Host`` is not accepted, or an empty text."""
    if hosts and all(is_own_host(host, ports) for host in hosts):
        return ""
    port = next(iter(ports), None)
    address = f"localhost:{port}" if port else "localhost and its port"
    return (
        f"The Host header is {', '.join(hosts)[:100]!r}; this server of one machine answers as {address} or "
        "127.0.0.1 only. Open it under that name; from another machine, through an SSH tunnel."
    )


class EmulatorGuard:
    """An ASGI application before that of the emulated AWS, which would answer every page.

    Pages of the front door may use presigned URLs; programs may do everything.

    Parameters
    ----------
    app
        The emulator's application.
    port
        The emulator's port.
    front_door_port
        The port of the front door: its pages may read and write here, and it passes requests to the API on.
    """

    def __init__(self, app: AsgiApp, port: int, front_door_port: int) -> None:
        self._app = app
        self._ports = (port, front_door_port)
        self._front_door_port = front_door_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        refusal = self._explain_refusal(scope)
        if not refusal:
            return await self._app(scope, receive, self._limit_readers(scope, send))
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": refusal.encode()})

    def _explain_refusal(self, scope: Scope) -> str:
        if refusal := explain_other_host(_get_headers(scope, b"host"), self._ports):
            return refusal
        origins = _get_headers(scope, b"origin")
        is_from_page = not set(_get_headers(scope, b"sec-fetch-site")) <= _NO_PAGE
        if all(self._is_front_door(origin) for origin in origins) and (origins or not is_from_page):
            return ""
        site = f"http://localhost:{self._front_door_port}"
        return f"A web page of another site sent this request; only pages of {site} may, with their Origin."

    def _is_front_door(self, origin: str) -> bool:
        scheme, separator, host = origin.partition("://")
        return scheme == "http" and separator != "" and is_own_host(host, (self._front_door_port,))

    def _limit_readers(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that lets only the front door's pages read the response."""
        # The front door passes on what the API says, and its API is for pages of all sites.
        if scope["path"].startswith("/_aws/execute-api/"):
            return send
        origin = next(iter(_get_headers(scope, b"origin")), None)

        async def send_limited(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = list(_limit_cors(message.get("headers", ()), origin))
            await send(message)

        return send_limited


def _get_headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _limit_cors(headers: Iterable[tuple[bytes, bytes]], origin: str | None) -> Iterable[tuple[bytes, bytes]]:
    """Yield headers, with the origin in place of the star; without an origin, none of CORS."""
    for name, value in headers:
        if not name.lower().startswith(b"access-control-"):
            yield name, value
        elif origin:
            yield name, origin.encode("latin-1") if name.lower() == b"access-control-allow-origin" else value


@web.middleware
async def refuse_browsers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to what a browser sends: only the emulator invokes the container functions."""
    refusal = explain_other_host(request.headers.getall("Host", []))
    if not refusal and ("Origin" in request.headers or "Sec-Fetch-Site" in request.headers):
        refusal = "A web page sent this request; only the emulated AWS of this stack invokes these functions."
    if refusal:
        return web.Response(status=403, text=refusal)
    return await handler(request)
