"""The summaries of a source, newest first: one item in its collection."""

from typing import Any

from pynamodb.attributes import NumberAttribute
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables.base import PackedAttribute, timestamp, write_conditionally
from chalicelib.tables.sources import Part

__all__ = ["SummariesItem", "find_summaries", "update_summaries"]

PART = "summaries"


class SummariesItem(Part):
    """What analyses said of a source in words (part ``summaries``)."""

    history = PackedAttribute()
    revision = NumberAttribute(default=0)


def find_summaries(source_id: str) -> SummariesItem:
    """Return the summaries of a source; without any summary at first."""
    try:
        return SummariesItem.get(source_id, PART, consistent_read=True)
    except DoesNotExist:
        return SummariesItem(source_id, PART, history=[], revision=0)


def update_summaries(item: SummariesItem, history: list[dict[str, Any]]) -> None:
    """Write the summaries as they were read and changed.

    Raises
    ------
    LostRace
        If somebody else changed them in between.
    """
    read = int(item.revision)
    unchanged = SummariesItem.revision == read if read else SummariesItem.part.does_not_exist()
    item.history, item.revision, item.modified = history, read + 1, timestamp()
    write_conditionally(lambda: item.save(condition=unchanged))
