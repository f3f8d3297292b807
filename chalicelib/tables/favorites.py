"""Favourite sources of users: an entry of the source in a listing of the user.

Being a part of its source, an entry is deleted with it. Entries say nothing of who may see the source: whoever
reads them has to look.
"""

from collections.abc import Iterator
from itertools import islice

from chalicelib.tables import base
from chalicelib.tables.source_listings import Entry, iterate_newest_sources
from chalicelib.tables.sources import ListingItem, SourceItem, check_source_exists

ENTRIES_PER_READ = 1000


def favorites_listing(user_id: int) -> str:
    """Return the key of the listing of a user's favourites."""
    return f"favorites#{user_id}"


def insert_favorite(user_id: int, source: SourceItem) -> None:
    """Add a source to the favourites of a user; one that is there already stays.

    Raises
    ------
    SourceMissing
        If the source was deleted.
    """
    listing = favorites_listing(user_id)
    with base.transaction() as write:
        check_source_exists(write, source.source_id)
        write.save(ListingItem(source.source_id, listing, listing=listing, saved=source.saved))


def iterate_favorites(user_id: int) -> Iterator[Entry]:
    """Return the favourites of a user, those first that were saved last."""
    return iterate_newest_sources([favorites_listing(user_id)], None, ENTRIES_PER_READ)


def find_favorite_items(user_id: int) -> list[ListingItem]:
    """Return the entries of a user's favourites, in no order."""
    listing = favorites_listing(user_id)
    return ListingItem.find_many((source_id, listing) for _, source_id in iterate_favorites(user_id))


def delete_favorite(user_id: int, source_id: str) -> None:
    """Remove a source from the favourites of a user; one that is not there is no error."""
    with base.transaction() as write:
        write.delete(ListingItem(source_id, favorites_listing(user_id)))


def delete_some_favorites(user_id: int, most: int) -> int:
    """Delete at most so many favourites of a user; return how many were deleted."""
    source_ids = [source_id for _, source_id in islice(iterate_favorites(user_id), most)]
    with ListingItem.batch_write() as batch:
        for source_id in source_ids:
            batch.delete(ListingItem(source_id, favorites_listing(user_id)))
    return len(source_ids)
