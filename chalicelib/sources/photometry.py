"""The light curve of a source: reading what one may see of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.people.groups import list_record_groups
from chalicelib.sources import instruments, photometry_blocks
from chalicelib.sources.magnitudes import row_magnitudes, zero_points
from chalicelib.sources.photometry_rows import POSITION, Row
from chalicelib.tables import photometry as photometry_table

__all__ = ["filter_visible_rows", "find_visible_points", "get_light_curve", "points_to_json"]

AS_KEPT = ("id", "mjd", "filter", "instrument_id", "origin", "altdata", "created_at", *POSITION)


def find_visible_points(requester: Requester, source_id: str) -> list[Row]:
    """Return the rows of a source that the requester may see, in order of time.

    Each has the fields of `rows.COLUMNS` besides ``id``, ``owner_id``, ``group_ids`` and so on;
    ``flux`` (None for a non-detection) and ``fluxerr`` are in µJy.
    """
    return filter_visible_rows(requester, photometry_table.find_blocks(source_id))


def filter_visible_rows(requester: Requester, kept: Iterable[photometry_table.BlockItem]) -> list[Row]:
    """Return the rows of a source's blocks that the requester may see, in order of time."""
    every = (row for block in kept for row in photometry_blocks.unpack_rows(block))
    seen = [row for row in every if is_visible(requester, row["group_ids"])]
    return sorted(seen, key=lambda row: (row["mjd"], row["id"]))


def get_light_curve(
    requester: Requester, source_id: str, space: str, system: str = "ab"
) -> list[dict[str, Any]]:
    """Return the photometry of a source as the API shows it.

    Parameters
    ----------
    requester : Requester
        Who asks.
    source_id : str
        The source.
    space : {'mag', 'flux', 'both'}
        Which of the two to show.
    system : {'ab', 'vega'}
        The magnitude system of the magnitudes, and of the zero point of the fluxes.

    Raises
    ------
    InvalidError
        If Vega's magnitude is not known in one of the bandpasses.
    """
    rows = find_visible_points(requester, source_id)
    return list(points_to_json(requester, [(source_id, row) for row in rows], space, system))


def points_to_json(
    requester: Requester, rows: list[tuple[str, Row]], space: str, system: str
) -> Iterator[dict[str, Any]]:
    """Return points of one or more sources as the API shows them (see `shown_of`)."""
    names = {number: instrument["name"] for number, instrument in instruments.load_instruments().items()}
    zeros = zero_points(system, {row["filter"] for _, row in rows})
    groups = _groups(requester, (row for _, row in rows))
    for source_id, row in rows:
        values = {name: row[name] for name in AS_KEPT}
        flux, fluxerr, zero = row["flux"], row["fluxerr"], zeros[row["filter"]]
        values |= {
            "obj_id": source_id,
            "instrument_name": names.get(row["instrument_id"]),
            "groups": groups[tuple(row["group_ids"])],
            "snr": None if flux is None else flux / fluxerr,
            "magsys": system,
        }
        if space in ("flux", "both"):
            values |= {"flux": flux, "fluxerr": fluxerr, "zp": zero}
        if space in ("mag", "both"):
            values |= row_magnitudes(row, zero)
        yield values


@dataclass(frozen=True)
class _Shared:
    group_ids: tuple[int, ...]


def _groups(requester: Requester, rows: Iterable[Row]) -> dict[tuple[int, ...], list[dict[str, Any]]]:
    """Return the groups of rows as the requester sees them, by their ids: most rows share theirs."""
    every = sorted({tuple(row["group_ids"]) for row in rows})
    shown_groups = list_record_groups(requester, [_Shared(group_ids) for group_ids in every])
    return dict(zip(every, shown_groups, strict=True))
