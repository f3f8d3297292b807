"""Photometry in *blocks*: up to `BLOCK_ROWS` rows an item, as compressed columns.

Ten thousand points are ten items. One transaction writes them with the photometry revision of the
source, the places of their ids, and the note for PhotStats.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from chalicelib.tables import id_index, phot_stat
from chalicelib.tables.base import AlreadyExists, PackedAttribute, timestamp, transaction
from chalicelib.tables.id_index import PHOTOMETRY, PlaceItem
from chalicelib.tables.sources import Part, SourceItem

BLOCK_ROWS = 1000
"""Rows a block: some 60 kB compressed, far below the 400 kB that an item may have."""

BLOCK_ALTDATA = 200_000
"""Characters of altdata a block."""

BLOCKS_PER_TRANSACTION = 15
"""Blocks that one transaction changes: it takes at most 100 items, and 4 MB."""

Columns = dict[str, list[Any]]
"""Rows of photometry by column, all of one length."""


class BlockItem(Part):
    """Rows of photometry as `Columns` (parts ``photometry#…``, by the id of the first row)."""

    columns = PackedAttribute()

    @property
    def first_id(self) -> int:
        """The id of the row that was the first when the block was added."""
        return int(self.part.partition("#")[2])


@dataclass(frozen=True)
class PhotometryWrite:
    """A change of the photometry of a source.

    Attributes
    ----------
    group_ids : collection of int
        The groups whose view of the light curve changes.
    changed_blocks : list of BlockItem
        Blocks with their new columns.
    new_columns : dict
        The columns of each new block, by the id of its first row.
    upload : int, optional
        The first id of the upload that the new blocks belong to.
    deleted_blocks : list of BlockItem
        Blocks to delete.
    """

    group_ids: Collection[int]
    changed_blocks: list[BlockItem] = field(default_factory=list)
    new_columns: dict[int, Columns] = field(default_factory=dict)
    upload: int | None = None
    deleted_blocks: list[BlockItem] = field(default_factory=list)


def find_blocks(source_id: str) -> list[BlockItem]:
    """Return the photometry of a source, oldest upload first."""
    condition = BlockItem.part.startswith(f"{PHOTOMETRY}#")
    return list(BlockItem.query(source_id, condition, consistent_read=True))


def find_block(place: PlaceItem) -> BlockItem | None:
    """Return the block at the place of an id, or None if there is none."""
    return BlockItem.find(place.source_id, place.part)


def find_upload_places(upload: int) -> list[PlaceItem]:
    """Return the places of an upload, by the first id that was reserved for it."""
    places = id_index.iterate_places_from(PHOTOMETRY, upload, BLOCKS_PER_TRANSACTION)
    return list(takewhile(lambda place: place.upload == upload, places))


def find_blocks_at(places: Iterable[PlaceItem]) -> list[BlockItem]:
    """Return the blocks at some places."""
    return BlockItem.find_many((place.source_id, place.part) for place in places)


def write_photometry(source: SourceItem, change: PhotometryWrite) -> None:
    """Write a change of photometry; all new rows are written, or none.

    Parameters
    ----------
    source : SourceItem
        The source as it was read before its blocks were.
    change : PhotometryWrite
        The change.

    Raises
    ------
    ConditionFailed
        If another write changed the photometry of the source in between, or the source is deleted.
    """
    # Several transactions are fine for changed rows: a repetition finds the same changes to make.
    changed = change.changed_blocks
    while len(changed) > BLOCKS_PER_TRANSACTION or (changed and change.new_columns):
        _write_once(source, PhotometryWrite(change.group_ids, changed[:BLOCKS_PER_TRANSACTION]))
        source.photometry_revision += 1
        changed = changed[BLOCKS_PER_TRANSACTION:]
    if changed or change.new_columns or change.deleted_blocks:
        _write_once(source, replace(change, changed_blocks=changed))


def _write_once(source: SourceItem, change: PhotometryWrite) -> None:
    source_id = source.source_id
    stat = phot_stat.find_phot_stat(source_id)
    with transaction() as write:
        for first_id, columns in change.new_columns.items():
            block = BlockItem(source_id, id_index.id_part(PHOTOMETRY, first_id), columns=columns)
            write.save(block, condition=BlockItem.part.does_not_exist(), refused=AlreadyExists())
            id_index.save_id_place(write, PHOTOMETRY, first_id, source_id, upload=change.upload)
        for block in change.changed_blocks:
            block.modified = timestamp()
            write.save(block)
        for block in change.deleted_blocks:
            write.delete(block)
            id_index.delete_id_place(write, PHOTOMETRY, block.first_id)
        phot_stat.save_photometry_change(write, source_id, stat, change.group_ids)
        write.update(
            SourceItem(source_id, "source"),
            [SourceItem.photometry_revision.add(1)],
            SourceItem.photometry_revision == source.photometry_revision,
        )
