"""The front door before an emulator that tells what it got: requests arrive as they were sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from infra.local.control import free_port
from infra.local.front_door import FrontDoor
from infra.local.front_door.gateway import Gateway
from infra.local.ports import take


@asynccontextmanager
async def front_door(seconds: float = 29) -> AsyncIterator[tuple[str, web.Server]]:
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
    door = FrontDoor(Gateway(f"http://127.0.0.1:{port}", "abc", door_port, seconds))
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
