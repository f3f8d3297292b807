"""Annotations, comments and classifications, an item each in their source's collection."""

from pynamodb.attributes import JSONAttribute, NumberAttribute, NumberSetAttribute

from chalicelib.tables.sources import Part

__all__ = ["RemarkItem", "of_source"]


class RemarkItem(Part):
    """An annotation, a comment or a classification (parts ``annotation#…`` and so on)."""

    id = NumberAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    fields = JSONAttribute()


def of_source(source_id: str, kind: str) -> list[RemarkItem]:
    """Return the annotations, comments or classifications of a source."""
    return list(RemarkItem.query(source_id, RemarkItem.part.startswith(f"{kind}#"), consistent_read=True))
