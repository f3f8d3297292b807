"""Photometry, kept in *blocks* of up to `BLOCK_ROWS` rows, as compressed columns.

Ten thousand points are ten items, written in one transaction together with the source's
photometry revision, with where their ids lead, and with what PhotStats keep.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pynamodb.exceptions import DoesNotExist

from chalicelib.tables import id_index, phot_stat
from chalicelib.tables.base import PackedAttribute, timestamp, transaction
from chalicelib.tables.id_index import PHOTOMETRY, PlaceItem
from chalicelib.tables.sources import Part, SourceItem

__all__ = [
    "BLOCK_ALTDATA", "BLOCK_ROWS", "BlockItem", "PhotometryWrite", "find_block", "find_blocks",
    "find_upload_blocks", "write_photometry",
]  # fmt: skip

BLOCK_ROWS = 1000
"""Rows a block: some 60 kB compressed, far below the 400 kB that an item may have."""

BLOCK_ALTDATA = 200_000
"""Characters of altdata a block."""

AT_ONCE = 15
"""Blocks that one transaction changes: it takes at most 100 items, and 4 MB."""


class BlockItem(Part):
    """Rows of photometry as columns (parts ``photometry#…``, by the id of the first row)."""

    columns = PackedAttribute()

    @property
    def first_id(self) -> int:
        return int(self.part.partition("#")[2])


@dataclass(frozen=True)
class PhotometryWrite:
    """What is written of a source's photometry.

    Attributes
    ----------
    group_ids : collection of int
        Whose view of the light curve changes.
    changed : list of BlockItem
        Blocks with other columns than they were read with.
    added : dict
        The columns of each new block, by the id of its first row.
    upload : int, optional
        The first id of the upload that new blocks belong to.
    gone : list of BlockItem
        Blocks that are deleted.
    """

    group_ids: Collection[int]
    changed: list[BlockItem] = field(default_factory=list)
    added: dict[int, dict[str, Any]] = field(default_factory=dict)
    upload: int | None = None
    gone: list[BlockItem] = field(default_factory=list)


def find_blocks(source_id: str) -> list[BlockItem]:
    """Return the photometry of a source, oldest upload first."""
    ours = BlockItem.part.startswith(f"{PHOTOMETRY}#")
    return list(BlockItem.query(source_id, ours, consistent_read=True))


def find_block(place: PlaceItem) -> BlockItem | None:
    try:
        return BlockItem.get(place.source_id, place.part, consistent_read=True)
    except DoesNotExist:
        return None


def find_upload_blocks(upload: int) -> list[BlockItem]:
    """Return all blocks of an upload, by the first id that was reserved for it."""
    keys = []
    for place in id_index.iterate_places_from(PHOTOMETRY, upload, AT_ONCE):
        if place.upload != upload:
            break
        keys.append((place.source_id, place.part))
    return list(BlockItem.batch_get(keys, consistent_read=True)) if keys else []


def write_photometry(source: SourceItem, change: PhotometryWrite) -> None:
    """Write a change of photometry, all or none.

    Parameters
    ----------
    source : SourceItem
        The source as it was read before its blocks were.
    change : Change
        What is written.

    Raises
    ------
    LostRace
        If somebody else wrote photometry of this source in between, or it is being deleted.
    """
    # What is changed again after a lost race is the same change: only new rows must be all or none.
    changed = change.changed
    while len(changed) > AT_ONCE or (changed and change.added):
        _write(source, PhotometryWrite(change.group_ids, changed=changed[:AT_ONCE]))
        source.photometry_revision += 1
        changed = changed[AT_ONCE:]
    if changed or change.added or change.gone:
        _write(source, PhotometryWrite(change.group_ids, changed, change.added, change.upload, change.gone))


def _write(source: SourceItem, change: PhotometryWrite) -> None:
    source_id = source.source_id
    stat = phot_stat.find_phot_stat(source_id)
    with transaction() as into:
        for first_id, columns in change.added.items():
            block = BlockItem(source_id, id_index.id_part(PHOTOMETRY, first_id), columns=columns)
            into.save(block, condition=BlockItem.part.does_not_exist())
            id_index.save_id_place(into, PHOTOMETRY, first_id, source_id, upload=change.upload)
        for block in change.changed:
            block.modified = timestamp()
            into.save(block)
        for block in change.gone:
            into.delete(block)
            id_index.delete_id_place(into, PHOTOMETRY, block.first_id)
        phot_stat.save_photometry_change(into, source_id, stat, change.group_ids)
        into.update(
            SourceItem(source_id, "source"),
            actions=[SourceItem.photometry_revision.add(1)],
            condition=SourceItem.photometry_revision == source.photometry_revision,
        )
