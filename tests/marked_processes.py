"""All processes of a stack, whoever started them: they inherit a mark in the environment."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["MARK", "find_marked_processes", "kill_marked_processes", "wait_for_end"]

MARK = "HELIOGRAPH_STACK_MARK"
"""The variable; the containers' processes inherit it as well."""


def _iterate_processes(mark: str) -> Iterator[Path]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (process / "environ").read_bytes():
                yield process


def find_marked_processes(mark: str) -> list[str]:
    """Return the command lines of the processes that have this mark."""
    commands = []
    for process in _iterate_processes(mark):
        with suppress(OSError):
            commands.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return commands


def kill_marked_processes(mark: str) -> None:
    """Kill all processes with this mark by SIGKILL, those too that start meanwhile."""
    while processes := list(_iterate_processes(mark)):
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)
        time.sleep(0.02)


def wait_for_end(mark: str, seconds: float) -> list[str]:
    """Wait until no marked process runs; return those that still do."""
    deadline = time.monotonic() + seconds
    while (processes := find_marked_processes(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return processes
