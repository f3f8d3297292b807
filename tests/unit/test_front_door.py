"""The front door before an emulator that tells what it got: requests arrive as they were sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from infra.local.control import free_port
from infra.local.front_door import FrontDoor
from infra.local.front_door.gateway import Gateway
from infra.local.ports import take


@asynccontextmanager
async def front_door(
    seconds: float = 29, web_folder: Path = Path("nowhere")
) -> AsyncIterator[tuple[str, web.Server]]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if "slow" in request.path:
            await asyncio.sleep(5)
        if "crash" in request.path:
            return web.json_response({"errorMessage": "secret detail", "errorType": "KeyError"}, status=502)
        if "see-other" in request.path:
            return web.Response(status=303, headers={"Location": "https://elsewhere.example/a%20b?c=%2F"})
        got = {
            "method": request.method,
            "path": request.raw_path,
            "host": request.host,
            "port": request.headers["X-Forwarded-Port"],
            "content_type": request.headers.get("Content-Type"),
            "body": (await request.read()).decode(),
        }
        return web.json_response(got)

    emulator = web.Server(answer)
    runner = web.ServerRunner(emulator, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    door_port = free_port()
    door = FrontDoor(Gateway(f"http://127.0.0.1:{port}", "abc", door_port, seconds), web_folder)
    await door.open(take(door_port, "this test", 0))
    try:
        yield f"http://localhost:{door_port}", emulator
    finally:
        await door.close()
        await runner.cleanup()


async def fetch(method: str, url: str, **request: Any) -> tuple[int, dict[str, Any], Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url, allow_redirects=False, **request) as got,
    ):
        text = await got.text()
        return got.status, dict(got.headers), json.loads(text) if text else None


def test_a_request_arrives_as_it_was_sent() -> None:
    async def scenario() -> None:
        async with front_door() as (url, _):
            query = "x=%20y+z&x=2&empty="
            status, _, got = await fetch(
                "GET", f"{url}/api/obj/a/corner?{query}", data=b'{"plot_kwargs": {}}'
            )
            assert status == 200
            assert got["method"] == "GET"
            assert got["body"] == '{"plot_kwargs": {}}'
            assert got["path"] == f"/_aws/execute-api/abc/api/obj/a/corner?{query}"
            assert f"http://{got['host']}" == url
            assert url.endswith(got["port"])

    asyncio.run(scenario())


def test_redirects_go_through_and_crashes_tell_nothing() -> None:
    async def scenario() -> None:
        async with front_door() as (url, _):
            status, headers, _ = await fetch("GET", f"{url}/api/see-other")
            assert (status, headers["Location"]) == (303, "https://elsewhere.example/a%20b?c=%2F")
            status, _, got = await fetch("GET", f"{url}/api/crash")
            assert (status, got) == (502, {"status": "error", "message": "internal server error"})

    asyncio.run(scenario())


def test_no_answer_in_time_is_a_504_and_no_emulator_a_502() -> None:
    async def scenario() -> None:
        async with front_door(seconds=0.2) as (url, _):
            status, _, got = await fetch("GET", f"{url}/api/slow")
            assert (status, got["status"]) == (504, "error")
        door_port = free_port()
        door = FrontDoor(Gateway(f"http://127.0.0.1:{free_port()}", "abc", door_port))
        await door.open(take(door_port, "this test", 0))
        status, headers, got = await fetch("GET", f"http://localhost:{door_port}/api/x")
        await door.close()
        assert (status, got["status"], headers["Access-Control-Allow-Origin"]) == (502, "error", "*")

    asyncio.run(scenario())


def test_methods_that_api_gateway_has_not_are_refused_at_the_door() -> None:
    async def story() -> None:
        async with front_door() as (url, _):
            status, headers, body = await fetch("TRACE", f"{url}/api/sysinfo")
        assert (status, body["status"]) == (405, "error")
        assert "GET" in headers["Allow"]

    asyncio.run(story())


PAGES = {
    "index.html": "<!doctype html>",
    "app.js": "let a = 1;",
    "style/base.css": "p { }",
    ".hidden/key": "!",
}


async def pages(folder: Path, *paths: str) -> list[tuple[int, str, str, dict[str, str]]]:
    """Return the status, content type, text and headers of each path, from a folder with these files."""
    found = []
    async with front_door(web_folder=folder) as (url, _), aiohttp.ClientSession() as http:
        for path in paths:
            async with http.get(url + path) as got:
                found.append((got.status, got.content_type, await got.text(), dict(got.headers)))
    return found


def web_app(folder: Path) -> Path:
    for name, text in PAGES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_web_app_is_served_by_its_files(tmp_path: Path) -> None:
    paths = (
        "/",
        "/index.html",
        "/app.js",
        "/style/base.css",
        "/no.html",
        "/.hidden/key",
        "/..%2f..%2fetc/passwd",
    )
    got = asyncio.run(pages(web_app(tmp_path), *paths))
    assert [status for status, *_ in got] == [200, 200, 200, 200, 404, 404, 404]
    assert [kind for _, kind, *_ in got[:2]] == ["text/html"] * 2
    assert got[2][1] in ("text/javascript", "application/javascript"), "nosniff: others are not run"
    assert (got[3][1], got[3][2]) == ("text/css", PAGES["style/base.css"])


def test_every_page_is_closed_to_strangers(tmp_path: Path) -> None:
    for status, _, _, headers in asyncio.run(pages(web_app(tmp_path), "/", "/app.js", "/no.html")):
        policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'", status
        assert policy["connect-src"] == "'self' http://127.0.0.1:* http://localhost:*"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-cache"


def test_without_a_web_app_the_first_steps_are_told(tmp_path: Path) -> None:
    ((status, kind, text, _),) = asyncio.run(pages(tmp_path, "/"))
    assert (status, kind) == (200, "text/plain")
    assert "First steps" in text and "/api/sysinfo" in text
