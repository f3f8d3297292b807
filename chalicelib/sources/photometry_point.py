"""Single points of photometry, and whole uploads, by their ids: reading, changing, deleting them."""

from typing import Any

from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.errors import ForbiddenError, HeliographError, InvalidError, NotFoundError
from chalicelib.sources import instruments, photometry_blocks, source_records
from chalicelib.sources.magnitudes import row_magnitudes
from chalicelib.sources.photometry_rows import (
    COLUMNS,
    FLUX,
    IDENTITY,
    KNOWN,
    MAGNITUDE,
    Row,
    parse_row,
    require_known_fields,
)
from chalicelib.sources.photometry_upload import (
    Present,
    get_requested_groups,
    may_change_row,
    retry_photometry_write,
    union_of_groups,
)
from chalicelib.tables import id_index
from chalicelib.tables import photometry as photometry_table
from chalicelib.tables.sources import SourceItem

__all__ = ["delete_photometry_upload", "delete_point", "get_visible_point", "update_point"]

MEASURED = ("flux", "fluxerr", "limiting_mag")


def get_visible_point(requester: Requester, number: int) -> tuple[str, Row]:
    """Return a point that the requester may see, and its source.

    Raises
    ------
    NotFoundError
        If there is none, or it is not theirs (the same answer).
    """
    source, _, row = _found(requester, number)
    return source.source_id, row


def _found(requester: Requester, number: int) -> tuple[SourceItem, photometry_table.BlockItem, Row]:
    nothing = NotFoundError(f"There is no point of photometry {number} that you may see.")
    place = id_index.find_id_place(id_index.PHOTOMETRY, number)
    if place is None:
        raise nothing
    source = _source(requester, place.source_id, nothing)
    block = photometry_table.find_block(place)
    row = (
        next((row for row in photometry_blocks.unpack_rows(block) if row["id"] == number), None)
        if block
        else None
    )
    if block is None or row is None or not is_visible(requester, row["group_ids"]):
        raise nothing
    return source, block, row


def _source(requester: Requester, source_id: str, nothing: HeliographError) -> SourceItem:
    """Return the source of something; who may not see it does not get to know its name."""
    try:
        return source_records.get_visible_source(requester, source_id)
    except NotFoundError:
        raise nothing from None


def _owned(requester: Requester, number: int) -> tuple[SourceItem, photometry_table.BlockItem, Row]:
    source, block, row = _found(requester, number)
    if not may_change_row(requester, row):
        raise ForbiddenError(f"Only who uploaded point {number}, or an administrator, may change it.")
    return source, block, row


def update_point(requester: Requester, number: int, body: dict[str, Any]) -> None:
    """Change a point of photometry; what the request leaves out stays as it was.

    Parameters
    ----------
    requester : Requester
        Its owner, or an administrator.
    number : int
        The point.
    body : dict
        Fields of photometry, single values (see `rows`); ``group_ids`` takes the place of its groups.

    Raises
    ------
    InvalidError
        If it were no photometry any more, or the same observation as another point.
    """
    source, _, _ = _owned(requester, number)
    retry_photometry_write(source.source_id, lambda: _change(requester, number, body))


def _change(requester: Requester, number: int, body: dict[str, Any]) -> None:
    source, block, old = _owned(requester, number)
    if body.get("obj_id") not in (None, source.source_id):
        raise InvalidError("obj_id: a point stays with its source; delete it here and upload it there.")
    new = {**old, **_read(old, body)}
    new["group_ids"] = sorted(resolve_group_ids(requester, get_requested_groups(body), old["group_ids"]))
    if any(new[name] != old[name] for name in IDENTITY):
        same = Present(requester, photometry_table.find_blocks(source.source_id)).same(new)
        if same:
            raise InvalidError(f"This observation is there already, as point {same['id']}.")
    _write(source, block, old, new)


def _read(old: Row, body: dict[str, Any]) -> Row:
    """Return the columns of a point as a request changes them."""
    require_known_fields(body)
    given = {name: value for name, value in body.items() if name in KNOWN}
    if not given:
        return {}
    _check_scale(given)
    in_flux, in_magnitudes = given.keys() & set(FLUX), given.keys() & set(MAGNITUDE)
    base = {name: old[name] for name in COLUMNS if name not in MEASURED}
    if in_magnitudes and not in_flux:
        shown = row_magnitudes(old)
        base |= {"mag": shown["mag"], "magerr": shown["magerr"]}
    elif not in_magnitudes:
        base |= {"flux": old["flux"], "fluxerr": old["fluxerr"]}
    new = parse_row(base | given, instruments.load_instruments())
    if old["flux"] is not None and in_magnitudes and in_magnitudes.isdisjoint(("mag", "magerr")):
        # Only the limit is given: a measured flux stays what it is, to the last bit.
        new |= {"flux": old["flux"], "fluxerr": old["fluxerr"]}
    if new["limiting_mag"] is None and not in_flux:
        new["limiting_mag"] = old["limiting_mag"]
    return new


def _check_scale(given: dict[str, Any]) -> None:
    """Refuse a scale without the values that it is the scale of: those that are kept have their own."""
    whole = {"flux", "fluxerr"} <= given.keys() or (
        "mag" in given and ("magerr" in given or given["mag"] is None)
    )
    if given.keys() & {"zp", "magsys"} and not whole:
        raise InvalidError("zp, magsys: give flux and fluxerr, or mag and magerr, that they belong to.")


def delete_point(requester: Requester, number: int) -> None:
    """Delete a point of photometry: its owner, or an administrator."""
    source, _, _ = _owned(requester, number)
    retry_photometry_write(source.source_id, lambda: _write(*_owned(requester, number), None))


def _write(source: SourceItem, block: photometry_table.BlockItem, old: Row, new: Row | None) -> None:
    groups = union_of_groups([old, new] if new else [old])
    changed = photometry_blocks.change_rows(block, lambda row: new if row["id"] == old["id"] else row)
    if changed.columns["id"]:
        photometry_table.write_photometry(source, photometry_table.PhotometryWrite(groups, changed=[changed]))
    else:
        photometry_table.write_photometry(source, photometry_table.PhotometryWrite(groups, gone=[block]))


def delete_photometry_upload(requester: Requester, upload_id: str) -> int:
    """Delete all points of one upload; return how many there were.

    Raises
    ------
    NotFoundError
        If there is none, or it is not the requester's to see.
    ForbiddenError
        If it is another's.
    """
    nothing = NotFoundError(f"There is no upload {upload_id[:40]!r} that you may see.")
    prefix, _, number = upload_id.partition("-")
    if prefix != "upload" or not (number.isascii() and number.isdecimal() and len(number) < 17):
        raise nothing
    found = photometry_table.find_upload_blocks(int(number))
    if not found:
        raise nothing

    source_id = found[0].source_id

    def write() -> int:
        return _delete_upload(requester, _source(requester, source_id, nothing), int(number), nothing)

    return retry_photometry_write(source_id, write)


def _delete_upload(requester: Requester, source: SourceItem, number: int, nothing: HeliographError) -> int:
    found = photometry_table.find_upload_blocks(number)
    rows = [row for block in found for row in photometry_blocks.unpack_rows(block)]
    if not any(is_visible(requester, row["group_ids"]) for row in rows):
        raise nothing
    if not all(may_change_row(requester, row) for row in rows):
        raise ForbiddenError(f"Only who made upload-{number}, or an administrator, may delete it.")
    photometry_table.write_photometry(
        source, photometry_table.PhotometryWrite(union_of_groups(rows), gone=found)
    )
    return len(rows)
