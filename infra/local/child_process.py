"""Child processes that end with the stack, however the stack ends.

A child's standard input is a pipe from its parent. If the parent ends, even by SIGKILL, the pipe closes,
and the child ends itself.
"""

import asyncio
import os
import signal
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

_LARGEST_LINE = 64 * 1024 * 1024
"""Bytes of one line that a child may print to a pipe."""


def end_with_parent() -> None:
    """In a child process: send SIGTERM to itself when its standard input closes."""

    def wait_for_end() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_end, name="parent watch", daemon=True).start()


class ChildProcess:
    """A child process in its own process group.

    In a group of its own it does not get the terminal's Ctrl-C: only the stack does, and then stops its
    children in order.
    """

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, module: str, *arguments: str, env: Mapping[str, str], cwd: Path, log: Path, has_pipe: bool = False
    ) -> Self:
        """Start ``python -m module``.

        Parameters
        ----------
        module, arguments
            The module and its arguments.
        env
            The whole environment.
        cwd
            The working folder.
        log
            The file that its output is appended to.
        has_pipe
            Whether standard output is a pipe to this process instead, for `receive_line`.
        """
        with log.open("ab") as log_file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, *arguments),
                stdin=PIPE,
                stdout=PIPE if has_pipe else log_file,
                stderr=log_file,
                env=env,
                cwd=cwd,
                start_new_session=True,
                limit=_LARGEST_LINE,
            )
        return cls(process)

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Wait for the end, and return the exit code."""
        return await self._process.wait()

    async def send_line(self, line: bytes) -> None:
        """Write a line to the standard input.

        Raises
        ------
        OSError
            If the process has ended.
        """
        stdin: Any = self._process.stdin
        stdin.write(line + b"\n")
        await stdin.drain()

    async def receive_line(self) -> bytes:
        """Return the next line of the standard output.

        Raises
        ------
        asyncio.IncompleteReadError
            If the process ends before it.
        """
        stdout: Any = self._process.stdout
        line: bytes = await stdout.readuntil(b"\n")
        return line

    async def stop(self, grace_seconds: float) -> bool:
        """Stop the process with its group.

        Parameters
        ----------
        grace_seconds
            Seconds between SIGTERM to the process and SIGKILL to its group.

        Returns
        -------
        bool
            Whether the process ended before SIGKILL.
        """
        if not self.has_ended:
            self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), grace_seconds)
        ended_in_time = self.has_ended
        with suppress(ProcessLookupError, PermissionError):  # The group may be empty.
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        return ended_in_time
