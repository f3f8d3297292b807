"""Analyses that were acknowledged and are not called back, on disk, so that a killed service goes on with them.

::

    waiting/<key>/payload.json    the payload as it came
                  document.json   the callback document, once there is one
                  attempts        how often the work has begun
    done/<key>                    an empty file: the analysis was called back, or is not wanted any more

Each file is complete or not there. Files hold the data of users and secrets: only the owner can read them.
"""

import hashlib
import json
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import IO, cast

from heliograph.errors import ServiceError
from heliograph.service.service_result import CallbackDocument

_DONE_SECONDS = 60 * 86400
"""How long repeats are recognized; an analysis may take 30 days."""


class Spool:
    """A folder of analyses, which one process uses at a time.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ServiceError
        If another process uses it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._waiting = folder / "waiting"
        self._done = folder / "done"
        for place in (folder, self._waiting, self._done):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock_file(folder / "lock")
        self._clean()

    def close(self) -> None:
        """Let another process use the folder."""
        self._lock.close()

    @staticmethod
    def make_key(portal: str, message_id: str) -> str:
        """Return the key of a message of a portal."""
        return hashlib.sha256(f"{portal}\n{message_id}".encode()).hexdigest()[:40]

    def is_known(self, key: str) -> bool:
        """Return whether an analysis came before."""
        return (self._done / key).exists() or (self._waiting / key).exists()

    def add_payload(self, key: str, raw: bytes) -> bool:
        """Store a payload; return whether it is new."""
        draft = self.folder / f"draft-{uuid.uuid4().hex}"
        draft.mkdir(mode=0o700)
        _write_durably(draft / "payload.json", raw)
        try:
            if self.is_known(key):
                return False
            draft.rename(self._waiting / key)
            _sync_folder(self._waiting)
            return True
        except OSError:
            # another thread may have stored it meanwhile
            if self.is_known(key):
                return False
            raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def list_waiting(self) -> list[str]:
        """Return the keys of all analyses that are not called back, the oldest first."""
        folders = [path for path in self._waiting.iterdir() if (path / "payload.json").exists()]
        return [path.name for path in sorted(folders, key=lambda path: (path / "payload.json").stat().st_mtime)]

    def get_payload_file(self, key: str) -> Path:
        """Return where a payload is."""
        return self._waiting / key / "payload.json"

    def get_document_file(self, key: str) -> Path:
        """Return where the document of an analysis is, or will be."""
        return self._waiting / key / "document.json"

    def save_document(self, key: str, document: CallbackDocument) -> None:
        """Store a document."""
        save_document_file(self.get_document_file(key), document)

    def load_document(self, key: str) -> CallbackDocument | None:
        """Load the document of an analysis; None if there is none yet."""
        try:
            return cast("CallbackDocument", json.loads(self.get_document_file(key).read_bytes()))
        except (FileNotFoundError, ValueError):
            return None

    def count_attempt(self, key: str) -> int:
        """Count that the work on an analysis begins; return how often it has."""
        path = self._waiting / key / "attempts"
        attempts = len(path.read_bytes()) + 1 if path.exists() else 1
        _write_durably(path, b"." * attempts)
        return attempts

    def forget_attempt(self, key: str) -> None:
        """Do not count an attempt that was ended on purpose."""
        path = self._waiting / key / "attempts"
        if path.exists():
            _write_durably(path, path.read_bytes()[1:])

    def finish(self, key: str) -> None:
        """Remove an analysis, and remember that it came."""
        _write_durably(self._done / key, b"")
        shutil.rmtree(self._waiting / key, ignore_errors=True)

    def _clean(self) -> None:
        """Remove what a killed process left, and analyses that are long done."""
        for draft in self.folder.glob("draft-*"):
            shutil.rmtree(draft, ignore_errors=True)
        for marker in self._done.iterdir():
            shutil.rmtree(self._waiting / marker.name, ignore_errors=True)
            if marker.stat().st_mtime < time.time() - _DONE_SECONDS:
                marker.unlink(missing_ok=True)


def save_document_file(path: Path, document: CallbackDocument) -> None:
    """Write a document, all or nothing."""
    _write_durably(path, json.dumps(document, allow_nan=False).encode())


def _write_durably(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock_file(path: Path) -> IO[bytes]:
    # Windows has no such module, and can import the package without it
    import fcntl

    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ServiceError(
            f"The spool folder {path.parent} is used by another process; stop that, or name another folder."
        ) from None
    return file
