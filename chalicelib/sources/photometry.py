"""The light curve of a source: writing it all or none, and reading what one may see of it."""

import json
import math
from collections.abc import Iterator
from typing import Any

from chalicelib.access import Requester, groups_for, may_see
from chalicelib.errors import BusyError, InvalidError
from chalicelib.schemas.base import LARGEST_ID
from chalicelib.sources import catalogue, instruments
from chalicelib.sources.rows import COLUMNS, POGSON, ZERO_POINT, BadRowsError, Row, read_rows
from chalicelib.tables import photometry as table
from chalicelib.tables.base import LostRace, reserve_ids, timestamp

__all__ = ["DETECTION_SIGMA", "magnitudes", "points", "shown_of", "upload"]

DETECTION_SIGMA = 3.0
"""A limiting magnitude is that of a flux of so many errors."""

KEPT = ("id", "upload_id", "owner_id", "group_ids", "created_at", *COLUMNS)
IDENTITY = ("instrument_id", "filter", "origin", "mjd", "flux", "fluxerr")
"""Two rows that agree in these are the same observation."""


def upload(requester: Requester, body: dict[str, Any], *, repeat: bool) -> tuple[list[int], str]:
    """Write photometry of one source: all of the rows, or none.

    Parameters
    ----------
    requester : Requester
        Who uploads.
    body : dict
        ``obj_id`` and columns or single values (see `rows`).
    repeat : bool
        Whether rows that are there already are taken (and shared with the groups named) rather
        than refused.

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
    catalogue.seen(requester, source_id)
    group_ids = sorted(groups_for(requester, _asked_groups(body), {requester.own_group}))
    rows = read_rows(body, instruments.named())
    ids = list(reserve_ids("photometry", len(rows)))
    shared: dict[str, Any] = {
        "upload_id": f"upload-{ids[0]}",
        "owner_id": requester.user_id,
        "group_ids": group_ids,
        "created_at": timestamp(),
    }
    for _ in range(catalogue.TRIES):
        try:
            return _write(requester, source_id, rows, ids, shared, repeat), shared["upload_id"]
        except LostRace:
            continue
    raise BusyError(f"Photometry of {source_id!r} is being written by others. Try again.")


def _one_source(obj_id: Any) -> str:
    named = {str(name) for name in (obj_id if isinstance(obj_id, list) else [obj_id]) if name}
    if len(named) != 1:
        raise InvalidError("obj_id: required, the id of one source for the whole request.")
    return named.pop()


def _asked_groups(body: dict[str, Any]) -> list[int] | str | None:
    asked = body.get("group_ids")
    whole = isinstance(asked, list) and all(type(g) is int and 0 < g <= LARGEST_ID for g in asked)
    if not (asked is None or isinstance(asked, str) or whole):
        raise InvalidError('group_ids: give a list of group ids, or "all".')
    return asked


def _write(
    requester: Requester,
    source_id: str,
    rows: list[Row],
    ids: list[int],
    shared: dict[str, Any],
    repeat: bool,
) -> list[int]:
    source = catalogue.seen(requester, source_id)
    blocks = table.blocks(source_id)
    present = {
        _identity(row): (number, row) for number, block in enumerate(blocks) for row in _rows_of(block)
    }
    new: dict[tuple[Any, ...], Row] = {}
    known: dict[int, str] = {}
    answer: list[int] = []
    changed: dict[int, dict[int, Row]] = {}
    for number, (row, row_id) in enumerate(zip(rows, ids, strict=True)):
        identity = _identity(row)
        if identity in present:
            known[number] = "this observation is there already"
            place, old = present[identity]
            answer.append(old["id"])
            if not set(shared["group_ids"]) <= set(old["group_ids"]):
                old["group_ids"] = sorted({*old["group_ids"], *shared["group_ids"]})
                changed.setdefault(place, {})[old["id"]] = old
        elif identity in new:
            known[number] = "the request holds this observation twice"
            answer.append(new[identity]["id"])
        else:
            new[identity] = {"id": row_id, **shared, **row}
            answer.append(row_id)
    if known and not repeat:
        raise BadRowsError(known, len(rows))
    if new or changed:
        table.write_blocks(source, _with(blocks, changed), _packed(list(new.values())))
    return answer


def _identity(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in IDENTITY)


def _rows_of(block: table.BlockItem) -> Iterator[Row]:
    columns = block.columns
    return (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))


def _with(blocks: list[table.BlockItem], changed: dict[int, dict[int, Row]]) -> list[table.BlockItem]:
    for place, rows in changed.items():
        columns = blocks[place].columns
        columns["group_ids"] = [
            rows[row_id]["group_ids"] if row_id in rows else group_ids
            for row_id, group_ids in zip(columns["id"], columns["group_ids"], strict=True)
        ]
        blocks[place].columns = columns
    return [blocks[place] for place in changed]


def _packed(rows: list[Row]) -> dict[int, dict[str, Any]]:
    return {chunk[0]["id"]: {name: [row[name] for row in chunk] for name in KEPT} for chunk in _chunks(rows)}


def _chunks(rows: list[Row]) -> Iterator[list[Row]]:
    """Cut rows into blocks that fit an item, whatever their altdata."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        more = len(json.dumps(row["altdata"]))
        if chunk and (len(chunk) == table.BLOCK_ROWS or size + more > table.BLOCK_ALTDATA):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += more
    if chunk:
        yield chunk


def points(requester: Requester, source_id: str) -> list[Row]:
    """Return the rows of a source that the requester may see, in order of time.

    Each has the fields of `rows.COLUMNS` besides ``id``, ``owner_id``, ``group_ids`` and so on;
    ``flux`` (None for a non-detection) and ``fluxerr`` are in µJy.
    """
    every = (row for block in table.blocks(source_id) for row in _rows_of(block))
    visible = [row for row in every if may_see(requester, row["group_ids"])]
    return sorted(visible, key=lambda row: (row["mjd"], row["id"]))


def magnitudes(row: Row) -> dict[str, float | None]:
    """Return ``mag``, ``magerr`` and ``limiting_mag`` (AB) of a row; blank where the flux is not positive."""
    flux, fluxerr = row["flux"], row["fluxerr"]
    detected = flux is not None and flux > 0
    return {
        "mag": ZERO_POINT - 2.5 * math.log10(flux) if detected else None,
        "magerr": POGSON * fluxerr / flux if detected else None,
        "limiting_mag": ZERO_POINT - 2.5 * math.log10(DETECTION_SIGMA * fluxerr),
    }


def shown_of(requester: Requester, source_id: str, space: str) -> list[dict[str, Any]]:
    """Return the photometry of a source as the API shows it.

    Parameters
    ----------
    requester : Requester
        Who asks.
    source_id : str
        The source.
    space : {'mag', 'flux', 'both'}
        Which of the two to show.
    """
    named = instruments.named()
    rows = points(requester, source_id)
    return [{"obj_id": source_id, **_shown(row, space, named)} for row in rows]


def _shown(row: Row, space: str, instruments_by_id: dict[int, dict[str, Any]]) -> dict[str, Any]:
    hidden = {"group_ids", "flux", "fluxerr"}
    values = {name: value for name, value in row.items() if name not in hidden}
    values["instrument_name"] = instruments_by_id.get(row["instrument_id"], {}).get("name")
    values["magsys"] = "ab"
    values["groups"] = row["group_ids"]
    if space in ("flux", "both"):
        values |= {"flux": row["flux"], "fluxerr": row["fluxerr"], "zp": ZERO_POINT}
    if space in ("mag", "both"):
        values |= magnitudes(row)
    return values
