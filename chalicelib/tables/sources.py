"""Sources, and the item collection that each has: its photometry, spectra and remarks stand beside it."""

from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, NumberSetAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.tables.base import Record, conditional, timestamp

__all__ = ["Part", "SourceItem", "add", "get", "update"]


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
