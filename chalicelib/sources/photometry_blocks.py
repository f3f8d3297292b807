"""Rows of photometry in the blocks that keep them: out of their columns, into columns again."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from chalicelib.errors import TooLargeError
from chalicelib.sources.photometry_rows import COLUMNS, Row
from chalicelib.tables import photometry as photometry_table
from chalicelib.tables.photometry import BlockItem

__all__ = ["change_rows", "pack_rows", "unpack_rows"]

KEPT = ("id", "upload_id", "owner_id", "group_ids", "created_at", *COLUMNS)


def unpack_rows(block: BlockItem) -> Iterator[Row]:
    """Return the rows of a block; what older blocks did not keep yet is blank."""
    columns = block.columns
    blank = [None] * len(columns["id"])
    lists = [columns.get(name, blank) for name in KEPT]
    return (dict(zip(KEPT, values, strict=True)) for values in zip(*lists, strict=True))


def pack_rows(rows: Iterable[Row]) -> dict[int, dict[str, list[Any]]]:
    """Return the columns of new blocks, by the id of each block's first row."""
    return {chunk[0]["id"]: _columns(chunk) for chunk in _chunks(rows)}


def change_rows(block: BlockItem, change: Callable[[Row], Row | None]) -> BlockItem:
    """Return a block with other rows.

    Parameters
    ----------
    block : BlockItem
        The block as it was read.
    change : callable
        Takes a row, and returns what it is from now on: None if it is deleted.

    Raises
    ------
    TooLargeError
        If it has grown beyond what a block has room for.
    """
    rows = [row for old in unpack_rows(block) if (row := change(old)) is not None]
    if sum(map(_altdata_size, rows)) > photometry_table.BLOCK_ALTDATA:
        raise TooLargeError(
            f"altdata: points that were uploaded together are kept together, and points {rows[0]['id']} to "
            f"{rows[-1]['id']} have no room for more; give less, or delete them and upload them again."
        )
    return BlockItem(block.source_id, block.part, created_at=block.created_at, columns=_columns(rows))


def _columns(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in KEPT}


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows into blocks that fit an item, whatever their altdata."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        more = _altdata_size(row)
        if chunk and (
            len(chunk) == photometry_table.BLOCK_ROWS or size + more > photometry_table.BLOCK_ALTDATA
        ):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += more
    if chunk:
        yield chunk


def _altdata_size(row: Row) -> int:
    return len(json.dumps(row["altdata"]))
