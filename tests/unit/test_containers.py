"""Container functions as local processes: one invocation at a time, replaced when they fail."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra import PROJECT
from infra.local.containers.container_server import make_worker_pools
from infra.local.containers.worker_pool import InvocationError, WorkerPool
from infra.local.stack_settings import StackSettings

HANDLERS = """
import os, time
def handle(event, context):
    if event == "raise":
        raise ValueError("no such model")
    if event == "exit":
        os._exit(3)
    if event == "sleep":
        time.sleep(60)
    print("printed, not returned")
    return {"pid": os.getpid(), "left": context.get_remaining_time_in_millis()}
"""


@asynccontextmanager
async def open_pool(folder: Path) -> AsyncIterator[WorkerPool]:
    (folder / "handlers.py").write_text(HANDLERS)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(PROJECT), str(folder)])}
    pool = WorkerPool("test", "handlers:handle", 1, env, folder, folder / "log")
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()


def test_a_container_function_answers_fails_exits_and_answers_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with open_pool(tmp_path) as pool:
            first = await pool.invoke({}, time.time() + 30)
            assert 20_000 < first["left"] <= 30_000
            with pytest.raises(InvocationError, match="no such model"):
                await pool.invoke("raise", time.time() + 30)
            assert (await pool.invoke({}, time.time() + 30))["pid"] == first["pid"]
            with pytest.raises(InvocationError, match="ended during the invocation"):
                await pool.invoke("exit", time.time() + 30)
            with pytest.raises(InvocationError, match="timed out"):
                await pool.invoke("sleep", time.time() + 1)
            assert (await pool.invoke({}, time.time() + 30))["pid"] != first["pid"]

    asyncio.run(scenario())
    assert "printed, not returned" in (tmp_path / "log").read_text()


def test_container_functions_do_not_inherit_the_users_aws_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "theirs")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    fit, render = make_worker_pools(StackSettings(state_dir=tmp_path), tmp_path)
    assert not [name for name in render.env if name.startswith("AWS_")]
    assert "theirs" not in fit.env.values()
    assert fit.env["AWS_ENDPOINT_URL"] == StackSettings().emulator_url
