"""What changed in memory since it was last written to the state's file."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Reader = Callable[[], Any]
"""Returns the present value of a record, or None if it was deleted."""


@dataclass
class MarkedRecords:
    """Records that differ from the file: readers by store and key, and stores that were emptied before."""

    readers: dict[tuple[str, str], Reader] = field(default_factory=dict)
    emptied_stores: set[str] = field(default_factory=set)


class StateChanges:
    """Marks records as changed, for any thread.

    A mark holds no value but says how to read it. So concurrent changes of one record need no order: whoever
    writes it last writes the present value.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._marked = MarkedRecords()

    def __bool__(self) -> bool:
        return bool(self._marked.readers or self._marked.emptied_stores)

    def mark(self, store: str, key: str, reader: Reader) -> None:
        """Mark a record as changed.

        Parameters
        ----------
        store, key
            Its place in the file.
        reader
            Returns its present value.
        """
        with self._lock:
            self._marked.readers[store, key] = reader

    def mark_emptied(self, store: str) -> None:
        """Mark all records of a store as deleted."""
        with self._lock:
            self._marked.readers = {key: reader for key, reader in self._marked.readers.items() if key[0] != store}
            self._marked.emptied_stores.add(store)

    def take(self) -> MarkedRecords:
        """Return what is marked, and forget it."""
        with self._lock:
            marked = self._marked
            self._marked = MarkedRecords()
        return marked

    def give_back(self, marked: MarkedRecords) -> None:
        """Mark again what could not be written."""
        with self._lock:
            later = self._marked
            kept = {key: reader for key, reader in marked.readers.items() if key[0] not in later.emptied_stores}
            self._marked = MarkedRecords(kept | later.readers, marked.emptied_stores | later.emptied_stores)
