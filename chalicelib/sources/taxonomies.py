"""Taxonomies: trees of the classes that a classification may name."""

from collections.abc import Iterator
from typing import Any

from chalicelib.access import Requester, is_owner, is_visible, require_owner, resolve_group_ids
from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.people.groups import records_to_json
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.taxonomies import NewTaxonomy
from chalicelib.tables import taxonomies as taxonomies_table
from chalicelib.tables.base import NameTaken, retry_on_conflict


def create_taxonomy(requester: Requester, request: NewTaxonomy) -> int:
    """Add a taxonomy; return its id.

    If it is the latest, the requester's older ones of this name no longer are; an administrator's is
    the latest of all with this name.

    Raises
    ------
    InvalidError
        If there is one of this name and version.
    """
    values = {
        **sent_fields(request, "isLatest", "group_ids"),
        "is_latest": request.isLatest,
        "group_ids": resolve_group_ids(requester, request.group_ids, requester.groups),
        "owner_id": requester.user_id,
    }

    def attempt() -> int:
        items = taxonomies_table.find_taxonomies() if request.isLatest else []
        older = (item for item in items if item.name == request.name and is_owner(requester, item.owner_id))
        try:
            return taxonomies_table.insert_taxonomy(values, [item for item in older if item.is_latest])
        except NameTaken:
            raise InvalidError(
                f"version: there is a version {request.version!r} of {request.name!r} already. "
                "Choose another version, or delete that one (DELETE /api/taxonomy/<id>)."
            ) from None

    return retry_on_conflict(attempt, "Other requests are changing taxonomies of this name. Try again.")


def list_taxonomies(requester: Requester) -> list[dict[str, Any]]:
    """Return the taxonomies that the requester may see."""
    visible = (item for item in taxonomies_table.find_taxonomies() if is_visible(requester, item))
    return records_to_json(requester, visible, _taxonomy_to_json)


def get_taxonomy(requester: Requester, number: int) -> dict[str, Any]:
    """Return a taxonomy."""
    return records_to_json(requester, [_get_visible_taxonomy(requester, number)], _taxonomy_to_json)[0]


def delete_taxonomy(requester: Requester, number: int) -> None:
    """Delete a taxonomy; classifications that name it stay as they are.

    Raises
    ------
    ForbiddenError
        If the requester neither wrote it nor is an administrator.
    """
    item = _get_visible_taxonomy(requester, number)
    require_owner(requester, item.owner_id, "Only its author or an administrator may delete a taxonomy.")
    taxonomies_table.delete_taxonomy_item(item)


def require_known_class(requester: Requester, classification: dict[str, Any]) -> None:
    """Require that the taxonomy that a classification names has its class.

    Parameters
    ----------
    requester : Requester
        Who classifies.
    classification : dict
        ``classification``, the name of the class, and ``taxonomy_id`` or None.

    Raises
    ------
    InvalidError
        If the taxonomy does not exist or is not visible, or does not have the class.
    """
    name, number = classification["classification"], classification["taxonomy_id"]
    if number is None:
        return
    item = taxonomies_table.find_taxonomy(number)
    if item is None or not is_visible(requester, item):
        raise InvalidError(
            f"taxonomy_id: there is no taxonomy {number} that you may see. GET /api/taxonomy lists those."
        )
    if name not in _iterate_classes(item.hierarchy):
        raise InvalidError(f"classification: there is no class {name!r} in taxonomy {number} ({item.name}).")


def _iterate_classes(node: dict[str, Any]) -> Iterator[str]:
    yield node["class"]
    for subclass in node.get("subclasses") or []:
        yield from _iterate_classes(subclass)


def _get_visible_taxonomy(requester: Requester, number: int) -> taxonomies_table.TaxonomyItem:
    item = taxonomies_table.find_taxonomy(number)
    if item is None or not is_visible(requester, item):
        raise NotFoundError(f"There is no taxonomy {number} that you may see.")
    return item


def _taxonomy_to_json(item: taxonomies_table.TaxonomyItem) -> dict[str, Any]:
    names = ("id", "name", "hierarchy", "version", "provenance")
    return {**{name: getattr(item, name) for name in names}, "isLatest": item.is_latest}
