"""Lists of sources that users keep: their favourites."""

from typing import Annotated, Literal

from chalicelib.schemas.base import Query, Schema, View
from chalicelib.schemas.fields import Id, SourceId, Time, describe

FAVORITES = "favorites"

ListName = Annotated[Literal["favorites"], describe("The list: `favorites` is the only one.", FAVORITES)]
ListingId = Annotated[int, describe("The id of the entry.", 12345678)]


class ListingsQuery(Query):
    """Which list of a user."""

    listName: ListName = "favorites"


class NewListing(Schema):
    """A source to add to a list of yours."""

    obj_id: SourceId
    list_name: ListName
    user_id: Annotated[Id | None, describe("Your own id, if any.")] = None


class Listing(View):
    """A source on a list."""

    id: ListingId
    user_id: Annotated[Id, describe("The user whose list it is.")]
    obj_id: SourceId
    list_name: ListName
    created_at: Time
    modified: Time


class SavedListing(View):
    """The id of an entry that was added."""

    id: ListingId
