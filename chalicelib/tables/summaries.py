"""The summaries of a source, newest first: one item."""

from typing import Any

from chalicelib.tables.base import IntegerAttribute, PackedAttribute, StateChanged, timestamp
from chalicelib.tables.sources import Part

PART = "summaries"


class SummariesItem(Part):
    """The summaries that analyses wrote of a source (part ``summaries``)."""

    history = PackedAttribute()
    revision = IntegerAttribute(default=0)


def find_summaries(source_id: str) -> SummariesItem:
    """Return the summaries of a source, or a new item without any."""
    return SummariesItem.find(source_id, PART) or SummariesItem(source_id, PART, history=[], revision=0)


def update_summaries(item: SummariesItem, history: list[dict[str, Any]]) -> None:
    """Replace the summaries of a source.

    Raises
    ------
    StateChanged
        If another write changed them since `item` was read.
    """
    before = item.revision
    unchanged = SummariesItem.revision == before if before else SummariesItem.part.does_not_exist()
    item.history = history
    item.revision = before + 1
    item.modified = timestamp()
    item.save_if(unchanged, StateChanged())
