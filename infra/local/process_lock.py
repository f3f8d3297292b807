"""A file lock that admits one process per state folder; the file holds the process id and port."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from infra.local.local_errors import AlreadyRunningError


class LockHolder(NamedTuple):
    """The process that holds a lock file, and the port that it listens on."""

    pid: int
    port: int


def get_lock_holder(path: Path) -> LockHolder | None:
    """Return the process that holds a lock file, or None.

    The lock decides, not the content: a killed process leaves its id, which may be another's by now.
    """
    try:
        file = path.open()
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            numbers = [int(word) for word in file.read().split()]
            return LockHolder(*numbers) if len(numbers) == 2 else None
    return None


def wait_for_release(path: Path, seconds: float) -> LockHolder | None:
    """Wait until nobody holds a lock file; return the process that still does after so many seconds."""
    deadline = time.monotonic() + seconds
    while (holder := get_lock_holder(path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return holder


@contextmanager
def hold_process_lock(path: Path, port: int) -> Iterator[None]:
    """Hold a lock file inside the `with` block; delete it at the end.

    Parameters
    ----------
    path
        The lock file.
    port
        The port that this process listens on, noted in the file.

    Raises
    ------
    AlreadyRunningError
        If another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            other = get_lock_holder(path)
            raise AlreadyRunningError(
                f"This clone's stack runs already (process {other.pid if other else 'unknown'}). `make stop` stops it."
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()} {port}")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
