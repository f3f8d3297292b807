"""No process outlives the stack, however the stack ends.

A child's standard input is a pipe that the parent holds and never writes to. When the parent goes, even
by SIGKILL, the pipe ends, and the child ends itself.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

__all__ = ["Child", "end_with_parent"]


def end_with_parent() -> None:
    """In a child: send oneself SIGTERM when the parent is gone."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()


class Child:
    """A process of the stack, with a process group of its own that ends with it.

    Of its own, so that a Ctrl-C reaches the stack alone, which then ends things in their order.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str, *arguments: str, env: Mapping[str, str], log: Path, cwd: Path) -> Child:
        """Run ``python -m module``, its output going to a log."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *_python(module, arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=env,
                cwd=cwd,
                start_new_session=True,
            )
        return cls(process)

    async def wait(self) -> int:
        """Wait for the end, and return the exit code."""
        return await self._process.wait()

    @property
    def ended(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.returncode

    async def stop(self, patience: float) -> bool:
        """Ask it to end, wait, then kill its whole group; return whether it ended by itself."""
        group = self._process.pid
        polite = True
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), patience)
            except TimeoutError:
                polite = False
        with suppress(ProcessLookupError, PermissionError):  # Nobody of the group is left.
            os.killpg(group, signal.SIGKILL)
        await self._process.wait()
        return polite


def _python(module: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", module, *arguments]
