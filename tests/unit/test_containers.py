"""Container functions as local processes: one invocation each, replaced when they die."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.local.containers.pool import Function, InvocationError, Pool
from infra.local.containers.server import functions
from infra.local.settings import PROJECT, Settings

HANDLERS = """
import os, time
def handle(event, context):
    if event == "raise":
        raise ValueError("no such model")
    if event == "die":
        os._exit(3)
    if event == "sleep":
        time.sleep(60)
    print("printed, and no answer")
    return {"pid": os.getpid(), "left": context.get_remaining_time_in_millis()}
"""


@asynccontextmanager
async def pool(folder: Path) -> AsyncIterator[Pool]:
    (folder / "handlers.py").write_text(HANDLERS)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(PROJECT), str(folder)])}
    opened = Pool(Function("test", "handlers:handle", 1, env, folder, folder / "log"))
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


def test_a_container_function_answers_fails_dies_and_answers_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with pool(tmp_path) as function:
            first = await function.invoke({}, time.time() + 30)
            assert 20_000 < first["left"] <= 30_000
            with pytest.raises(InvocationError, match="no such model"):
                await function.invoke("raise", time.time() + 30)
            assert (await function.invoke({}, time.time() + 30))["pid"] == first["pid"]
            with pytest.raises(InvocationError, match="ended in the middle"):
                await function.invoke("die", time.time() + 30)
            with pytest.raises(InvocationError, match="timed out"):
                await function.invoke("sleep", time.time() + 1)
            assert (await function.invoke({}, time.time() + 30))["pid"] != first["pid"]

    asyncio.run(scenario())
    assert "printed, and no answer" in (tmp_path / "log").read_text()


def test_container_functions_see_nothing_of_the_users_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "theirs")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    fit, render = functions(Settings(state_dir=tmp_path), tmp_path)
    assert not [name for name in render.env if name.startswith("AWS_")]
    assert "theirs" not in fit.env.values()
    assert fit.env["AWS_ENDPOINT_URL"] == Settings().emulator_url
