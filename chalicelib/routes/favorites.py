"""Lists of sources that users keep: their favourites."""

from typing import Any

from chalicelib.errors import ForbiddenError, NotFoundError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import ListingId, UserId
from chalicelib.schemas.favorites import Listing, ListingsQuery, NewListing, SavedListing
from chalicelib.sources import favorites

routes = Routes(__name__, __doc__)


@routes.get("/listing/{number}", answers=list[Listing])
def list_listings(call: Call, number: UserId, query: ListingsQuery) -> list[dict[str, Any]]:
    """List your favourites, as far as you can see the sources; `number` is your own id.

    Those of other users are theirs alone. `GET /sources?listName=favorites` lists the sources themselves.
    """
    return favorites.list_favorites(call.requester, number)


@routes.post("/listing", answers=SavedListing, raises=(ForbiddenError, NotFoundError))
def create_listing(call: Call, body: NewListing) -> dict[str, int]:
    """Add a source to your favourites; one that is there already keeps its id."""
    return {"id": favorites.create_favorite(call.requester, body)}


@routes.delete("/listing/{number}")
def delete_listing(call: Call, number: ListingId) -> None:
    """Remove a source from your favourites, by the id of the entry."""
    favorites.delete_favorite(call.requester, number)
