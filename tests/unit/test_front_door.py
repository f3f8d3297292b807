"""The front door with a fake emulator that echoes requests: they arrive unchanged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from chalicelib import settings
from chalicelib.strict_headers import STRICT_HEADERS
from infra.local.front_door import ApiProxy, FrontDoor
from infra.local.front_door.api_proxy import LARGEST_EVENT, measure_event
from infra.local.port_binding import bind_port
from tests.running_stack import find_free_port


@asynccontextmanager
async def open_front_door(
    seconds: float = 29, web_folder: Path = Path("nowhere")
) -> AsyncIterator[tuple[str, web.Server]]:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        if "slow" in request.path:
            await asyncio.sleep(5)
        if "large" in request.path:
            return web.json_response({})
        if "crash" in request.path:
            return web.json_response({"errorMessage": "secret detail", "errorType": "KeyError"}, status=502)
        if "see-other" in request.path:
            return web.Response(status=303, headers={"Location": "https://elsewhere.example/a%20b?c=%2F"})
        received = {
            "method": request.method,
            "path": request.raw_path,
            "host": request.host,
            "port": request.headers["X-Forwarded-Port"],
            "content_type": request.headers.get("Content-Type"),
            "body": (await request.read()).decode(),
        }
        return web.json_response(received)

    emulator = web.Server(echo)
    runner = web.ServerRunner(emulator, shutdown_timeout=0.1)
    await runner.setup()
    port = find_free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    door_port = find_free_port()
    door = FrontDoor(ApiProxy(f"http://127.0.0.1:{port}", "abc", door_port, seconds), web_folder)
    await door.open(bind_port(door_port, "this test", 0))
    try:
        yield f"http://localhost:{door_port}", emulator
    finally:
        await door.close()
        await runner.cleanup()


async def fetch(method: str, url: str, **request: Any) -> tuple[int, dict[str, Any], Any]:
    async with aiohttp.ClientSession() as http, http.request(method, url, allow_redirects=False, **request) as response:
        text = await response.text()
        return response.status, dict(response.headers), json.loads(text) if text else None


def test_a_request_arrives_as_it_was_sent() -> None:
    async def scenario() -> None:
        async with open_front_door() as (url, _):
            query = "x=%20y+z&x=2&empty="
            status, _, body = await fetch("GET", f"{url}/api/obj/a/corner?{query}", data=b'{"plot_kwargs": {}}')
            assert status == 200
            assert body["method"] == "GET"
            assert body["body"] == '{"plot_kwargs": {}}'
            assert body["path"] == f"/_aws/execute-api/abc/api/obj/a/corner?{query}"
            assert f"http://{body['host']}" == url
            assert url.endswith(body["port"])

    asyncio.run(scenario())


def test_redirects_pass_and_crashes_reveal_nothing() -> None:
    async def scenario() -> None:
        async with open_front_door() as (url, _):
            status, headers, _ = await fetch("GET", f"{url}/api/see-other")
            assert (status, headers["Location"]) == (303, "https://elsewhere.example/a%20b?c=%2F")
            status, _, body = await fetch("GET", f"{url}/api/crash")
            assert (status, body["message"], body["data"]) == (502, "internal server error", {})

    asyncio.run(scenario())


def test_a_late_answer_is_a_504_and_a_missing_emulator_a_502() -> None:
    async def scenario() -> None:
        async with open_front_door(seconds=0.2) as (url, _):
            status, _, body = await fetch("GET", f"{url}/api/slow")
            assert (status, body["status"]) == (504, "error")
        door_port = find_free_port()
        door = FrontDoor(ApiProxy(f"http://127.0.0.1:{find_free_port()}", "abc", door_port))
        await door.open(bind_port(door_port, "this test", 0))
        status, headers, body = await fetch("GET", f"http://localhost:{door_port}/api/x")
        await door.close()
        assert (status, body["status"], headers["Access-Control-Allow-Origin"]) == (502, "error", "*")

    asyncio.run(scenario())


def test_methods_that_api_gateway_does_not_have_are_refused() -> None:
    async def scenario() -> None:
        async with open_front_door() as (url, _):
            status, headers, body = await fetch("TRACE", f"{url}/api/sysinfo")
        assert (status, body["status"]) == (405, "error")
        assert "GET" in headers["Allow"]

    asyncio.run(scenario())


PAGES = {"index.html": "<!doctype html>", "app.js": "let a = 1;", "style/base.css": "p { }", ".hidden/key": "!"}


async def fetch_pages(folder: Path, *paths: str) -> list[tuple[int, str, str, dict[str, str]]]:
    """Return the status, content type, text and headers of each path, served from a folder."""
    responses = []
    async with open_front_door(web_folder=folder) as (url, _), aiohttp.ClientSession() as http:
        for path in paths:
            async with http.get(url + path) as response:
                text = await response.text()
                responses.append((response.status, response.content_type, text, dict(response.headers)))
    return responses


def write_web_app(folder: Path) -> Path:
    for name, text in PAGES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_web_app_is_served_from_its_files(tmp_path: Path) -> None:
    paths = ("/", "/index.html", "/app.js", "/style/base.css", "/no.html", "/.hidden/key", "/..%2f..%2fetc/passwd")
    responses = asyncio.run(fetch_pages(write_web_app(tmp_path), *paths))
    assert [status for status, *_ in responses] == [200, 200, 200, 200, 404, 404, 404]
    assert [kind for _, kind, *_ in responses[:2]] == ["text/html"] * 2
    assert responses[2][1] in ("text/javascript", "application/javascript"), "with nosniff, browsers run no other types"
    assert (responses[3][1], responses[3][2]) == ("text/css", PAGES["style/base.css"])


def test_the_guides_are_served_as_text_and_nothing_else_of_the_clone_is(tmp_path: Path) -> None:
    paths = (
        "/docs/astronomers.md",
        "/docs/none.md",
        "/docs",
        "/README.md",
        "/docs/../app.py",
        "/docs/images/analysis.png",
    )
    responses = asyncio.run(fetch_pages(write_web_app(tmp_path), *paths))
    assert [status for status, *_ in responses] == [200, 404, 404, 404, 404, 404]
    assert responses[0][1] == "text/plain" and responses[0][2].startswith("# ")


def test_every_page_has_strict_security_headers(tmp_path: Path) -> None:
    for status, _, _, headers in asyncio.run(fetch_pages(write_web_app(tmp_path), "/", "/app.js", "/no.html")):
        policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'", status
        assert policy["connect-src"] == "'self' http://127.0.0.1:* http://localhost:*"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-cache"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cross-Origin-Resource-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]


def test_errors_of_the_front_door_have_the_strict_headers_of_the_api() -> None:
    async def scenario() -> None:
        async with open_front_door(seconds=0.2) as (url, _):
            requests = [("TRACE", "x"), ("GET", "slow"), ("GET", "crash"), ("GET", "a/..%2fb"), ("GET", "x" * 20_000)]
            for method, path in requests:
                status, headers, _ = await fetch(method, f"{url}/api/{path}")
                assert status in (400, 404, 405, 502, 504)
                assert STRICT_HEADERS.items() <= headers.items(), path
            status, headers, _ = await fetch("POST", f"{url}/api/x", data=b"x" * 5_000_000)
            assert status == 413
            assert STRICT_HEADERS.items() <= headers.items()

    asyncio.run(scenario())


def test_without_a_web_app_the_first_steps_are_served(tmp_path: Path) -> None:
    ((status, kind, text, _),) = asyncio.run(fetch_pages(tmp_path, "/"))
    assert (status, kind) == (200, "text/plain")
    assert "First steps" in text and "/api/sysinfo" in text


SIX_TIMES = "\x01"  # \\u0001 in JSON


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ('"' * 4_000_000, None, 413),
        (SIX_TIMES * 1_100_000, None, 413),
        ('"' * 3_000_000, None, 200),
        ("é" * 2_000_000, None, 200),
        ('"' * 4_400_000, "application/json", 200),
        (SIX_TIMES * 4_400_000, "text/plain", 200),
        ("x" * 4_800_000, "text/plain", 413),
    ],
)
def test_what_lambda_would_refuse_is_refused_with_the_way_round(
    body: str, content_type: str | None, status: int
) -> None:
    async def scenario() -> None:
        headers = {"Content-Type": content_type} if content_type else {}
        async with open_front_door() as (url, _):
            request = {"data": body.encode(), "headers": headers, "skip_auto_headers": ["Content-Type"]}
            answer, _, document = await fetch("POST", f"{url}/api/large", **request)
        assert answer == status
        if status == 413:
            assert "Upload a large document" in document["message"]
            assert "Content-Type" in document["message"]

    asyncio.run(scenario())


def test_the_largest_request_fits_into_an_event_whatever_its_headers() -> None:
    # API Gateway takes 10,240 bytes of headers and the request line.
    headers = {"Content-Type": "application/json", "X-Quotes": '"' * 10_000}
    request = make_mocked_request("POST", "/api/" + "x" * 200, headers=headers)
    assert measure_event(request, b"x" * settings.REQUEST_BYTES) < LARGEST_EVENT
    assert 6 * 2 * 10_240 + settings.REQUEST_BYTES * 4 / 3 < LARGEST_EVENT
