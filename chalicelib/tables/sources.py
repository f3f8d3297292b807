"""Sources and what belongs to one source: one item collection, a Query for each kind.

Photometry is kept in *blocks* of up to `BLOCK_ROWS` rows, as compressed columns: ten thousand
points are ten items, written in one transaction together with the source's photometry revision.
"""

from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, NumberSetAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.tables.base import PackedAttribute, Record, conditional, id_key, timestamp, transaction

__all__ = [
    "BLOCK_ALTDATA",
    "BLOCK_ROWS",
    "BlockItem",
    "SourceItem",
    "SpectrumItem",
    "add",
    "add_spectrum",
    "blocks",
    "get",
    "parts",
    "spectra",
    "update",
    "write_blocks",
]

BLOCK_ROWS = 1000
"""Rows a block: some 60 kB compressed, far below the 400 kB that an item may have."""

BLOCK_ALTDATA = 200_000
"""Characters of altdata a block."""

AT_ONCE = 15
"""Blocks that one transaction changes: it takes at most 100 items, and 4 MB."""


class Part(Record):
    """One item of a source's collection."""

    class Meta:
        table_name = settings.name("sources")

    source_id = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    shape = NumberAttribute(default=1)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(default_for_new=timestamp)


class SourceItem(Part):
    """The source itself (part ``source``)."""

    fields = JSONAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    photometry_revision = NumberAttribute(default=0)
    revision = NumberAttribute(default=1)


class BlockItem(Part):
    """Rows of photometry as columns (parts ``photometry#…``)."""

    columns = PackedAttribute()


class SpectrumItem(Part):
    """A spectrum (parts ``spectrum#…``)."""

    id = NumberAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    fields = PackedAttribute()


class RecordItem(Part):
    """An annotation, a comment or a classification (parts ``annotation#…`` and so on)."""

    id = NumberAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    fields = JSONAttribute()


def add(source_id: str, fields: dict[str, Any], group_ids: set[int], owner_id: int) -> SourceItem:
    """Add a source.

    Raises
    ------
    LostRace
        If there is one of this name already.
    """
    item = SourceItem(source_id, "source", fields=fields, group_ids=group_ids, owner_id=owner_id)
    conditional(lambda: item.save(condition=SourceItem.part.does_not_exist()))
    return item


def get(source_id: str) -> SourceItem | None:
    try:
        return SourceItem.get(source_id, "source", consistent_read=True)
    except DoesNotExist:
        return None


def update(item: SourceItem, fields: dict[str, Any], new_groups: set[int]) -> None:
    """Change a source as it was read, and save it to more groups.

    Raises
    ------
    LostRace
        If it was changed in between.
    """
    actions: list[Action] = [
        SourceItem.fields.set(fields),
        SourceItem.modified.set(timestamp()),
        SourceItem.revision.add(1),
    ]
    if new_groups:
        actions.append(SourceItem.group_ids.add(new_groups))
    conditional(lambda: item.update(actions=actions, condition=SourceItem.revision == item.revision))


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


def add_spectrum(
    source_id: str, number: int, fields: dict[str, Any], group_ids: set[int], owner_id: int
) -> None:
    """Add a spectrum under its id."""
    item = SpectrumItem(
        source_id,
        f"spectrum#{id_key(number)}",
        id=number,
        fields=fields,
        group_ids=group_ids,
        owner_id=owner_id,
    )
    conditional(lambda: item.save(condition=SpectrumItem.part.does_not_exist()))


def spectra(source_id: str) -> list[SpectrumItem]:
    return list(
        SpectrumItem.query(source_id, SpectrumItem.part.startswith("spectrum#"), consistent_read=True)
    )


def parts(source_id: str, kind: str) -> list[RecordItem]:
    """Return the annotations, comments or classifications of a source."""
    return list(RecordItem.query(source_id, RecordItem.part.startswith(f"{kind}#"), consistent_read=True))
