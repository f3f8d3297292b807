"""A folder that lasts as long as its process; what a process leaves that was killed, a later one deletes.

A process holds a lock on its folder, which the system gives back at its end, however it ends.
"""

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path

#: A folder that is younger may be one whose process has not locked it yet (seconds).
_LEAST_AGE = 60.0


def make_scratch_folder(prefix: str) -> Path:
    """Make an empty folder in the system's place for temporary files, and delete abandoned ones of this prefix."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        _delete_if_abandoned(folder)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    _try_to_lock(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _delete_if_abandoned(folder: Path) -> None:
    try:
        is_young = time.time() - folder.stat().st_mtime < _LEAST_AGE
        descriptor = None if is_young else _try_to_lock(folder)
    except OSError:
        return  # gone by now, or somebody else's
    if descriptor is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _try_to_lock(folder: Path) -> int | None:
    """Lock a folder until the descriptor that is returned is closed; None if another process has the lock."""
    try:
        import fcntl
    except ImportError:
        return None  # Windows
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
