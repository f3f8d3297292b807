"""Writing photometry: uploading, refreshing, changing and deleting points.

An upload writes all rows or none, and no observation twice.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Any

from chalicelib.access import Requester, is_owner, is_visible, require_owner, resolve_group_ids
from chalicelib.errors import ForbiddenError, InvalidError, NotFoundError
from chalicelib.schemas.fields import LARGEST_ID
from chalicelib.sources import instruments
from chalicelib.sources.photometry import get_visible_point
from chalicelib.sources.photometry_blocks import change_rows, pack_rows, unpack_rows
from chalicelib.sources.photometry_rows import (
    FLUX,
    KNOWN,
    MAGNITUDE,
    BadRowsError,
    Row,
    parse_row,
    parse_rows,
    require_known_fields,
    row_magnitudes,
)
from chalicelib.sources.source_records import get_visible_source
from chalicelib.tables import photometry as photometry_table
from chalicelib.tables.base import reserve_ids, retry_on_conflict, timestamp
from chalicelib.tables.photometry import BlockItem, PhotometryWrite
from chalicelib.tables.sources import SourceItem

MOST_POINTS = 100_000
"""Points of one source: a request that reads them all must not run out of time."""

BUSY = "Other requests are writing photometry of the same source. Try again."


class Existing(Enum):
    """What becomes of an observation that exists already."""

    REFUSE = "refuse"
    REFRESH = "refresh"
    IGNORE_FLUX = "ignore flux"
    OVERWRITE_FLUX = "overwrite flux"


def upload_photometry(
    requester: Requester, body: dict[str, Any], existing: Existing, rows: list[Row] | None = None
) -> tuple[list[int], str]:
    """Write photometry of one source: all of the rows, or none.

    Parameters
    ----------
    requester : Requester
        Who uploads.
    body : dict
        ``obj_id``, and columns or single values (see `parse_rows`).
    existing : Existing
        ``REFUSE`` observations that exist, or accept them: those that the requester may change are then
        shared with the requested groups as well, and get the altdata, position and limiting magnitude
        of the request; others stay as they are. ``IGNORE_FLUX`` and ``OVERWRITE_FLUX`` recognise an
        observation by all but its flux; the latter replaces the flux of those with an origin.
    rows : list of Row, optional
        The rows, if they are parsed already; those of the body by default.

    Returns
    -------
    ids : list of int
        The id of each row, in the order of the request.
    upload_id : str
        The same for all rows of this request.

    Raises
    ------
    BadRowsError
        Naming the rows that are wrong, or that exist.
    """
    source_id = _require_one_source(body.get("obj_id"))
    get_visible_source(requester, source_id)
    if existing in (Existing.IGNORE_FLUX, Existing.OVERWRITE_FLUX) and not requester.is_admin:
        raise InvalidError("duplicate_ignore_flux: only administrators may ignore the flux of existing observations.")
    group_ids = sorted({*resolve_group_ids(requester, _requested_groups(body), ()), requester.own_group})
    rows = parse_rows(body, instruments.load_instruments()) if rows is None else rows
    ids = reserve_ids("photometry", len(rows))
    upload_id = f"upload-{ids[0]}"
    stamp: dict[str, Any] = {
        "upload_id": upload_id,
        "owner_id": requester.user_id,
        "group_ids": group_ids,
        "created_at": timestamp(),
    }
    new = [row._replace(id=number, **stamp) for number, row in zip(ids, rows, strict=True)]
    return retry_on_conflict(lambda: _write_rows(requester, source_id, new, existing), BUSY), upload_id


def _require_one_source(obj_id: Any) -> str:
    source_ids = {str(name) for name in (obj_id if isinstance(obj_id, list) else [obj_id]) if name}
    if len(source_ids) != 1:
        raise InvalidError("obj_id: required, the id of one source for the whole request.")
    return source_ids.pop()


def _requested_groups(body: dict[str, Any]) -> list[int] | str | None:
    group_ids = body.get("group_ids")
    are_ids = isinstance(group_ids, list) and all(type(g) is int and 0 < g <= LARGEST_ID for g in group_ids)
    if not (group_ids is None or isinstance(group_ids, str) or are_ids):
        raise InvalidError('group_ids: give a list of group ids, or "all".')
    return group_ids


def _write_rows(requester: Requester, source_id: str, rows: list[Row], mode: Existing) -> list[int]:
    source = get_visible_source(requester, source_id)
    existing = _ExistingRows(requester, photometry_table.find_blocks(source_id), mode)
    new: dict[tuple[Any, ...], Row] = {}
    refreshed: dict[int, Row] = {}
    complaints: dict[int, str] = {}
    ids: list[int] = []
    for number, row in enumerate(rows):
        old = existing.find_duplicate(row)
        if old:
            complaints[number] = "this observation exists already"
            before = refreshed.get(old.id, old)
            after = _refresh_row(requester, before, row, mode)
            if after != before:
                refreshed[old.id] = after
        elif existing.get_key(row) in new:
            complaints[number] = "the request holds this observation twice"
        else:
            new[existing.get_key(row)] = row
        ids.append((old or new[existing.get_key(row)]).id)
    if complaints and mode is Existing.REFUSE:
        raise BadRowsError(complaints, len(rows))
    if existing.count + len(new) > MOST_POINTS:
        raise InvalidError(f"A source may have {MOST_POINTS} points; {source_id!r} has no room for these.")
    groups = _union_of_groups([*new.values(), *refreshed.values()])
    changed = existing.change_blocks(refreshed)
    change = PhotometryWrite(groups, changed, pack_rows(new.values()), upload=rows[0].id)
    photometry_table.write_photometry(source, change)
    return ids


def _refresh_row(requester: Requester, old: Row, row: Row, mode: Existing) -> Row:
    """Return an existing row with what a new upload of it changes: nothing if it is another user's."""
    if not is_owner(requester, old.owner_id):
        return old
    if mode in (Existing.IGNORE_FLUX, Existing.OVERWRITE_FLUX):
        if mode is Existing.IGNORE_FLUX or not old.origin:
            return old._replace(group_ids=sorted({*old.group_ids, *row.group_ids}))
        old = old._replace(flux=row.flux, fluxerr=row.fluxerr)
    details = {name: value for name, value in row.details.items() if value is not None}
    return old._replace(**details, group_ids=sorted({*old.group_ids, *row.group_ids}))


def _union_of_groups(rows: Iterable[Row]) -> set[int]:
    return {group for row in rows for group in row.group_ids}


class _ExistingRows:
    """The photometry of a source, searched by observation."""

    def __init__(self, requester: Requester, blocks: list[BlockItem], mode: Existing = Existing.REFUSE) -> None:
        self._requester = requester
        self._with_flux = mode in (Existing.REFUSE, Existing.REFRESH)
        self._blocks = blocks
        self._by_observation: dict[tuple[Any, ...], list[Row]] = {}
        self._block_numbers: dict[int, int] = {}
        for number, block in enumerate(blocks):
            for row in unpack_rows(block):
                self._by_observation.setdefault(self.get_key(row), []).append(row)
                self._block_numbers[row.id] = number

    def get_key(self, row: Row) -> tuple[Any, ...]:
        """Return what identifies the observation of a row."""
        return row.observation if self._with_flux else row.observation[:4]

    @property
    def count(self) -> int:
        """The number of points."""
        return len(self._block_numbers)

    def find_duplicate(self, row: Row) -> Row | None:
        """Return a row of the same observation.

        A row that the requester cannot see is a duplicate only if every detail is equal; otherwise
        guessing an observation would reveal its details.
        """
        candidates = self._by_observation.get(self.get_key(row), [])
        visible = (old for old in candidates if is_visible(self._requester, old.group_ids))
        equal = (old for old in candidates if old.details == row.details)
        return next(visible, None) or next(equal, None)

    def change_blocks(self, rows: dict[int, Row]) -> list[BlockItem]:
        """Return the blocks that hold these rows, with the rows replaced by those of the same id."""
        numbers = sorted({self._block_numbers[row_id] for row_id in rows})
        return [change_rows(self._blocks[number], lambda row: rows.get(row.id, row)) for number in numbers]


def update_point(requester: Requester, number: int, body: dict[str, Any]) -> None:
    """Change a point of photometry; what the request leaves out stays as it was.

    Parameters
    ----------
    requester : Requester
        The owner of the point, or an administrator.
    number : int
        The point.
    body : dict
        Fields of photometry, single values (see `parse_row`); ``group_ids`` replaces its groups.

    Raises
    ------
    InvalidError
        If the changed point is invalid, or the same observation as another one.
    """
    retry_on_conflict(lambda: _change_point(requester, number, body), BUSY)


def _find_own_point(requester: Requester, number: int) -> tuple[SourceItem, BlockItem, Row]:
    source, block, row = get_visible_point(requester, number)
    require_owner(
        requester, row.owner_id, f"Only the user who uploaded point {number}, or an administrator, may change it."
    )
    return source, block, row


def _change_point(requester: Requester, number: int, body: dict[str, Any]) -> None:
    source, block, old = _find_own_point(requester, number)
    if body.get("obj_id") not in (None, source.source_id):
        raise InvalidError("obj_id: a point stays with its source; delete it here and upload it there.")
    group_ids = sorted(resolve_group_ids(requester, _requested_groups(body), old.group_ids))
    new = _parse_change(old, body)._replace(group_ids=group_ids)
    if new.observation != old.observation:
        existing = _ExistingRows(requester, photometry_table.find_blocks(source.source_id))
        if duplicate := existing.find_duplicate(new):
            raise InvalidError(f"This observation exists already, as point {duplicate.id}.")
    _write_point(source, block, old, new)


def _parse_change(old: Row, body: dict[str, Any]) -> Row:
    """Return a row as a request changes it."""
    require_known_fields(body)
    fields = {name: value for name, value in body.items() if name in KNOWN}
    if not fields:
        return old
    _require_scaled_values(fields)
    in_flux, in_magnitudes = fields.keys() & set(FLUX), fields.keys() & set(MAGNITUDE)
    names = KNOWN - {"flux", "fluxerr", "limiting_mag"}
    unchanged = {name: value for name, value in old._asdict().items() if name in names}
    if in_magnitudes and not in_flux:
        magnitudes = row_magnitudes(old)
        unchanged |= {"mag": magnitudes["mag"], "magerr": magnitudes["magerr"]}
    elif not in_magnitudes:
        unchanged |= {"flux": old.flux, "fluxerr": old.fluxerr}
    if fields.keys() & {"magref", "e_magref"}:
        unchanged |= {"ref_flux": None, "ref_fluxerr": None}
    new = parse_row(unchanged | fields, instruments.load_instruments()).in_place_of(old)
    if old.flux is not None and in_magnitudes and in_magnitudes.isdisjoint(("mag", "magerr")):
        # Only the limit changes: the flux must not change by rounding.
        new = new._replace(flux=old.flux, fluxerr=old.fluxerr)
    if new.limiting_mag is None and not in_flux:
        new = new._replace(limiting_mag=old.limiting_mag)
    return new


def _require_scaled_values(fields: dict[str, Any]) -> None:
    """Require the values that a scale belongs to: the stored ones have their own scale."""
    has_magnitude = "mag" in fields and ("magerr" in fields or fields["mag"] is None)
    if fields.keys() & {"zp", "magsys"} and not ({"flux", "fluxerr"} <= fields.keys() or has_magnitude):
        raise InvalidError("zp, magsys: give flux and fluxerr, or mag and magerr, that they belong to.")


def delete_point(requester: Requester, number: int) -> None:
    """Delete a point of photometry, as its owner or an administrator."""
    retry_on_conflict(lambda: _write_point(*_find_own_point(requester, number), None), BUSY)


def _write_point(source: SourceItem, block: BlockItem, old: Row, new: Row | None) -> None:
    """Replace a row, or delete it if `new` is None."""
    groups = _union_of_groups([old, new] if new else [old])
    changed = change_rows(block, lambda row: new if row.id == old.id else row)
    is_empty = not changed.columns["id"]
    change = PhotometryWrite(groups, deleted_blocks=[block]) if is_empty else PhotometryWrite(groups, [changed])
    photometry_table.write_photometry(source, change)


def delete_photometry_upload(requester: Requester, upload_id: str) -> int:
    """Delete all points of one upload; return how many there were.

    Raises
    ------
    NotFoundError
        If there is none, or the requester sees none of its points.
    ForbiddenError
        If it is another user's.
    """
    missing = NotFoundError(f"There is no upload {upload_id[:40]!r} that you may see.")
    prefix, _, text = upload_id.partition("-")
    if prefix != "upload" or not (text.isascii() and text.isdecimal() and len(text) < 17):
        raise missing

    def attempt() -> int:
        places = photometry_table.find_upload_places(int(text))
        if not places:
            raise missing
        source = get_visible_source(requester, places[0].source_id, missing)
        blocks = photometry_table.find_blocks_at(places)
        rows = [row for block in blocks for row in unpack_rows(block)]
        if not any(is_visible(requester, row.group_ids) for row in rows):
            raise missing
        if not all(is_owner(requester, row.owner_id) for row in rows):
            raise ForbiddenError(f"Only the user who made the upload {upload_id}, or an administrator, may delete it.")
        change = PhotometryWrite(_union_of_groups(rows), deleted_blocks=blocks)
        photometry_table.write_photometry(source, change)
        return len(rows)

    return retry_on_conflict(attempt, BUSY)
