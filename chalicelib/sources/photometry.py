"""Reading photometry: light curves and single points."""

from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.errors import NotFoundError
from chalicelib.people.groups import list_record_groups
from chalicelib.sources import instruments
from chalicelib.sources.magnitudes import zero_points_by_band
from chalicelib.sources.photometry_blocks import unpack_rows
from chalicelib.sources.photometry_rows import POSITION, Row, row_magnitudes, row_reference_magnitudes, row_references
from chalicelib.sources.source_records import get_visible_source
from chalicelib.tables import photometry as photometry_table
from chalicelib.tables.id_index import PHOTOMETRY, find_id_place
from chalicelib.tables.photometry import BlockItem
from chalicelib.tables.sources import SourceItem

AS_STORED = ("id", "mjd", "filter", "instrument_id", "origin", "altdata", "created_at", *POSITION)


def find_visible_points(requester: Requester, source_id: str) -> list[Row]:
    """Return the points of a source that the requester may see, in order of time."""
    return select_visible(requester, photometry_table.find_blocks(source_id))


def select_visible(requester: Requester, blocks: Iterable[BlockItem]) -> list[Row]:
    """Return the rows of some blocks that the requester may see, in order of time."""
    rows = (row for block in blocks for row in unpack_rows(block) if is_visible(requester, row.group_ids))
    return sorted(rows, key=lambda row: (row.mjd, row.id))


def get_light_curve(requester: Requester, source_id: str, space: str, system: str = "ab") -> list[dict[str, Any]]:
    """Return the photometry of a source as the API shows it.

    Parameters
    ----------
    requester : Requester
        Whose view to return.
    source_id : str
        The source.
    space : {'mag', 'flux', 'both'}
        Whether to return magnitudes, fluxes or both.
    system : {'ab', 'vega'}
        The magnitude system of the magnitudes, and of the zero point of the fluxes.

    Raises
    ------
    InvalidError
        If Vega's magnitude is not known in one of the bandpasses.
    """
    rows = find_visible_points(requester, source_id)
    return list(points_to_json(requester, [(source_id, row) for row in rows], space, system))


def get_point(requester: Requester, number: int, space: str, system: str) -> dict[str, Any]:
    """Return a point as the API shows it (see `get_light_curve`)."""
    source, _, row = get_visible_point(requester, number)
    return next(points_to_json(requester, [(source.source_id, row)], space, system))


def get_visible_point(requester: Requester, number: int) -> tuple[SourceItem, BlockItem, Row]:
    """Return the source, the block and the row of a point that the requester may see.

    Raises
    ------
    NotFoundError
        If it does not exist or is not visible (the same message).
    """
    missing = NotFoundError(f"There is no point of photometry {number} that you may see.")
    place = find_id_place(PHOTOMETRY, number)
    if place is None:
        raise missing
    source = get_visible_source(requester, place.source_id, missing)
    block = photometry_table.find_block(place)
    row = next((row for row in unpack_rows(block) if row.id == number), None) if block else None
    if block is None or row is None or not is_visible(requester, row.group_ids):
        raise missing
    return source, block, row


def points_to_json(
    requester: Requester, points: list[tuple[str, Row]], space: str, system: str
) -> Iterator[dict[str, Any]]:
    """Return points, each with its source, as the API shows them (see `get_light_curve`)."""
    known = instruments.load_instruments(with_deleted=True)
    names = {number: instrument["name"] for number, instrument in known.items()}
    zeros = zero_points_by_band(system, {row.filter for _, row in points})
    sets = sorted({tuple(row.group_ids) for _, row in points})  # most rows have the same groups
    groups = dict(zip(sets, list_record_groups(requester, sets), strict=True))
    for source_id, row in points:
        zero = zeros[row.filter]
        values = {name: getattr(row, name) for name in AS_STORED} | {
            "obj_id": source_id,
            "instrument_name": names.get(row.instrument_id),
            "groups": groups[tuple(row.group_ids)],
            "snr": None if row.flux is None else row.flux / row.fluxerr,
            "magsys": system,
        }
        values |= row_reference_magnitudes(row, zero)
        if space in ("flux", "both"):
            values |= {"flux": row.flux, "fluxerr": row.fluxerr, "zp": zero, **row_references(row)}
        if space in ("mag", "both"):
            values |= row_magnitudes(row, zero)
        yield values
