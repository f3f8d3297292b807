"""Writing photometry: all rows of a request or none, and no observation twice."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.errors import BusyError, InvalidError
from chalicelib.schemas.fields import LARGEST_ID
from chalicelib.sources import instruments, photometry_blocks, source_records
from chalicelib.sources.photometry_rows import COLUMNS, IDENTITY, BadRowsError, Row, parse_rows
from chalicelib.tables import photometry as photometry_table
from chalicelib.tables.base import ConditionFailed, reserve_ids, timestamp

__all__ = [
    "Present",
    "get_requested_groups",
    "may_change_row",
    "retry_photometry_write",
    "union_of_groups",
    "upload_photometry",
]

MOST_POINTS = 100_000
"""Points of one source: a request that reads them all must not take its whole time for it."""

BESIDES = tuple(name for name in COLUMNS if name not in IDENTITY)
"""What may differ between two rows of the same observation."""

T = TypeVar("T")


def upload_photometry(requester: Requester, body: dict[str, Any], *, refresh: bool) -> tuple[list[int], str]:
    """Write photometry of one source: all of the rows, or none.

    Parameters
    ----------
    requester : Requester
        Who uploads.
    body : dict
        ``obj_id`` and columns or single values (see `rows`).
    refresh : bool
        Whether observations that are there already are taken rather than refused: those that the
        requester may change are shared with the groups named as well, and get the altdata, position
        and limiting magnitude of the request; others' stay as they are.

    Returns
    -------
    ids : list of int
        The id of each row, in the order of the request.
    upload_id : str
        The same for all rows of this request.

    Raises
    ------
    BadRowsError
        Naming the rows that are wrong, or that are there already.
    """
    source_id = _one_source(body.get("obj_id"))
    source_records.get_visible_source(requester, source_id)
    group_ids = sorted(resolve_group_ids(requester, get_requested_groups(body), {requester.own_group}))
    rows = parse_rows(body, instruments.load_instruments())
    first = reserve_ids("photometry", len(rows))[0]
    shared = {
        "upload_id": f"upload-{first}",
        "owner_id": requester.user_id,
        "group_ids": group_ids,
        "created_at": timestamp(),
    }
    new = [{"id": first + number, **shared, **row} for number, row in enumerate(rows)]
    return retry_photometry_write(
        source_id, lambda: _write(requester, source_id, new, refresh)
    ), f"upload-{first}"


def retry_photometry_write(source_id: str, write: Callable[[], T]) -> T:
    """Return what a write of photometry returns, tried again if others write at the same time.

    Raises
    ------
    BusyError
        If they do so again and again.
    """
    for _ in range(source_records.TRIES):
        try:
            return write()
        except ConditionFailed:
            continue
    raise BusyError(f"Photometry of {source_id!r} is being written by others. Try again.")


def _one_source(obj_id: Any) -> str:
    named = {str(name) for name in (obj_id if isinstance(obj_id, list) else [obj_id]) if name}
    if len(named) != 1:
        raise InvalidError("obj_id: required, the id of one source for the whole request.")
    return named.pop()


def get_requested_groups(body: dict[str, Any]) -> list[int] | str | None:
    """Return the ``group_ids`` of a request.

    Raises
    ------
    InvalidError
        If they are none.
    """
    asked = body.get("group_ids")
    whole = isinstance(asked, list) and all(type(g) is int and 0 < g <= LARGEST_ID for g in asked)
    if not (asked is None or isinstance(asked, str) or whole):
        raise InvalidError('group_ids: give a list of group ids, or "all".')
    return asked


def _write(requester: Requester, source_id: str, rows: list[Row], refresh: bool) -> list[int]:
    source = source_records.get_visible_source(requester, source_id)
    present = Present(requester, photometry_table.find_blocks(source_id))
    new: dict[tuple[Any, ...], Row] = {}
    known: dict[int, str] = {}
    refreshed: dict[int, Row] = {}
    answer: list[int] = []
    for number, row in enumerate(rows):
        identity = _identity(row)
        if old := present.same(row):
            known[number] = "this observation is there already"
            before = refreshed.get(old["id"], old)
            if (after := _refreshed(requester, before, row)) != before:
                refreshed[old["id"]] = after
        elif identity in new:
            known[number] = "the request holds this observation twice"
        else:
            new[identity] = row
        answer.append((old or new[identity])["id"])
    if known and not refresh:
        raise BadRowsError(known, len(rows))
    if present.count + len(new) > MOST_POINTS:
        raise InvalidError(f"A source may have {MOST_POINTS} points; {source_id!r} has no room for these.")
    groups = union_of_groups([*new.values(), *refreshed.values()])
    added = photometry_blocks.pack_rows(new.values())
    photometry_table.write_photometry(
        source,
        photometry_table.PhotometryWrite(groups, present.changed(refreshed), added, upload=rows[0]["id"]),
    )
    return answer


def _identity(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY)


def _refreshed(requester: Requester, old: Row, row: Row) -> Row:
    """Return an observation that was posted again: if it is the requester's, shared with more groups."""
    if not may_change_row(requester, old):
        return old
    given = {name: row[name] for name in BESIDES if row[name] is not None}
    return {**old, **given, "group_ids": sorted({*old["group_ids"], *row["group_ids"]})}


def may_change_row(requester: Requester, row: Row) -> bool:
    """Say whether a point is the requester's to change and delete."""
    return bool(row["owner_id"] == requester.user_id) or requester.is_admin


@dataclass
class Present:
    """The photometry that a source has, searched by observation.

    What the requester may not see is the same observation only if it is the same in everything: a
    row that is shared shows its altdata, and nobody gets to see others' by guessing at the rest.
    """

    requester: Requester
    kept: list[photometry_table.BlockItem]

    def __post_init__(self) -> None:
        self._rows: dict[tuple[Any, ...], list[Row]] = {}
        self._places: dict[int, int] = {}
        for place, block in enumerate(self.kept):
            for row in photometry_blocks.unpack_rows(block):
                self._rows.setdefault(_identity(row), []).append(row)
                self._places[row["id"]] = place

    @property
    def count(self) -> int:
        """How many points there are."""
        return len(self._places)

    def same(self, row: Row) -> Row | None:
        """Return the point that is the same observation as a row, if there is one."""
        candidates = self._rows.get(_identity(row), [])
        visible = (old for old in candidates if is_visible(self.requester, old["group_ids"]))
        equal = (old for old in candidates if all(old[name] == row[name] for name in BESIDES))
        return next(visible, None) or next(equal, None)

    def changed(self, rows: dict[int, Row]) -> list[photometry_table.BlockItem]:
        """Return the blocks of points that changed, with what they changed to, by their ids."""
        places = sorted({self._places[row_id] for row_id in rows})
        return [
            photometry_blocks.change_rows(self.kept[place], lambda row: rows.get(row["id"], row))
            for place in places
        ]


def union_of_groups(rows: Iterable[Row]) -> set[int]:
    """Return all groups that see one of the rows."""
    return {group for row in rows for group in row["group_ids"]}
