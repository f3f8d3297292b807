"""Sources, and the item collection that each has: its photometry, spectra and remarks stand beside it.

A source's groups, its places in their listings, and the counts of sources change in one
transaction. A source that is being deleted is hidden first: it is nowhere found, but its id
stays taken until all that belongs to it is gone.
"""

from collections.abc import Iterable
from typing import Any

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from chalicelib.tables import sky_zones, source_counts
from chalicelib.tables.base import (
    EVERYONE,
    ConditionFailed,
    Transaction,
    group_listing,
    id_key,
    timestamp,
    transaction,
    write_conditionally,
)
from chalicelib.tables.source_items import ListingItem, Part, SourceItem

__all__ = [
    "Part",
    "SourceItem",
    "delete_parts",
    "delete_source_item",
    "find_parts",
    "find_source",
    "find_source_or_hidden",
    "find_sources",
    "hide_source",
    "insert_source",
    "remove_group",
    "source_group_ids",
    "update_source_item",
]  # fmt: skip

AT_ONCE = 90
"""Groups whose listings one transaction changes: it takes at most 100 items."""

HEAD = ("source_id", "part", "listing", "saved", "group_ids")
"""What says who may see a source, and where it stands in a listing."""


def insert_source(source_id: str, fields: dict[str, Any], group_ids: set[int], owner_id: int) -> None:
    """Add a source.

    Raises
    ------
    LostRace
        If there is one of this name already, a hidden one too.
    """
    first = set(sorted(group_ids)[:AT_ONCE])
    created_at, place = timestamp(), sky_zones.sky_place(fields)
    item = SourceItem(
        source_id,
        "source",
        listing=EVERYONE,
        saved=f"{created_at}#{source_id}",
        fields=fields,
        group_ids=first,
        owner_id=owner_id,
        created_at=created_at,
        modified=created_at,
        **(place._asdict() if place else {}),
    )
    with transaction() as write:
        write.save(item, condition=SourceItem.part.does_not_exist())
        _enter(write, item, first)
        source_counts.save_count_change(write, source_id, (), first)
    if group_ids - first:
        update_source_item(item, fields, group_ids)


def find_source(source_id: str) -> SourceItem | None:
    """Return a source, unless it is hidden."""
    item = find_source_or_hidden(source_id)
    return item if item and item.listing else None


def find_source_or_hidden(source_id: str) -> SourceItem | None:
    """Return a source, a hidden one too: that has no ``listing``."""
    try:
        return SourceItem.get(source_id, "source", consistent_read=True)
    except DoesNotExist:
        return None


def find_sources(source_ids: Iterable[str], *, heads: bool = False) -> dict[str, SourceItem]:
    """Return those of the sources that exist, by id.

    Parameters
    ----------
    source_ids : iterable of str
        The sources.
    heads : bool
        Read no more than `HEAD` of each.
    """
    keys = [(source_id, "source") for source_id in source_ids]
    found = SourceItem.batch_get(keys, consistent_read=True, attributes_to_get=list(HEAD) if heads else None)
    return {item.source_id: item for item in found if item.listing}


def source_group_ids(item: SourceItem) -> set[int]:
    """Return the groups that a source is saved to."""
    return {int(group) for group in item.group_ids}


def update_source_item(item: SourceItem, fields: dict[str, Any], group_ids: set[int]) -> None:
    """Change a source as it was read, and save it to those of the groups that it is not saved to.

    Raises
    ------
    LostRace
        If it was changed in between.
    """
    new = sorted(group_ids - source_group_ids(item))
    unchanged = SourceItem.revision == item.revision
    actions = [SourceItem.fields.set(fields), *_placed(sky_zones.sky_place(fields)), *_touched()]
    if not new:
        return write_conditionally(lambda: item.update(actions=actions, condition=unchanged))
    step, before = set(new[:AT_ONCE]), source_group_ids(item)
    with transaction() as write:
        _enter(write, item, step)
        write.update(
            SourceItem(item.source_id, "source"),
            actions=[*actions, SourceItem.group_ids.add(step)],
            condition=unchanged,
        )
        source_counts.save_count_change(write, item.source_id, before, before | step)
    if new[AT_ONCE:]:
        item.revision += 1
        item.group_ids = before | step
        update_source_item(item, fields, group_ids)
    return None


def remove_group(item: SourceItem, group_id: int) -> None:
    """Take a source as it was read out of one of its groups.

    Raises
    ------
    LostRace
        If it was changed in between.
    """
    before = source_group_ids(item)
    with transaction() as write:
        write.delete(_listing(item, group_id))
        write.update(
            SourceItem(item.source_id, "source"),
            actions=[SourceItem.group_ids.delete({group_id}), *_touched()],
            condition=SourceItem.revision == item.revision,
        )
        source_counts.save_count_change(write, item.source_id, before, before - {group_id})


def hide_source(item: SourceItem) -> None:
    """Let a source as it was read be found nowhere; whoever still writes its photometry is refused.

    Raises
    ------
    LostRace
        If it was changed in between.
    """
    with transaction() as write:
        for group_id in sorted(source_group_ids(item))[:AT_ONCE]:
            write.delete(_listing(item, group_id))
        write.update(
            SourceItem(item.source_id, "source"),
            actions=[
                SourceItem.listing.remove(),
                *_placed(None),
                SourceItem.photometry_revision.add(1),
                *_touched(),
            ],
            condition=(SourceItem.revision == item.revision) & SourceItem.listing.exists(),
        )
        source_counts.save_count_change(write, item.source_id, source_group_ids(item), ())


def find_parts(source_id: str) -> list[str]:
    """Return what there is in a source's collection besides the source itself."""
    found = Part.query(source_id, attributes_to_get=["source_id", "part"], consistent_read=True)
    return [item.part for item in found if item.part != "source"]


def delete_parts(source_id: str, parts: Iterable[str]) -> None:
    """Delete some of what is in a source's collection."""
    with Part.batch_write() as batch:
        for part in parts:
            batch.delete(Part(source_id, part))


def delete_source_item(item: SourceItem) -> None:
    """Forget a hidden source: its id is free again."""
    unchanged = (SourceItem.revision == item.revision) & SourceItem.listing.does_not_exist()
    try:
        with transaction() as write:
            write.delete(SourceItem(item.source_id, "source"), condition=unchanged)
    except ConditionFailed:
        return


def _placed(place: sky_zones.Place | None) -> list[Action]:
    attributes = (SourceItem.zone, SourceItem.ra, SourceItem.dec)
    if place is None:
        return [attribute.remove() for attribute in attributes]
    return [attribute.set(value) for attribute, value in zip(attributes, place, strict=True)]


def _touched() -> list[Action]:
    return [SourceItem.modified.set(timestamp()), SourceItem.revision.add(1)]


def _listing(item: SourceItem, group_id: int) -> ListingItem:
    return ListingItem(
        item.source_id, f"listing#{id_key(group_id)}", listing=group_listing(group_id), saved=item.saved
    )


def _enter(write: Transaction, item: SourceItem, group_ids: set[int]) -> None:
    for group_id in group_ids:
        write.save(_listing(item, group_id))
