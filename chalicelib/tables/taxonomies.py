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
    with base.transaction() as write:
        claim = _claim(item.name, item.version, number)
        write.save(claim, condition=VersionClaim.key.does_not_exist(), refused=base.NameTaken())
        write.save(item, condition=TaxonomyItem.key.does_not_exist(), refused=base.AlreadyExists())
        _outdate(write, older)
    return number


def update_taxonomy_item(item: TaxonomyItem, changes: dict[str, Any], older: Iterable[TaxonomyItem]) -> None:
    """Change attributes of a taxonomy, and mark older ones as no longer the latest.

    Raises
    ------
    NameTaken
        If there is a taxonomy of the new name and version.
    StateChanged
        If another write changed or deleted it, or an older one, since it was read.
    """
    actions = base.changes_to_actions(TaxonomyItem, {**changes, "modified": base.timestamp()})
    name, version = changes.get("name", item.name), changes.get("version", item.version)
    with base.transaction() as write:
        if (name, version) != (item.name, item.version):
            write.delete(_claim(item.name, item.version, item.id))
            claim = _claim(name, version, item.id)
            write.save(claim, condition=VersionClaim.key.does_not_exist(), refused=base.NameTaken())
        write.update(TaxonomyItem(item.kind, item.key), actions, TaxonomyItem.modified == item.modified)
        _outdate(write, older)


def _outdate(write: base.Transaction, items: Iterable[TaxonomyItem]) -> None:
    """Mark taxonomies as no longer the latest."""
    actions: list[Action] = [TaxonomyItem.is_latest.set(False), TaxonomyItem.modified.set(base.timestamp())]
    for item in list(items)[:VERSIONS_PER_TRANSACTION]:
        write.update(TaxonomyItem(item.kind, item.key), actions, TaxonomyItem.key.exists())


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
