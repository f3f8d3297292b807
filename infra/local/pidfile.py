"""One stack to one state: a file that the running stack holds a lock on, and its id in it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["AlreadyRunningError", "held", "running"]


class AlreadyRunningError(RuntimeError):
    """A stack with this state runs already."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid}")
        self.pid = pid


def running(path: Path) -> int | None:
    """Return the id of the process that holds the file, or None.

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
            return int(file.read() or 0) or None
    return None


@contextmanager
def held(path: Path, pid: int) -> Iterator[None]:
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
        file.write(str(pid))
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
