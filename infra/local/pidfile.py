"""One stack to one state: a file that the running stack holds a lock on, with its id and port in it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["AlreadyRunningError", "held", "running", "running_port"]


class AlreadyRunningError(RuntimeError):
    """A stack with this state runs already."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid}")
        self.pid = pid


def running(path: Path) -> int | None:
    """Return the id of the process that holds the file, or None."""
    found = _read(path)
    return found[0] if found else None


def running_port(path: Path) -> int | None:
    """Return the port that the stack which holds the file listens on, or None."""
    found = _read(path)
    return found[1] if found else None


def _read(path: Path) -> tuple[int, int] | None:
    """Read a held file.

    The lock is what counts: an id may have been left by a process that was killed, and be another's by now.
    """
    try:
        file = path.open()
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            words = file.read().split()
            return (int(words[0]), int(words[1])) if len(words) == 2 else None
    return None


@contextmanager
def held(path: Path, pid: int, port: int) -> Iterator[None]:
    """Hold the file for as long as the stack runs; it is removed at the end.

    Raises
    ------
    AlreadyRunningError
        When another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunningError(running(path) or 0) from error
        file.truncate(0)
        file.write(f"{pid} {port}")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
