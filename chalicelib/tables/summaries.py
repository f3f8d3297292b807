"""The summaries of a source, newest first: one item for each author."""

from typing import Any

from chalicelib.tables import base
from chalicelib.tables.base import IntegerAttribute, PackedAttribute, StateChanged, timestamp
from chalicelib.tables.sources import Part, check_source_exists

PART = "summaries"


class SummariesItem(Part):
    """The summaries that one author's analyses wrote of a source (parts ``summaries#…``)."""

    history = PackedAttribute()
    revision = IntegerAttribute(default=0)


def find_all_summaries(source_id: str) -> list[SummariesItem]:
    """Return the summaries of a source, of all authors."""
    return list(SummariesItem.query(source_id, SummariesItem.part.startswith(PART), consistent_read=True))


def find_summaries(source_id: str, author_id: int) -> SummariesItem:
    """Return an author's summaries of a source, or a new item without any."""
    part = f"{PART}#{base.id_key(author_id)}"
    return SummariesItem.find(source_id, part) or SummariesItem(source_id, part, history=[], revision=0)


def update_summaries(item: SummariesItem, history: list[dict[str, Any]]) -> None:
    """Replace an author's summaries of a source.

    Raises
    ------
    StateChanged
        If another write changed them since `item` was read.
    SourceMissing
        If the source is deleted or hidden.
    """
    before = item.revision
    unchanged = SummariesItem.revision == before if before else SummariesItem.part.does_not_exist()
    item.history = history
    item.revision = before + 1
    item.modified = timestamp()
    with base.transaction() as write:
        check_source_exists(write, item.source_id)
        write.save(item, unchanged, StateChanged())
