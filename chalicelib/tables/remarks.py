"""Annotations, comments and classifications: one item of their source each.

The key of an annotation is its origin, which a source has once; that of the others is their id. A
classification is also found by its id alone, through `id_index`.
"""

from collections.abc import Iterable
from typing import Any

from chalicelib.tables import base, id_index
from chalicelib.tables.id_index import CLASSIFICATION, PlaceItem
from chalicelib.tables.sources import Part


class RemarkItem(Part):
    """An annotation, a comment or a classification (parts ``annotation#…`` and so on).

    ``service_id`` and ``analysis_id`` name the analysis that wrote an annotation, if one did. A comment may have
    an ``attachment`` (the name and the key of a blob), a classification ``votes`` (by the voter's id).
    """

    id = base.IntegerAttribute()
    group_ids = base.IntegerSetAttribute()
    owner_id = base.IntegerAttribute()
    service_id = base.IntegerAttribute(null=True)
    analysis_id = base.IntegerAttribute(null=True)
    fields = base.JsonAttribute()
    attachment = base.JsonAttribute(null=True)
    votes = base.JsonAttribute(null=True)
    revision = base.IntegerAttribute(default=1)

    @property
    def kind(self) -> str:
        """The kind of remark: annotation, comment or classification."""
        return self.part.partition("#")[0]


def remark_part(kind: str, key: int | str) -> str:
    """Return the part of a remark, by its origin or its id."""
    return f"{kind}#{key if isinstance(key, str) else base.id_key(key)}"


def insert_remark(item: RemarkItem) -> None:
    """Add a remark.

    Raises
    ------
    AlreadyExists
        If the source has a remark with this key.
    """
    with base.transaction() as write:
        write.save(item, condition=RemarkItem.part.does_not_exist(), refused=base.AlreadyExists())
        if item.kind == CLASSIFICATION:
            id_index.save_id_place(write, CLASSIFICATION, item.id, item.source_id)


def find_remark(source_id: str, part: str) -> RemarkItem | None:
    """Return a remark by its part, or None if there is none."""
    return RemarkItem.find(source_id, part)


def find_remarks(source_id: str, kind: str) -> list[RemarkItem]:
    """Return the annotations, comments or classifications of a source."""
    return list(RemarkItem.query(source_id, RemarkItem.part.startswith(f"{kind}#"), consistent_read=True))


def find_classified_source(classification_id: int) -> str | None:
    """Return the source that a classification belongs to, or None if there is none with this id."""
    place = id_index.find_id_place(CLASSIFICATION, classification_id)
    return place.source_id if place and place.key == base.id_key(classification_id) else None


def iterate_classification_places(below: int) -> Iterable[PlaceItem]:
    """Return the places of classifications with a smaller id, newest first."""
    return id_index.iterate_places_before(CLASSIFICATION, below, 100)


def update_remark(item: RemarkItem, **changes: Any) -> None:
    """Change attributes of a remark.

    Raises
    ------
    StateChanged
        If another write changed or deleted it since it was read.
    """
    actions = base.changes_to_actions(RemarkItem, changes)
    actions += [RemarkItem.modified.set(base.timestamp()), RemarkItem.revision.add(1)]
    item.update_if(actions, RemarkItem.revision == item.revision)


def delete_remark(item: RemarkItem) -> None:
    """Delete a remark.

    Raises
    ------
    StateChanged
        If another write changed or deleted it since it was read.
    """
    with base.transaction() as write:
        if item.kind == CLASSIFICATION:
            id_index.delete_id_place(write, CLASSIFICATION, item.id)
        write.delete(RemarkItem(item.source_id, item.part), condition=RemarkItem.revision == item.revision)
