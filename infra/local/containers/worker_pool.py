"""The worker processes of one container function."""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local.child_process import ChildProcess


class InvocationError(RuntimeError):
    """An invocation failed; `error_type` and the message are what Lambda would answer."""

    def __init__(self, message: str, error_type: str = "Runtime.ExitError") -> None:
        super().__init__(message)
        self.error_type = error_type


@dataclass
class WorkerPool:
    """Workers of one function; each runs one invocation at a time and is replaced when it fails.

    Workers are started ahead, because the imports of a fit take seconds. An invocation that comes before
    waits in the pipe. The worker that was used last is used first, as on Lambda: it has imported most.

    Attributes
    ----------
    name
        The function's name.
    handler
        The handler as ``module:function``.
    size
        How many workers there are.
    env, cwd, log
        Environment, working folder and log of the worker processes.
    """

    name: str
    handler: str
    size: int
    env: Mapping[str, str]
    cwd: Path
    log: Path
    _idle: asyncio.LifoQueue[ChildProcess] = field(default_factory=asyncio.LifoQueue)
    _workers: set[ChildProcess] = field(default_factory=set)
    _is_closing: bool = False

    async def open(self) -> None:
        """Start the workers, without waiting for their imports."""
        for _ in range(self.size):
            await self._start_worker()

    async def close(self) -> None:
        """Kill the workers."""
        self._is_closing = True
        for worker in list(self._workers):
            await self._kill_worker(worker)

    async def invoke(self, event: Any, deadline: float) -> Any:
        """Run one invocation and return the handler's result.

        Parameters
        ----------
        event
            The handler's event.
        deadline
            When the invocation times out, in seconds since 1970.

        Raises
        ------
        InvocationError
            If the handler raises, its process ends, or the deadline passes.
        """
        try:
            worker = await asyncio.wait_for(self._idle.get(), deadline - time.time())
        except TimeoutError:
            raise InvocationError(
                f"all {self.size} workers of {self.name} were busy until the deadline", "Sandbox.Timedout"
            ) from None
        is_healthy = False
        try:
            exchange = self._exchange(worker, event, deadline)
            response = await asyncio.wait_for(exchange, deadline - time.time())
            is_healthy = True
        except TimeoutError:
            raise InvocationError("Task timed out", "Sandbox.Timedout") from None
        except (OSError, asyncio.IncompleteReadError):
            raise InvocationError(
                f"the process of {self.name} ended during the invocation; see {self.log.name}"
            ) from None
        finally:
            await asyncio.shield(self._return_worker(worker, is_healthy))
        if "error" in response:
            raise InvocationError(response["error"]["errorMessage"], response["error"]["errorType"])
        return response["result"]

    async def _exchange(self, worker: ChildProcess, event: Any, deadline: float) -> dict[str, Any]:
        request = {"event": event, "request_id": str(uuid.uuid4()), "deadline": deadline}
        await worker.send_line(json.dumps(request).encode())
        response: dict[str, Any] = json.loads(await worker.receive_line())
        return response

    async def _return_worker(self, worker: ChildProcess, is_healthy: bool) -> None:
        if is_healthy:
            self._idle.put_nowait(worker)
            return
        await self._kill_worker(worker)
        if not self._is_closing:
            await self._start_worker()

    async def _start_worker(self) -> None:
        module = "infra.local.containers.worker_process"
        worker = await ChildProcess.start(
            module, self.handler, self.name, env=self.env, cwd=self.cwd, log=self.log, has_pipe=True
        )
        self._workers.add(worker)
        self._idle.put_nowait(worker)

    async def _kill_worker(self, worker: ChildProcess) -> None:
        self._workers.discard(worker)
        await worker.stop(grace_seconds=0)
