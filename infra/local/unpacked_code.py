"""The unpacked code of functions, which all their processes share.

MiniStack unpacks a function's zip anew for each process, and compiles none of it for the next: ten processes that start
together keep two cores busy for half a minute. Here equal zips are unpacked once, each process gets a link, and the
bytecode that one process writes serves the others.
"""

import hashlib
import os
import threading
import zipfile
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

_unpacked: dict[str, Path] = {}
_lock = threading.Lock()


class SharedZip:
    """Stands in for `zipfile.ZipFile` where MiniStack unpacks a zip into a folder of its own."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def __enter__(self) -> "SharedZip":
        return self

    def __exit__(self, *error: object) -> None:
        self._path.unlink()

    def extractall(self, folder: str) -> None:
        """Replace an empty folder by a link to the unpacked files."""
        with _lock:
            digest = hashlib.sha256(self._path.read_bytes()).hexdigest()
            if digest not in _unpacked:
                _unpacked[digest] = self._unpack()
        Path(folder).rmdir()
        Path(folder).symlink_to(_unpacked[digest], target_is_directory=True)

    def _unpack(self) -> Path:
        folder = Path(mkdtemp(prefix="function-code-"))
        with zipfile.ZipFile(self._path) as archive:
            archive.extractall(folder)
        return folder


def share_unpacked_code(runtime: Any) -> None:
    """Let the processes of functions share their code.

    Parameters
    ----------
    runtime
        MiniStack's module that starts the processes.
    """
    runtime.zipfile = SimpleNamespace(ZipFile=SharedZip)
    # Processes of functions inherit the environment, and shall write bytecode for each other.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
