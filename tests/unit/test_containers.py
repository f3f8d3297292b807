"""Container functions as local processes: one invocation at a time, replaced when they fail."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
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
import os, time, warnings
def handle(event, context):
    if event == "raise":
        raise ValueError("no such model")
    if event == "exit":
        os._exit(3)
    if event == "sleep":
        time.sleep(60)
    if event == "fork":
        with warnings.catch_warnings(action="error"):
            child = os.fork()
        if child == 0:
            os._exit(0)
        return os.waitpid(child, 0)[1]
    print("printed, not returned")
    return {"pid": os.getpid(), "left": context.get_remaining_time_in_millis()}
"""


@asynccontextmanager
async def open_pool(folder: Path, size: int = 1) -> AsyncIterator[WorkerPool]:
    (folder / "handlers.py").write_text(HANDLERS)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(PROJECT), str(folder)])}
    pool = WorkerPool("test", "handlers:handle", size, env, folder, folder / "log")
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


def test_a_handler_may_fork(tmp_path: Path) -> None:
    """From Python 3.12 on, a fork of a process with threads warns: its copy may wait for a lock for ever."""

    async def scenario() -> None:
        async with open_pool(tmp_path) as pool:
            assert await pool.invoke("fork", time.time() + 30) == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("event", ["sleep", {}])
def test_a_worker_ends_with_its_parent_even_in_an_invocation(tmp_path: Path, event: object) -> None:
    (tmp_path / "handlers.py").write_text(HANDLERS)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(PROJECT), str(tmp_path)])}
    command = [sys.executable, "-m", "infra.local.containers.worker_process", "handlers:handle", "test"]
    worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)
    assert worker.stdin is not None
    worker.stdin.write(json.dumps({"event": event, "request_id": "1", "deadline": time.time() + 60}).encode() + b"\n")
    worker.stdin.flush()
    time.sleep(0.5)
    worker.stdin.close()
    try:
        worker.wait(timeout=15)
    finally:
        worker.kill()


def test_an_invocation_that_takes_long_does_not_hold_up_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with open_pool(tmp_path, size=3) as pool:
            slow = asyncio.create_task(pool.invoke("sleep", time.time() + 30))
            pids = {(await pool.invoke({}, time.time() + 10))["pid"] for _ in range(4)}
            assert len(pids) == 1, "the worker that was used last is used first"
            slow.cancel()

    asyncio.run(scenario())
    _, render = make_worker_pools(StackSettings(state_dir=tmp_path), tmp_path)
    assert render.size > 2


def test_container_functions_do_not_inherit_the_users_aws_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "theirs")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "theirs")
    fit, render = make_worker_pools(StackSettings(state_dir=tmp_path), tmp_path)
    assert not [name for name in render.env if name.startswith("AWS_")]
    assert "theirs" not in fit.env.values()
    assert fit.env["AWS_ENDPOINT_URL"] == StackSettings().emulator_url
