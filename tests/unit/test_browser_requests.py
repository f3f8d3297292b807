"""What web pages of other sites may send to the ports of the local stack: nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from infra.local.browser_requests import EmulatorGuard, is_own_host, refuse_browsers
from infra.local.front_door import ApiProxy, FrontDoor
from infra.local.port_binding import bind_port
from tests.running_stack import find_free_port

PORT = 5001
DOOR = 5000
CORS = [(b"content-type", b"text/xml"), (b"access-control-allow-origin", b"*"), (b"Access-Control-Allow-Headers", b"*")]

OWN_HOSTS = ("localhost", "127.0.0.1", "[::1]", "LOCALHOST", "127.0.0.2", "[0:0:0:0:0:0:0:1]")
OTHER_HOSTS = (
    "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost", "localhost.", "0.0.0.0",
    "[::]", "10.0.0.1", "192.168.1.1", "128.0.0.1", "127.1", "2130706433", "0x7f.1", "[::ffff:10.0.0.1]", "[::2]",
    "user@localhost", "localhost@evil.example", "localhost,evil.example", "localhost evil.example", "::1", "[::1",
    "1.1.1.1", "sqs.us-east-1.amazonaws.com", "bucket.s3.localhost", "host.docker.internal", "lоcalhost", "",
)  # fmt: skip
DOOR_ORIGINS = ("http://localhost:5000", "http://127.0.0.1:5000", "http://[::1]:5000")
OTHER_ORIGINS = (
    "http://evil.example", "https://evil.example", "null", "", "http://localhost", "https://localhost:5000",
    "http://localhost:5001", "http://localhost:3000", "http://127.0.0.1", "http://127.0.0.1:5001",
    "http://localhost:5000.evil.example", "http://localhost:50000", "http://evil.example:5000",
    "http://localhost:5000/", "http://localhost:5000@evil.example", "http://127.0.0.1.evil.example:5000", "file://",
    "chrome-extension://abc", "http://localhost:5000, http://evil.example", "http:localhost:5000", "localhost:5000",
)  # fmt: skip


def request(
    *headers: tuple[str, str], path: str = "/", kind: str = "http", app_headers: Iterable[tuple[bytes, bytes]] = CORS
) -> tuple[int, dict[str, str], str]:
    """Send a request through the guard of the emulator; return the status, headers and body of the response."""
    messages: list[Any] = []

    async def emulator(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(app_headers)})
        await send({"type": "http.response.body", "body": b"tables"})

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {"type": kind, "path": path, "headers": [(name.lower().encode(), text.encode()) for name, text in headers]}
    asyncio.run(EmulatorGuard(emulator, PORT, DOOR)(scope, None, send))  # type: ignore[arg-type]
    if messages[0]["type"] == "websocket.close":
        return 403, {}, ""
    received = {name.decode().lower(): text.decode() for name, text in messages[0]["headers"]}
    return messages[0]["status"], received, messages[1]["body"].decode()


HOST = ("Host", f"127.0.0.1:{PORT}")


def test_programs_may_do_everything() -> None:
    for host in OWN_HOSTS:
        for port in (PORT, DOOR):
            status, headers, body = request(("Host", f"{host}:{port}"))
            assert (status, body) == (200, "tables"), host
            assert headers == {"content-type": "text/xml"}, "without an Origin, nobody needs CORS"


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_other_hosts_are_refused(kind: str) -> None:
    hosts = [f"{host}:{PORT}" for host in OTHER_HOSTS]
    hosts += [*OTHER_HOSTS, "localhost", f"localhost:{PORT + 1}", "localhost:80", "localhost:", f"localhost:0{PORT}x"]
    for host in hosts:
        status, headers, body = request(("Host", host), kind=kind)
        assert status == 403, host
        assert "tables" not in body and not [name for name in headers if name.startswith("access-control")]
    assert request(kind=kind)[0] == 403
    assert request(HOST, ("Host", f"evil.example:{PORT}"), kind=kind)[0] == 403


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_other_origins_are_refused_without_cors(kind: str) -> None:
    for origin in OTHER_ORIGINS:
        for more in ((), (("Sec-Fetch-Site", "same-origin"),), (("Origin", DOOR_ORIGINS[0]),)):
            status, headers, body = request(HOST, ("Origin", origin), *more, kind=kind)
            assert status == 403, origin
            assert "tables" not in body and not [name for name in headers if name.startswith("access-control")]


def test_pages_of_the_front_door_may_read_and_write() -> None:
    for origin in DOOR_ORIGINS:
        for site in ("cross-site", "same-site"):
            status, headers, _ = request(HOST, ("Origin", origin), ("Sec-Fetch-Site", site))
            assert (status, headers["access-control-allow-origin"]) == (200, origin)
            assert headers["access-control-allow-headers"] == "*"


def test_pages_that_name_no_origin_are_refused() -> None:
    for site in ("cross-site", "same-site", "same-origin", "", "nonsense"):
        assert request(HOST, ("Sec-Fetch-Site", site))[0] == 403, site
    assert request(HOST, ("Sec-Fetch-Site", "none"))[0] == 200, "a person has entered the address"


def test_the_api_keeps_its_cors() -> None:
    assert request(HOST, path="/_aws/execute-api/abc/api/sysinfo")[1]["access-control-allow-origin"] == "*"
    assert request(HOST, ("Origin", "http://evil.example"), path="/_aws/execute-api/abc/api/sysinfo")[0] == 403


def test_a_refusal_says_what_to_do() -> None:
    assert f"localhost:{PORT}" in request(("Host", "evil.example"))[2]
    assert f"http://localhost:{DOOR}" in request(HOST, ("Origin", "null"))[2]


async def open_servers(scenario: Any) -> None:
    """Run a front door and a server behind `refuse_browsers`, and a scenario with their ports."""

    async def invoke(request: web.Request) -> web.Response:
        return web.Response(text="invoked")

    app = web.Application(middlewares=[refuse_browsers])
    app.router.add_post("/fit", invoke)
    runner = web.AppRunner(app)
    await runner.setup()
    containers, port = find_free_port(), 0
    await web.SockSite(runner, bind_port(containers, "this test", 0)).start()
    port = find_free_port()
    door = FrontDoor(ApiProxy("http://127.0.0.1:1", "abc", port))
    await door.open(bind_port(port, "this test", 0))
    try:
        async with aiohttp.ClientSession() as http:
            await scenario(http, containers, port)
    finally:
        await door.close()
        await runner.cleanup()


def test_the_container_functions_are_for_no_page() -> None:
    async def scenario(http: aiohttp.ClientSession, containers: int, _: int) -> None:
        url = f"http://127.0.0.1:{containers}/fit"
        for headers, status in (
            ({}, 200),
            ({"Host": f"localhost:{containers}"}, 200),
            ({"Host": f"evil.example:{containers}"}, 403),
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "http://localhost:5000"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
        ):
            async with http.post(url, headers=headers) as response:
                assert response.status == status, headers
                assert "Access-Control-Allow-Origin" not in response.headers

    asyncio.run(open_servers(scenario))


def test_the_front_door_answers_under_its_own_names_only() -> None:
    async def scenario(http: aiohttp.ClientSession, _: int, port: int) -> None:
        for path in ("/", "/index.html", "/api/sysinfo", "/docs/design.md"):
            for host in OTHER_HOSTS:
                if host.isascii() and host:
                    async with http.get(f"http://127.0.0.1:{port}{path}", headers={"Host": f"{host}:{port}"}) as got:
                        assert got.status == 421, host
                        assert "localhost" in (await got.json())["message"]
            for host in (*OWN_HOSTS, f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "localhost:8080"):
                async with http.get(f"http://127.0.0.1:{port}{path}", headers={"Host": host}) as got:
                    assert got.status != 421, host

    asyncio.run(open_servers(scenario))


def test_a_port_is_compared_if_one_is_asked_for() -> None:
    assert is_own_host("localhost:5000", [5000]) and is_own_host("localhost", [80]) and is_own_host("localhost:1")
    assert not is_own_host("localhost:5000", [5001]) and not is_own_host("localhost", [5000])
