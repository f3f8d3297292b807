"""Taxonomies: trees of the classes that a classification may name."""

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET

from chalicelib.access import Requester, is_owner, is_visible, require_owner, resolve_group_ids
from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.people.groups import records_to_json
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.taxonomies import NewTaxonomy, TaxonomyChange
from chalicelib.tables import taxonomies as taxonomies_table
from chalicelib.tables.base import NameTaken, retry_on_conflict

BUSY = "Other requests are changing taxonomies of this name. Try again."


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
            raise _version_taken(request.name, request.version) from None

    return retry_on_conflict(attempt, BUSY)


def _version_taken(name: str, version: str) -> InvalidError:
    return InvalidError(
        f"version: there is a version {version!r} of {name!r} already. "
        "Choose another version, or delete that one (DELETE /api/taxonomy/<id>)."
    )


def update_taxonomy(requester: Requester, number: int, request: TaxonomyChange) -> None:
    """Change all of a taxonomy but its hierarchy (see `delete_taxonomy` and `create_taxonomy` for errors)."""
    sent = sent_fields(request, "hierarchy", "group_ids", "isLatest")

    def attempt() -> None:
        item = _get_own_taxonomy(requester, number)
        changes = {**sent, "group_ids": resolve_group_ids(requester, request.group_ids, item.group_ids)}
        if request.isLatest is not UNSET:
            changes["is_latest"] = request.isLatest
        name, version = changes.get("name", item.name), changes.get("version", item.version)
        others = taxonomies_table.find_taxonomies() if changes.get("is_latest", item.is_latest) else []
        older = [o for o in others if o.name == name and is_owner(requester, o.owner_id) and o.id != number]
        try:
            taxonomies_table.update_taxonomy_item(item, changes, [o for o in older if o.is_latest])
        except NameTaken:
            raise _version_taken(name, version) from None

    retry_on_conflict(attempt, BUSY)


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
    taxonomies_table.delete_taxonomy_item(_get_own_taxonomy(requester, number))


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
    if not number:
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


def _get_own_taxonomy(requester: Requester, number: int) -> taxonomies_table.TaxonomyItem:
    item = _get_visible_taxonomy(requester, number)
    require_owner(requester, item.owner_id, "Only its author or an administrator may change or delete a taxonomy.")
    return item


def _taxonomy_to_json(item: taxonomies_table.TaxonomyItem) -> dict[str, Any]:
    names = ("id", "name", "hierarchy", "version", "provenance")
    return {**{name: getattr(item, name) for name in names}, "isLatest": item.is_latest}
