"""Photometry, kept in *blocks* of up to `BLOCK_ROWS` rows, as compressed columns.

Ten thousand points are ten items, written in one transaction together with the source's
photometry revision.
"""

from typing import Any

from chalicelib.tables.base import PackedAttribute, id_key, timestamp, transaction
from chalicelib.tables.sources import Part, SourceItem

__all__ = ["BLOCK_ALTDATA", "BLOCK_ROWS", "BlockItem", "blocks", "write_blocks"]

BLOCK_ROWS = 1000
"""Rows a block: some 60 kB compressed, far below the 400 kB that an item may have."""

BLOCK_ALTDATA = 200_000
"""Characters of altdata a block."""

AT_ONCE = 15
"""Blocks that one transaction changes: it takes at most 100 items, and 4 MB."""


class BlockItem(Part):
    """Rows of photometry as columns (parts ``photometry#…``)."""

    columns = PackedAttribute()


def blocks(source_id: str) -> list[BlockItem]:
    """Return the photometry of a source, oldest upload first."""
    return list(BlockItem.query(source_id, BlockItem.part.startswith("photometry#"), consistent_read=True))


def write_blocks(source: SourceItem, changed: list[BlockItem], added: dict[int, dict[str, Any]]) -> None:
    """Write changed and new blocks of photometry, all or none.

    Parameters
    ----------
    source : SourceItem
        The source as it was read before its blocks were.
    changed : list of BlockItem
        Blocks with other columns than they were read with.
    added : dict
        The columns of each new block, by the id of its first row.

    Raises
    ------
    LostRace
        If somebody else wrote photometry of this source in between.
    """
    # What is changed again after a lost race is the same change: only new rows must be all or none.
    while len(changed) > AT_ONCE:
        _write_blocks(source, changed[:AT_ONCE], {})
        source.photometry_revision += 1
        changed = changed[AT_ONCE:]
    _write_blocks(source, changed, added)


def _write_blocks(source: SourceItem, changed: list[BlockItem], added: dict[int, dict[str, Any]]) -> None:
    with transaction() as write:
        for first_id, columns in added.items():
            block = BlockItem(source.source_id, f"photometry#{id_key(first_id)}", columns=columns)
            write.save(block, condition=BlockItem.part.does_not_exist())
        for block in changed:
            block.modified = timestamp()
            write.save(block)
        write.update(
            SourceItem(source.source_id, "source"),
            actions=[SourceItem.photometry_revision.add(1)],
            condition=SourceItem.photometry_revision == source.photometry_revision,
        )
