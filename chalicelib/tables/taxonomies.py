"""Taxonomies, and the claim that each has to its name and version."""

from collections.abc import Iterable
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, NumberSetAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables.base import (
    ConditionFailed,
    PackedAttribute,
    Registry,
    id_key,
    next_id,
    timestamp,
    transaction,
)

__all__ = ["TaxonomyItem", "delete_taxonomy_item", "find_taxonomies", "find_taxonomy", "insert_taxonomy"]

AT_ONCE = 90
"""Older versions that one transaction changes."""


class TaxonomyItem(Registry):
    """A taxonomy; its hierarchy may be long."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    version = UnicodeAttribute()
    hierarchy = PackedAttribute()
    provenance = UnicodeAttribute(null=True)
    is_latest = BooleanAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(default_for_new=timestamp)


class VersionClaim(Registry):
    """That a name with a version is taken, and by which taxonomy."""

    owner = NumberAttribute()


def _claim(name: str, version: str, owner: float) -> VersionClaim:
    return VersionClaim("taxonomy_version", f"{name}\n{version}", owner=owner)


def insert_taxonomy(values: dict[str, Any], older: Iterable[TaxonomyItem]) -> int:
    """Add a taxonomy under the next id, which is returned; older ones are the latest no more.

    Raises
    ------
    LostRace
        If its name and version are taken, or one of the older ones is gone.
    """
    number = next_id("taxonomy")
    item = TaxonomyItem("taxonomy", id_key(number), id=number, **values)
    with transaction() as write:
        write.save(_claim(item.name, item.version, number), condition=VersionClaim.key.does_not_exist())
        write.save(item, condition=TaxonomyItem.key.does_not_exist())
        for other in list(older)[:AT_ONCE]:
            write.update(
                TaxonomyItem(other.kind, other.key),
                actions=[TaxonomyItem.is_latest.set(False), TaxonomyItem.modified.set(timestamp())],
                condition=TaxonomyItem.key.exists(),
            )
    return number


def find_taxonomy(number: int) -> TaxonomyItem | None:
    try:
        return TaxonomyItem.get("taxonomy", id_key(number), consistent_read=True)
    except DoesNotExist:
        return None


def find_taxonomies() -> list[TaxonomyItem]:
    return list(TaxonomyItem.query("taxonomy", consistent_read=True))


def delete_taxonomy_item(item: TaxonomyItem) -> None:
    """Forget a taxonomy, if it is still there."""
    try:
        with transaction() as write:
            write.delete(_claim(item.name, item.version, item.id))
            write.delete(TaxonomyItem(item.kind, item.key), condition=TaxonomyItem.key.exists())
    except ConditionFailed:
        return
