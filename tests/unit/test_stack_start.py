"""The local stack is ready only when its API answers."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from infra.local import local_stack
from infra.local.local_errors import StackFailedError
from infra.local.stack_settings import StackSettings


async def request_sysinfo(statuses: list[int], folder: Path) -> None:
    """Request the sysinfo of an API that answers with these statuses in turn."""

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=statuses.pop(0), text="the function failed")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        await local_stack._request_sysinfo(StackSettings(port=port - 1, state_dir=folder), "api")
    finally:
        await runner.cleanup()


def test_a_first_request_may_fail(tmp_path: Path) -> None:
    asyncio.run(request_sysinfo([502, 200], tmp_path))


def test_an_api_that_does_not_answer_fails_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_stack, "_FIRST_REQUESTS", 2)
    with pytest.raises(StackFailedError, match="answers 502: the function failed"):
        asyncio.run(request_sysinfo([502, 502], tmp_path))
