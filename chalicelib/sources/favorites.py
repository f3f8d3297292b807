"""The sources that a user marked as favourites: seen and changed by this user alone."""

import hashlib
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.errors import ForbiddenError, HiddenError, NotFoundError
from chalicelib.schemas.favorites import FAVORITES, NewListing
from chalicelib.sources.source_records import get_visible_source
from chalicelib.tables import favorites as favorites_table
from chalicelib.tables.sources import ListingItem, SourceMissing, find_sources


def list_favorites(requester: Requester, user_id: int) -> list[dict[str, Any]]:
    """Return the favourites of a user, as far as their sources are visible to them.

    Raises
    ------
    ForbiddenError
        If they are another user's.
    """
    _require_oneself(requester, user_id)
    items = favorites_table.find_favorite_items(user_id)
    heads = find_sources((item.source_id for item in items), heads=True)
    visible = [item for item in items if item.source_id in heads and is_visible(requester, heads[item.source_id])]
    return [_favorite_to_json(user_id, item) for item in sorted(visible, key=lambda item: item.saved, reverse=True)]


def create_favorite(requester: Requester, request: NewListing) -> int:
    """Add a visible source to the requester's favourites; return the id of the entry.

    Raises
    ------
    ForbiddenError
        If the request names another user.
    NotFoundError
        If the source does not exist or is not visible.
    """
    _require_oneself(requester, request.user_id or requester.user_id)
    source = get_visible_source(requester, request.obj_id)
    try:
        favorites_table.insert_favorite(requester.user_id, source)
    except SourceMissing:
        raise NotFoundError(f"The source {request.obj_id!r} was deleted.") from None
    return _favorite_id(requester.user_id, request.obj_id)


def delete_favorite(requester: Requester, listing_id: int) -> None:
    """Remove a source from the requester's favourites, by the id of the entry.

    Raises
    ------
    ForbiddenError
        If there is no such entry of theirs.
    """
    user_id = requester.user_id
    names = (source_id for _, source_id in favorites_table.iterate_favorites(user_id))
    source_id = next((name for name in names if _favorite_id(user_id, name) == listing_id), None)
    if source_id is None:
        raise HiddenError(f"There is no listing {listing_id} of yours. GET /api/listing/{user_id} lists them.")
    favorites_table.delete_favorite(user_id, source_id)


def _require_oneself(requester: Requester, user_id: int) -> None:
    if user_id != requester.user_id:
        raise ForbiddenError(
            f"user_id: favourites are seen and changed by their user alone; you are {requester.user_id}."
        )


def _favorite_id(user_id: int, source_id: str) -> int:
    # A number as SkyPortal's clients expect it, which needs no index of ids.
    return int.from_bytes(hashlib.sha256(f"{user_id}#{source_id}".encode()).digest()[:6])


def _favorite_to_json(user_id: int, item: ListingItem) -> dict[str, Any]:
    return {
        "id": _favorite_id(user_id, item.source_id),
        "user_id": user_id,
        "obj_id": item.source_id,
        "list_name": FAVORITES,
        "created_at": item.created_at,
        "modified": item.modified,
    }
