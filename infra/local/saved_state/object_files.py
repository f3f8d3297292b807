"""Objects of MiniStack's buckets. It writes them to files at once, but answers with success when that fails."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import s3

from infra.local.local_errors import SavedStateError
from infra.local.saved_state.state_file import explain_failure


class ObjectFiles:
    """The files of all objects.

    Parameters
    ----------
    folder
        Their folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unsynced_paths: set[str] = set()
        self._unwritten: dict[tuple[str, str, str], Callable[[], None]] = {}

    def delete_unfinished_files(self) -> None:
        """Delete what a run left that was killed while it wrote; no answer told of it."""
        for file in self._folder.rglob("*.tmp"):
            file.unlink()

    def watch(self) -> None:
        """Have MiniStack tell which files it wrote, and which it did not."""
        write_file = s3._atomic_write
        persist_object = s3._persist_object

        def write_and_note(path: str, *arguments: Any, **options: Any) -> None:
            write_file(path, *arguments, **options)
            self._unsynced_paths.add(path)

        def persist_and_note(bucket: str, key: str, record: Any) -> None:
            place = (get_account_id(), bucket, key)
            persist_object(bucket, key, record)
            # Of an object that is on disk, MiniStack does not keep the body in memory.
            if record.get("body") is None:
                self._unwritten.pop(place, None)
            else:
                self._unwritten[place] = partial(persist_again, *place, record)

        def persist_again(account: str, bucket: str, key: str, record: Any) -> None:
            with s3._in_account(account):
                persist_and_note(bucket, key, record)

        s3._atomic_write = write_and_note
        s3._persist_object = persist_and_note

    def write_again(self) -> None:
        """Write the objects that could not be written before.

        Raises
        ------
        SavedStateError
            If one still cannot be written.
        """
        for persist in list(self._unwritten.values()):
            persist()
        if self._unwritten:
            _, bucket, key = next(iter(self._unwritten))
            raise SavedStateError(explain_failure(self._folder, OSError(f"{bucket}/{key} could not be written")))

    def sync(self) -> None:
        """Make the disk hold the files that were written since the last call."""
        paths, self._unsynced_paths = self._unsynced_paths, set()
        # A copy: the other thread may still have the old set in its hands.
        for path in list(paths):
            _sync_path(path)
        for folder in {str(Path(path).parent) for path in list(paths)}:
            _sync_path(folder)


def _sync_path(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return  # It was deleted meanwhile.
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
