"""Taxonomies, and the claim of each to its name and version."""

from collections.abc import Iterable
from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.tables import base

VERSIONS_PER_TRANSACTION = 90
"""Older versions that one transaction changes."""


class TaxonomyItem(base.Registry):
    """A taxonomy; its hierarchy may be long."""

    id = base.IntegerAttribute()
    name = UnicodeAttribute()
    version = UnicodeAttribute()
    hierarchy = base.PackedAttribute()
    provenance = UnicodeAttribute(null=True)
    is_latest = BooleanAttribute()
    group_ids = base.IntegerSetAttribute()
    owner_id = base.IntegerAttribute()
    created_at = UnicodeAttribute(default_for_new=base.timestamp)
    modified = UnicodeAttribute(default_for_new=base.timestamp)


class VersionClaim(base.Registry):
    """The taxonomy that has this name and version."""

    owner = base.IntegerAttribute()


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
    number = base.next_id("taxonomy")
    item = TaxonomyItem("taxonomy", base.id_key(number), id=number, **values)
    outdated: list[Action] = [TaxonomyItem.is_latest.set(False), TaxonomyItem.modified.set(base.timestamp())]
    with base.transaction() as write:
        claim = _claim(item.name, item.version, number)
        write.save(claim, condition=VersionClaim.key.does_not_exist(), refused=base.NameTaken())
        write.save(item, condition=TaxonomyItem.key.does_not_exist(), refused=base.AlreadyExists())
        for other in list(older)[:VERSIONS_PER_TRANSACTION]:
            write.update(TaxonomyItem(other.kind, other.key), outdated, TaxonomyItem.key.exists())
    return number


def find_taxonomy(number: int) -> TaxonomyItem | None:
    """Return a taxonomy, or None if there is none with this id."""
    return TaxonomyItem.find("taxonomy", base.id_key(number))


def find_taxonomies() -> list[TaxonomyItem]:
    """Return all taxonomies, by id."""
    return list(TaxonomyItem.query("taxonomy", consistent_read=True))


def delete_taxonomy_item(item: TaxonomyItem) -> None:
    """Delete a taxonomy; if another write deleted it, do nothing."""
    try:
        with base.transaction() as write:
            write.delete(_claim(item.name, item.version, item.id))
            write.delete(TaxonomyItem(item.kind, item.key), condition=TaxonomyItem.key.exists())
    except base.StateChanged:
        return
