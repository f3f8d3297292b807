"""The whole state of the emulator in this process. Importing it imports MiniStack, which reads the environment.

This package is written for the version that :mod:`infra.local.ministack_adapter` names.
"""

import json
import time
from pathlib import Path

from ministack import app

from infra.local.saved_state.object_files import ObjectFiles
from infra.local.saved_state.older_stacks import split_older_stack
from infra.local.saved_state.run_record import STATE_FILE_NAME, note_end, note_start
from infra.local.saved_state.service_definitions import (
    SERVICE_NAMES,
    delete_replaced_code,
    is_deploying,
    keep_replaced_code,
    load_service,
    serialize_services,
)
from infra.local.saved_state.sqs_messages import (
    load_messages,
    mark_all_messages,
    release_messages,
    watch_loaded_queues,
    watch_messages,
)
from infra.local.saved_state.state_changes import StateChanges
from infra.local.saved_state.state_file import StateFile
from infra.local.saved_state.table_items import load_items, mark_all_items, watch_items

_SERVICES = "services"
"""Store of the services' definitions."""


class EmulatorState:
    """The state in memory, and its file.

    Parameters
    ----------
    folder
        The folder of the saved state.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = StateFile.open(folder / STATE_FILE_NAME)
        self._objects = ObjectFiles(folder / "s3")
        self._changes = StateChanges()
        self._saved_texts: dict[str, str] = {}

    def take_over(self) -> None:
        """Load the state in place of MiniStack, before its server starts, and mark all later changes.

        Raises
        ------
        SavedStateError
            If it cannot be read.
        """
        self._objects.delete_unfinished_files()
        self._objects.watch()
        watch_items(self._changes)
        watch_messages(self._changes)
        keep_replaced_code()
        app._load_persisted_state = _do_nothing
        app.save_all = _do_nothing
        self._load()
        note_start(self._file)

    def _load(self) -> None:
        texts = dict(self._file.iterate(_SERVICES))
        old_files = [] if texts else self._find_old_files()
        if old_files:
            self._load_old_files(old_files)
        else:
            for name, text in texts.items():
                load_service(name, text, f"{self._folder / STATE_FILE_NAME}, {name},")
            load_items(self._file, self._changes)
            load_messages(self._file, self._changes)
        release_messages(time.time())
        watch_loaded_queues(self._changes)

    def _find_old_files(self) -> list[Path]:
        """Return the files that MiniStack writes by itself; earlier versions of the local stack let it."""
        return [file for name in SERVICE_NAMES if (file := self._folder / f"{name}.json").exists()]

    def _load_old_files(self, files: list[Path]) -> None:
        for file in files:
            load_service(file.stem, file.read_text(), str(file))
        split_older_stack()
        mark_all_items(self._changes)
        mark_all_messages(self._changes)
        self.save_services()
        self.sync()
        for file in files:
            file.unlink()

    def write_changes(self) -> None:
        """Write all items, messages and objects that changed.

        Raises
        ------
        SavedStateError
            If the disk does not take them. They stay marked for the next call.
        """
        self._objects.write_again()
        if not self._changes:
            return
        marked = self._changes.take()
        try:
            rows = {place: _serialize_record(reader()) for place, reader in marked.readers.items()}
            self._file.write(rows, marked.emptied_stores)
        except BaseException:
            self._changes.give_back(marked)
            raise

    def save_services(self) -> None:
        """Write the definitions of the services that changed, in one transaction.

        Raises
        ------
        SavedStateError
            If the disk does not take them.
        """
        self.write_changes()
        texts = serialize_services()
        changed = {name: text for name, text in texts.items() if text != self._saved_texts.get(name)}
        if changed:
            self._file.write({(_SERVICES, name): text for name, text in changed.items()})
            self._saved_texts |= changed
        delete_replaced_code()

    def save_finished_services(self) -> bool:
        """Do the same unless a deployment is under way; return whether it was done."""
        if is_deploying():
            return False
        self.save_services()
        return True

    def sync(self) -> None:
        """Make the disk hold what was written, against power cuts; it may run in another thread.

        Raises
        ------
        SavedStateError
            If the disk does not take it.
        """
        self._objects.sync()
        self._file.sync()

    def close(self) -> None:
        """Save everything, note that this run ended properly, and close the file."""
        self.save_services()
        note_end(self._file)
        self.sync()
        self._file.close()


def _serialize_record(record: object) -> str | None:
    return None if record is None else json.dumps(record, separators=(",", ":"))


def _do_nothing(*arguments: object) -> None:
    """Stand for MiniStack's own loading and saving, whose failures go unnoticed."""
