"""Who finds which analyses: a small item for each group of an analysis, and for its author.

A listing is written before its record and removed after it. What stands in a listing without a
record is skipped, so that neither has to be part of a transaction.
"""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby, islice

from chalicelib.tables.analyses import find_analyses
from chalicelib.tables.analysis_items import AnalysisItem, ByListing, ListingItem
from chalicelib.tables.base import EVERYONE, group_listing

__all__ = [
    "EVERYONE",
    "author_listing",
    "delete_listings",
    "group_listing",
    "insert_listings",
    "iterate_newest",
]

AT_ONCE = 100
"""Records that DynamoDB gives in one BatchGet."""


def author_listing(user_id: int) -> str:
    return f"author#{user_id}"


def insert_listings(item: AnalysisItem) -> None:
    """Put an analysis into its listings."""
    with ListingItem.batch_write() as batch:
        for entry in _entries(item):
            batch.save(entry)


def delete_listings(item: AnalysisItem) -> None:
    """Take an analysis out of its listings."""
    with ListingItem.batch_write() as batch:
        for entry in _entries(item):
            batch.delete(entry)


def _entries(item: AnalysisItem) -> list[ListingItem]:
    listings = [author_listing(int(item.author_id)), *(group_listing(int(g)) for g in item.group_ids)]
    return [ListingItem(f"{listing}#{int(item.id)}", listing=listing, id=item.id) for listing in listings]


def iterate_newest(listings: Iterable[str], before: int | None, at_once: int) -> Iterator[AnalysisItem]:
    """Return the analyses of some listings, newest first, each once.

    Parameters
    ----------
    listings : iterable of str
        The listings.
    before : int or None
        Only analyses with smaller ids.
    at_once : int
        How many are read from a listing at a time, at most.
    """
    ids = merge(*(_ids(listing, before, at_once) for listing in listings), reverse=True)
    distinct = (number for number, _ in groupby(ids))
    while numbers := list(islice(distinct, min(at_once, AT_ONCE))):
        found = find_analyses(numbers)
        yield from (found[number] for number in numbers if number in found)


def _ids(listing: str, before: int | None, at_once: int) -> Iterator[int]:
    until = ByListing.id < before if before else None
    entries = ListingItem.by_listing.query(listing, until, scan_index_forward=False, page_size=at_once)
    return (int(entry.id) for entry in entries)
