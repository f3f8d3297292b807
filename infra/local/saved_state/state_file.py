"""The SQLite file of the emulator's state: records by store and key.

It is in SQLite's WAL mode: a commit is handed to the operating system at once, so killing every process loses
nothing; `sync` asks the disk for it, against power cuts. After both, SQLite leaves out a half-written commit.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Self

from infra.local.local_errors import SavedStateError

_FORMAT = 1
"""Version of the layout, in the file's header."""

_LARGEST_LOG = 64 * 1024 * 1024
"""Bytes of the write-ahead log at which commits wait until it is written back to the file."""

_LOCK_SECONDS = 10.0

_ROWS_OF_STATEMENT = 100
_INSERT = "INSERT INTO records VALUES (?, ?, ?)"
_OR_UPDATE = " ON CONFLICT DO UPDATE SET content = excluded.content"

Rows = Mapping[tuple[str, str], str | None]
"""Contents by store and key; None deletes the record."""


class StateFile:
    """The open file; one process writes it.

    Parameters
    ----------
    path
        Its path.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = _connect(path)
        self._is_synced = False

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file, and make it if there is none.

        Raises
        ------
        SavedStateError
            If it is damaged, of a newer version, or cannot be written.
        """
        try:
            file = cls(path)
            file._prepare()
        except sqlite3.Error as error:
            raise SavedStateError(explain_failure(path, error)) from error
        return file

    def _prepare(self) -> None:
        version = self._database.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, _FORMAT}:
            raise SavedStateError(
                f"{self._path} has format {version}; this version reads format {_FORMAT}. Use the version of "
                "Heliograph that wrote it, or another HELIOGRAPH_LOCAL_DIR. `make clean` deletes it, with all records."
            )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS records"
            " (store TEXT NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (store, key))"
        )
        self._database.execute(f"PRAGMA user_version = {_FORMAT}")

    def write(self, rows: Rows, emptied_stores: Iterable[str] = ()) -> None:
        """Write records in one transaction.

        Parameters
        ----------
        rows
            The records.
        emptied_stores
            Stores whose records are all deleted before.

        Raises
        ------
        SavedStateError
            If the disk does not take them; nothing is written then.
        """
        statements = list(_make_statements(rows, emptied_stores))
        try:
            # A single statement is a transaction of its own. Each more costs a wait for Python's other threads.
            if len(statements) > 1:
                statements = [("BEGIN IMMEDIATE", []), *statements, ("COMMIT", [])]
            for statement, values in statements:
                self._database.execute(statement, values)
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.rollback()
            raise SavedStateError(explain_failure(self._path, error)) from error
        self._is_synced = False

    def get(self, store: str, key: str) -> str | None:
        """Return a record's content, or None."""
        row = self._database.execute("SELECT content FROM records WHERE store = ? AND key = ?", (store, key)).fetchone()
        return row[0] if row else None

    def iterate(self, store: str) -> Iterator[tuple[str, str]]:
        """Yield the keys and contents of a store, oldest record first."""
        yield from self._database.execute("SELECT key, content FROM records WHERE store = ? ORDER BY rowid", (store,))

    def count_records(self) -> dict[str, int]:
        """Return how many records each store has."""
        return dict(self._database.execute("SELECT store, count(*) FROM records GROUP BY store").fetchall())

    def sync(self) -> None:
        """Make the disk hold what is committed. It has a connection of its own, and can run in another thread.

        Raises
        ------
        SavedStateError
            If the disk does not take it.
        """
        if self._is_synced:
            return
        self._is_synced = True
        try:
            with closing(_connect(self._path)) as database:
                database.execute("PRAGMA wal_checkpoint(PASSIVE)")
                # The log starts anew only if a checkpoint reaches its end, which steady writes prevent.
                if self._log_path.exists() and self._log_path.stat().st_size > _LARGEST_LOG:
                    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            self._is_synced = False
            raise SavedStateError(explain_failure(self._path, error)) from error

    def close(self) -> None:
        """Close the file; SQLite writes its log back."""
        self._database.close()

    @property
    def _log_path(self) -> Path:
        return self._path.with_name(f"{self._path.name}-wal")


def _make_statements(rows: Rows, emptied_stores: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield SQL and its values."""
    for store in emptied_stores:
        yield "DELETE FROM records WHERE store = ?", [store]
    for place in (place for place, content in rows.items() if content is None):
        yield "DELETE FROM records WHERE store = ? AND key = ?", [*place]
    changed = [[*place, content] for place, content in rows.items() if content is not None]
    for start in range(0, len(changed), _ROWS_OF_STATEMENT):
        part = changed[start : start + _ROWS_OF_STATEMENT]
        more_rows = ", (?, ?, ?)" * (len(part) - 1)
        yield _INSERT + more_rows + _OR_UPDATE, [value for row in part for value in row]


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    # NORMAL: only checkpoints wait for the disk, and they have a thread of their own.
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    return database


def explain_failure(path: Path, error: Exception) -> str:
    """Return what is wrong with the file or its disk, and what to do."""
    if (isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error)) or "not a database" in str(error):
        return (
            f"{path} is damaged ({error}). Restore it from a backup, or use another HELIOGRAPH_LOCAL_DIR. "
            "`make clean` deletes it, with all records."
        )
    free = os.statvfs(path.parent)
    return (
        f"The state cannot be written to {path.parent} ({error}; {free.f_bavail * free.f_frsize / 1e6:.0f} MB are free "
        "on that disk). Make room there, or give this user the right to write; then repeat what you did."
    )
