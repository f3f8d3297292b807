"""Which sources a listing holds: newest first, or by name; several listings are read as one."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby

from chalicelib.tables.base import EVERYONE, group_listing
from chalicelib.tables.source_items import ByName, ByTime, ListingItem

__all__ = ["EVERYONE", "Entry", "group_listing", "iterate_by_name", "iterate_newest_sources"]

Entry = tuple[str, str]
"""The place of a source in a listing, and its id."""

AFTER_ALL = "~"
"""A character that sorts behind all that ids are made of."""


def iterate_newest_sources(listings: Iterable[str], before: str | None, at_once: int) -> Iterator[Entry]:
    """Return the sources of some listings, newest first, each once.

    Parameters
    ----------
    listings : iterable of str
        The listings.
    before : str or None
        Only what stands behind this place.
    at_once : int
        How many are read from a listing at a time.
    """
    return _distinct(merge(*(_by_time(name, before, at_once) for name in listings), reverse=True))


def iterate_by_name(listings: Iterable[str], prefix: str, after: str | None, at_once: int) -> Iterator[Entry]:
    """Return the sources of some listings whose ids begin with `prefix`, by id, each once.

    Parameters
    ----------
    listings : iterable of str
        The listings.
    prefix : str
        How the ids begin.
    after : str or None
        Only what stands behind this place.
    at_once : int
        How many are read from a listing at a time.
    """
    return _distinct(merge(*(_by_name(name, prefix, after or "", at_once) for name in listings)))


def _by_time(listing: str, before: str | None, at_once: int) -> Iterator[Entry]:
    until = ByTime.saved < before if before else None
    found = ListingItem.by_time.query(listing, until, scan_index_forward=False, page_size=at_once)
    return ((item.saved, item.source_id) for item in found)


def _by_name(listing: str, prefix: str, after: str, at_once: int) -> Iterator[Entry]:
    last = prefix + AFTER_ALL
    if after > last:
        return iter(())
    between = ByName.source_id.between(max(prefix, after), last)
    found = ListingItem.by_name.query(listing, between, page_size=at_once)
    return ((item.source_id, item.source_id) for item in found if item.source_id != after)


def _distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    return (entry for entry, _ in groupby(entries))
