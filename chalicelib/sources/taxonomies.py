"""Taxonomies: trees of the classes that a classification may be one of."""

from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.access import Requester, groups_for, may_see
from chalicelib.errors import ForbiddenError, InvalidError, NotFoundError
from chalicelib.people import sharing
from chalicelib.schemas.taxonomies import NewTaxonomy
from chalicelib.tables import taxonomies as table
from chalicelib.tables.base import LostRace

__all__ = ["add", "check_class", "every", "one", "remove"]


def add(requester: Requester, wanted: NewTaxonomy) -> int:
    """Add a taxonomy; return its id.

    If it is the latest, the requester's older ones of this name are no more (all of this name, if
    an administrator adds it).

    Raises
    ------
    InvalidError
        If there is one of this name and version.
    """
    group_ids = groups_for(requester, wanted.group_ids, requester.groups)
    older = [item for item in table.every() if wanted.isLatest and _is_older(requester, item, wanted.name)]
    values = {
        "name": wanted.name,
        "version": wanted.version,
        "hierarchy": wanted.hierarchy,
        "provenance": wanted.provenance,
        "is_latest": wanted.isLatest,
        "group_ids": group_ids,
        "owner_id": requester.user_id,
    }
    try:
        return table.add(values, older)
    except LostRace:
        raise InvalidError(
            f"version: there is a version {wanted.version!r} of {wanted.name!r} already; "
            "choose another, or delete that one (DELETE /api/taxonomy/<id>)."
        ) from None


def _is_older(requester: Requester, item: table.TaxonomyItem, name: str) -> bool:
    return bool(item.is_latest) and item.name == name and _may_change(requester, item)


def _may_change(requester: Requester, item: table.TaxonomyItem) -> bool:
    return int(item.owner_id) == requester.user_id or requester.is_admin


def every(requester: Requester) -> list[dict[str, Any]]:
    """Return the taxonomies that the requester may see."""
    return _shown(requester, (item for item in table.every() if may_see(requester, item)))


def one(requester: Requester, number: int) -> dict[str, Any]:
    """Return a taxonomy."""
    return _shown(requester, [_seen(requester, number)])[0]


def remove(requester: Requester, number: int) -> None:
    """Remove a taxonomy; what is classified by it stays as it is.

    Raises
    ------
    ForbiddenError
        If it is somebody else's.
    """
    item = _seen(requester, number)
    if not _may_change(requester, item):
        raise ForbiddenError("Only its author, or an administrator, may delete a taxonomy.")
    table.remove(item)


def check_class(requester: Requester, classification: dict[str, Any]) -> None:
    """Refuse a classification that names a taxonomy which does not have its class.

    Parameters
    ----------
    requester : Requester
        Who classifies.
    classification : dict
        ``classification``, the name of the class, and ``taxonomy_id`` or None.

    Raises
    ------
    InvalidError
        If there is no such taxonomy that they may see, or no such class in it.
    """
    name, number = classification["classification"], classification["taxonomy_id"]
    if number is None:
        return
    item = table.get(number)
    if item is None or not may_see(requester, item):
        raise InvalidError(f"taxonomy_id: there is no taxonomy {number} that you may see; GET /api/taxonomy.")
    if name not in _classes(item.hierarchy):
        raise InvalidError(f"classification: there is no class {name!r} in taxonomy {number} ({item.name}).")


def _classes(node: dict[str, Any]) -> Iterator[str]:
    yield node["class"]
    for subclass in node.get("subclasses") or []:
        yield from _classes(subclass)


def _seen(requester: Requester, number: int) -> table.TaxonomyItem:
    item = table.get(number)
    if item is None or not may_see(requester, item):
        raise NotFoundError(f"There is no taxonomy {number} that you may see.")
    return item


def _shown(requester: Requester, items: Iterable[table.TaxonomyItem]) -> list[dict[str, Any]]:
    items = list(items)
    return [
        {
            "id": int(item.id),
            "name": item.name,
            "hierarchy": item.hierarchy,
            "version": item.version,
            "provenance": item.provenance,
            "isLatest": bool(item.is_latest),
            "groups": groups,
            "created_at": item.created_at,
            "modified": item.modified,
        }
        for item, groups in zip(items, sharing.groups_of(requester, items), strict=True)
    ]
