"""Taxonomies: trees of the classes that a classification may be one of."""

from collections.abc import Iterable, Iterator
from typing import Any

from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.errors import ForbiddenError, InvalidError, NotFoundError
from chalicelib.people.groups import list_record_groups
from chalicelib.schemas.taxonomies import NewTaxonomy
from chalicelib.tables import taxonomies as taxonomies_table
from chalicelib.tables.base import ConditionFailed

__all__ = ["create_taxonomy", "delete_taxonomy", "get_taxonomy", "list_taxonomies", "require_known_class"]


def create_taxonomy(requester: Requester, request: NewTaxonomy) -> int:
    """Add a taxonomy; return its id.

    If it is the latest, the requester's older ones of this name are no more (all of this name, if
    an administrator adds it).

    Raises
    ------
    InvalidError
        If there is one of this name and version.
    """
    group_ids = resolve_group_ids(requester, request.group_ids, requester.groups)
    older = [
        item
        for item in taxonomies_table.find_taxonomies()
        if request.isLatest and _is_older(requester, item, request.name)
    ]
    values = {
        "name": request.name,
        "version": request.version,
        "hierarchy": request.hierarchy,
        "provenance": request.provenance,
        "is_latest": request.isLatest,
        "group_ids": group_ids,
        "owner_id": requester.user_id,
    }
    try:
        return taxonomies_table.insert_taxonomy(values, older)
    except ConditionFailed:
        raise InvalidError(
            f"version: there is a version {request.version!r} of {request.name!r} already; "
            "choose another, or delete that one (DELETE /api/taxonomy/<id>)."
        ) from None


def _is_older(requester: Requester, item: taxonomies_table.TaxonomyItem, name: str) -> bool:
    return bool(item.is_latest) and item.name == name and _may_change(requester, item)


def _may_change(requester: Requester, item: taxonomies_table.TaxonomyItem) -> bool:
    return int(item.owner_id) == requester.user_id or requester.is_admin


def list_taxonomies(requester: Requester) -> list[dict[str, Any]]:
    """Return the taxonomies that the requester may see."""
    return _shown(
        requester, (item for item in taxonomies_table.find_taxonomies() if is_visible(requester, item))
    )


def get_taxonomy(requester: Requester, number: int) -> dict[str, Any]:
    """Return a taxonomy."""
    return _shown(requester, [_seen(requester, number)])[0]


def delete_taxonomy(requester: Requester, number: int) -> None:
    """Remove a taxonomy; what is classified by it stays as it is.

    Raises
    ------
    ForbiddenError
        If it is somebody else's.
    """
    item = _seen(requester, number)
    if not _may_change(requester, item):
        raise ForbiddenError("Only its author, or an administrator, may delete a taxonomy.")
    taxonomies_table.delete_taxonomy_item(item)


def require_known_class(requester: Requester, classification: dict[str, Any]) -> None:
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
    item = taxonomies_table.find_taxonomy(number)
    if item is None or not is_visible(requester, item):
        raise InvalidError(f"taxonomy_id: there is no taxonomy {number} that you may see; GET /api/taxonomy.")
    if name not in _classes(item.hierarchy):
        raise InvalidError(f"classification: there is no class {name!r} in taxonomy {number} ({item.name}).")


def _classes(node: dict[str, Any]) -> Iterator[str]:
    yield node["class"]
    for subclass in node.get("subclasses") or []:
        yield from _classes(subclass)


def _seen(requester: Requester, number: int) -> taxonomies_table.TaxonomyItem:
    item = taxonomies_table.find_taxonomy(number)
    if item is None or not is_visible(requester, item):
        raise NotFoundError(f"There is no taxonomy {number} that you may see.")
    return item


def _shown(requester: Requester, items: Iterable[taxonomies_table.TaxonomyItem]) -> list[dict[str, Any]]:
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
        for item, groups in zip(items, list_record_groups(requester, items), strict=True)
    ]
