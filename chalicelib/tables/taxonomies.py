"""Taxonomies, and the claim of each to its name and version."""

from collections.abc import Iterable
from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.tables.base import (
    AlreadyExists,
    IntegerAttribute,
    IntegerSetAttribute,
    NameTaken,
    PackedAttribute,
    Registry,
    StateChanged,
    id_key,
    next_id,
    timestamp,
    transaction,
)

VERSIONS_PER_TRANSACTION = 90
"""Older versions that one transaction changes."""


class TaxonomyItem(Registry):
    """A taxonomy; its hierarchy may be long."""

    id = IntegerAttribute()
    name = UnicodeAttribute()
    version = UnicodeAttribute()
    hierarchy = PackedAttribute()
    provenance = UnicodeAttribute(null=True)
    is_latest = BooleanAttribute()
    group_ids = IntegerSetAttribute()
    owner_id = IntegerAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(default_for_new=timestamp)


class VersionClaim(Registry):
    """The taxonomy that has this name and version."""

    owner = IntegerAttribute()


def _claim(name: str, version: str, owner: int) -> VersionClaim:
    return VersionClaim("taxonomy_version", f"{name}\n{version}", owner=owner)


def insert_taxonomy(values: dict[str, Any], older: Iterable[TaxonomyItem]) -> int:
    """Add a taxonomy, and mark older ones as no longer the latest; return its id.

    Raises
    ------
    NameTaken
        If there is a taxonomy of this name and version.
    StateChanged
        If an older one was deleted.
    """
    number = next_id("taxonomy")
    item = TaxonomyItem("taxonomy", id_key(number), id=number, **values)
    outdated: list[Action] = [TaxonomyItem.is_latest.set(False), TaxonomyItem.modified.set(timestamp())]
    with transaction() as write:
        claim = _claim(item.name, item.version, number)
        write.save(claim, condition=VersionClaim.key.does_not_exist(), refused=NameTaken())
        write.save(item, condition=TaxonomyItem.key.does_not_exist(), refused=AlreadyExists())
        for other in list(older)[:VERSIONS_PER_TRANSACTION]:
            write.update(TaxonomyItem(other.kind, other.key), outdated, TaxonomyItem.key.exists())
    return number


def find_taxonomy(number: int) -> TaxonomyItem | None:
    """Return a taxonomy, or None if there is none with this id."""
    return TaxonomyItem.find("taxonomy", id_key(number))


def find_taxonomies() -> list[TaxonomyItem]:
    """Return all taxonomies, by id."""
    return list(TaxonomyItem.query("taxonomy", consistent_read=True))


def delete_taxonomy_item(item: TaxonomyItem) -> None:
    """Delete a taxonomy; if another write deleted it, do nothing."""
    try:
        with transaction() as write:
            write.delete(_claim(item.name, item.version, item.id))
            write.delete(TaxonomyItem(item.kind, item.key), condition=TaxonomyItem.key.exists())
    except StateChanged:
        return
