"""Rows of photometry to and from the blocks that store them as columns."""

import json
from collections.abc import Callable, Iterable, Iterator

from chalicelib.errors import TooLargeError
from chalicelib.sources.photometry_rows import Row
from chalicelib.tables.photometry import BLOCK_ALTDATA, BLOCK_ROWS, BlockItem, Columns


def unpack_rows(block: BlockItem) -> Iterator[Row]:
    """Return the rows of a block; fields that an older block does not have are None."""
    columns = block.columns
    blank = [None] * len(columns["id"])
    return map(Row._make, zip(*(columns.get(name, blank) for name in Row._fields), strict=True))


def pack_rows(rows: Iterable[Row]) -> dict[int, Columns]:
    """Return the columns of new blocks, by the id of the first row of each."""
    return {chunk[0].id: _to_columns(chunk) for chunk in _split_into_chunks(rows)}


def change_rows(block: BlockItem, change: Callable[[Row], Row | None]) -> BlockItem:
    """Return a block with changed rows.

    Parameters
    ----------
    block : BlockItem
        The block as it was read.
    change : callable
        Takes a row, and returns its new version, or None to delete it.

    Raises
    ------
    TooLargeError
        If the altdata outgrow a block.
    """
    rows = [row for old in unpack_rows(block) if (row := change(old)) is not None]
    if sum(map(_altdata_size, rows)) > BLOCK_ALTDATA:
        raise TooLargeError(
            f"altdata: the points {rows[0].id} to {rows[-1].id} are stored together and have no room for "
            "more. Give less, or delete them and upload them again."
        )
    return BlockItem(block.source_id, block.part, created_at=block.created_at, columns=_to_columns(rows))


def _to_columns(rows: list[Row]) -> Columns:
    return {name: [row[index] for row in rows] for index, name in enumerate(Row._fields)}


def _split_into_chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Split rows into blocks that fit an item, with their altdata."""
    chunk: list[Row] = []
    size = 0
    for row in rows:
        more = _altdata_size(row)
        if chunk and (len(chunk) == BLOCK_ROWS or size + more > BLOCK_ALTDATA):
            yield chunk
            chunk = []
            size = 0
        chunk.append(row)
        size += more
    if chunk:
        yield chunk


def _altdata_size(row: Row) -> int:
    return len(json.dumps(row.altdata))
