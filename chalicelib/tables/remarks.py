"""Annotations, comments and classifications, an item each in their source's collection.

An annotation stands under its origin, of which a source has one. A classification is also known by
its id alone: beside it stands, in the table *registry*, which source it belongs to.
"""

from collections.abc import Iterable
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, NumberSetAttribute
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables import id_places
from chalicelib.tables.base import conditional, id_key, timestamp, transaction
from chalicelib.tables.sources import Part

__all__ = ["RemarkItem", "add", "forget", "get", "of_source", "place", "remove", "source_of", "update"]

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


def place(kind: str, key: int | str) -> str:
    """Return the part that a remark stands under: by its origin, or its id."""
    return f"{kind}#{key if isinstance(key, str) else id_key(key)}"


def _is_placed(item: RemarkItem) -> bool:
    return item.part.startswith(f"{CLASSIFICATION}#")


def add(item: RemarkItem) -> None:
    """Add a remark.

    Raises
    ------
    LostRace
        If there is one under this part already.
    """
    with transaction() as write:
        write.save(item, condition=RemarkItem.part.does_not_exist())
        if _is_placed(item):
            id_places.enter(write, CLASSIFICATION, int(item.id), item.source_id)


def get(source_id: str, part: str) -> RemarkItem | None:
    try:
        return RemarkItem.get(source_id, part, consistent_read=True)
    except DoesNotExist:
        return None


def of_source(source_id: str, kind: str) -> list[RemarkItem]:
    """Return the annotations, comments or classifications of a source."""
    return list(RemarkItem.query(source_id, RemarkItem.part.startswith(f"{kind}#"), consistent_read=True))


def source_of(classification_id: int) -> str | None:
    """Return the source that a classification belongs to."""
    found = id_places.find(CLASSIFICATION, classification_id)
    return found.source_id if found and found.key == id_key(classification_id) else None


def update(item: RemarkItem, **values: Any) -> None:
    """Change a remark as it was read.

    Raises
    ------
    LostRace
        If it was changed or removed in between.
    """
    actions = [getattr(RemarkItem, name).set(value) for name, value in values.items()]
    actions += [RemarkItem.modified.set(timestamp()), RemarkItem.revision.add(1)]
    conditional(lambda: item.update(actions=actions, condition=RemarkItem.revision == item.revision))


def remove(item: RemarkItem) -> None:
    """Remove a remark, if it is still there.

    Raises
    ------
    LostRace
        If it was changed or removed in between.
    """
    with transaction() as write:
        if _is_placed(item):
            id_places.leave(write, CLASSIFICATION, int(item.id))
        write.delete(RemarkItem(item.source_id, item.part), condition=RemarkItem.revision == item.revision)


def forget(parts: Iterable[str]) -> None:
    """Let the ids of a deleted source's classifications lead nowhere.

    Parameters
    ----------
    parts : iterable of str
        What there was in the source's collection.
    """
    with id_places.PlaceItem.batch_write() as batch:
        for part in parts:
            kind, _, key = part.partition("#")
            if kind == CLASSIFICATION:
                batch.delete(id_places.PlaceItem(kind, key))
