"""The worker processes of one function."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.containers import frames

__all__ = ["Function", "InvocationError", "Pool"]

_IMPORT_SECONDS = 120.0


class InvocationError(RuntimeError):
    """An invocation failed; the two parts are what Lambda would answer."""

    def __init__(self, message: str, kind: str = "Runtime.ExitError") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Function:
    """A container function: its name, its handler, and how many run at once."""

    name: str
    handler: str
    workers: int
    env: Mapping[str, str]
    cwd: Path
    log: Path


@dataclass(eq=False)
class _Worker:
    process: asyncio.subprocess.Process
    requests: asyncio.StreamWriter
    answers: asyncio.StreamReader
    ready: bool = False


@dataclass
class Pool:
    """Workers of one function; an invocation has one for itself.

    Workers are started ahead, since importing what a fit needs takes seconds.
    """

    function: Function
    _idle: asyncio.Queue[_Worker] = field(default_factory=asyncio.Queue)
    _all: set[_Worker] = field(default_factory=set)
    _closing: bool = False

    async def open(self) -> None:
        """Start the workers, without waiting for their imports."""
        for _ in range(self.function.workers):
            await self._add()

    async def close(self) -> None:
        """Kill the workers, whatever they do."""
        self._closing = True
        for worker in list(self._all):
            await self._remove(worker)

    async def invoke(self, event: Any, deadline: float) -> Any:
        """Run one invocation.

        Parameters
        ----------
        event
            What the handler is given.
        deadline
            When it has to be done, in seconds since 1970.

        Raises
        ------
        InvocationError
            When the handler raises, its process dies, or the time is over.
        """
        try:
            worker = await asyncio.wait_for(self._idle.get(), deadline - time.time())
        except TimeoutError:
            raise InvocationError(
                f"all {self.function.workers} workers of {self.function.name} were busy until the deadline",
                "Sandbox.Timedout",
            ) from None
        healthy = False
        try:
            answer = await asyncio.wait_for(self._exchange(worker, event, deadline), deadline - time.time())
            healthy = True
        except TimeoutError:
            raise InvocationError("Task timed out", "Sandbox.Timedout") from None
        except (OSError, asyncio.IncompleteReadError):
            raise InvocationError(
                f"the process of {self.function.name} ended in the middle; see {self.function.log.name}"
            ) from None
        finally:
            await asyncio.shield(self._give_back(worker, healthy))
        if "error" in answer:
            raise InvocationError(answer["error"]["errorMessage"], answer["error"]["errorType"])
        return answer["result"]

    async def _exchange(self, worker: _Worker, event: Any, deadline: float) -> dict[str, Any]:
        if not worker.ready:
            await asyncio.wait_for(self._receive(worker), _IMPORT_SECONDS)
            worker.ready = True
        request = {"event": event, "request_id": str(uuid.uuid4()), "deadline": deadline}
        worker.requests.write(frames.pack(request))
        await worker.requests.drain()
        return await self._receive(worker)

    async def _receive(self, worker: _Worker) -> dict[str, Any]:
        (length,) = frames.HEADER.unpack(await worker.answers.readexactly(frames.HEADER.size))
        answer: dict[str, Any] = json.loads(await worker.answers.readexactly(length))
        return answer

    async def _give_back(self, worker: _Worker, healthy: bool) -> None:
        if healthy:
            self._idle.put_nowait(worker)
            return
        await self._remove(worker)
        await self._add()

    async def _add(self) -> None:
        if self._closing:
            return
        command = [sys.executable, "-m", "infra.local.containers.worker"]
        with self.function.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                self.function.handler,
                self.function.name,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=self.function.env,
                cwd=self.function.cwd,
                start_new_session=True,
            )
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker was started without its pipes")
        worker = _Worker(process, process.stdin, process.stdout)
        self._all.add(worker)
        self._idle.put_nowait(worker)

    async def _remove(self, worker: _Worker) -> None:
        self._all.discard(worker)
        with suppress(ProcessLookupError, PermissionError):
            # The group: a fit may have helpers of its own.
            os.killpg(worker.process.pid, signal.SIGKILL)
        await worker.process.wait()
