"""Annotations, comments and classifications, an item each in their source's collection.

An annotation stands under its origin, of which a source has one. A classification is also known by
its id alone: beside it stands, in the table *registry*, which source it belongs to.
"""

from collections.abc import Iterable
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, NumberSetAttribute
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables import id_index
from chalicelib.tables.base import id_key, timestamp, transaction, write_conditionally
from chalicelib.tables.sources import Part

__all__ = [
    "RemarkItem",
    "delete_classification_places",
    "delete_remark",
    "find_classified_source",
    "find_remark",
    "find_remarks",
    "insert_remark",
    "remark_part",
    "update_remark",
]

CLASSIFICATION = "classification"
"""The one kind of remarks that are found by their id alone."""


class RemarkItem(Part):
    """An annotation, a comment or a classification (parts ``annotation#…`` and so on).

    ``service_id`` and ``analysis_id`` name the analysis that wrote it, if one did.
    """

    id = NumberAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    service_id = NumberAttribute(null=True)
    analysis_id = NumberAttribute(null=True)
    fields = JSONAttribute()
    revision = NumberAttribute(default=1)


def remark_part(kind: str, key: int | str) -> str:
    """Return the part that a remark stands under: by its origin, or its id."""
    return f"{kind}#{key if isinstance(key, str) else id_key(key)}"


def _is_placed(item: RemarkItem) -> bool:
    return item.part.startswith(f"{CLASSIFICATION}#")


def insert_remark(item: RemarkItem) -> None:
    """Add a remark.

    Raises
    ------
    LostRace
        If there is one under this part already.
    """
    with transaction() as write:
        write.save(item, condition=RemarkItem.part.does_not_exist())
        if _is_placed(item):
            id_index.save_id_place(write, CLASSIFICATION, int(item.id), item.source_id)


def find_remark(source_id: str, part: str) -> RemarkItem | None:
    try:
        return RemarkItem.get(source_id, part, consistent_read=True)
    except DoesNotExist:
        return None


def find_remarks(source_id: str, kind: str) -> list[RemarkItem]:
    """Return the annotations, comments or classifications of a source."""
    return list(RemarkItem.query(source_id, RemarkItem.part.startswith(f"{kind}#"), consistent_read=True))


def find_classified_source(classification_id: int) -> str | None:
    """Return the source that a classification belongs to."""
    found = id_index.find_id_place(CLASSIFICATION, classification_id)
    return found.source_id if found and found.key == id_key(classification_id) else None


def update_remark(item: RemarkItem, **values: Any) -> None:
    """Change a remark as it was read.

    Raises
    ------
    LostRace
        If it was changed or removed in between.
    """
    actions = [getattr(RemarkItem, name).set(value) for name, value in values.items()]
    actions += [RemarkItem.modified.set(timestamp()), RemarkItem.revision.add(1)]
    write_conditionally(lambda: item.update(actions=actions, condition=RemarkItem.revision == item.revision))


def delete_remark(item: RemarkItem) -> None:
    """Remove a remark, if it is still there.

    Raises
    ------
    LostRace
        If it was changed or removed in between.
    """
    with transaction() as write:
        if _is_placed(item):
            id_index.delete_id_place(write, CLASSIFICATION, int(item.id))
        write.delete(RemarkItem(item.source_id, item.part), condition=RemarkItem.revision == item.revision)


def delete_classification_places(parts: Iterable[str]) -> None:
    """Let the ids of a deleted source's classifications lead nowhere.

    Parameters
    ----------
    parts : iterable of str
        What there was in the source's collection.
    """
    with id_index.PlaceItem.batch_write() as batch:
        for part in parts:
            kind, _, key = part.partition("#")
            if kind == CLASSIFICATION:
                batch.delete(id_index.PlaceItem(kind, key))
