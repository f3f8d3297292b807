"""Lists of sources: newest first, by id, by a part of a name or near a position; and how many there are."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import groupby
from typing import NamedTuple

from chalicelib.errors import InvalidError
from chalicelib.tables.sources import COUNTS, ByName, BySearch, ByTime, ByZone, CountItem, ListingItem, SourceItem

Entry = tuple[str, str]
"""The place of a source in a listing, and its id."""

AFTER_ALL = "~"
"""A character that sorts behind all that ids consist of."""


MOST_READS = 100
"""Reads of 1 MB (some 7000 sources each) that one search by a part of a name makes: about ten seconds."""


class Position(NamedTuple):
    """The position of a source, in degrees."""

    source_id: str
    ra: float
    dec: float


def iterate_newest_sources(listings: Iterable[str], before: str | None, at_once: int) -> Iterator[Entry]:
    """Return the sources of some listings, newest first, each once.

    Parameters
    ----------
    listings : iterable of str
        The listings.
    before : str or None
        Start behind this place.
    at_once : int
        Entries that one call reads of a listing.
    """
    return _distinct(merge(*(_by_time(name, before, at_once) for name in listings), reverse=True))


def iterate_by_name(listings: Iterable[str], prefix: str, after: str | None, at_once: int) -> Iterator[Entry]:
    """Return the sources of some listings whose ids begin with `prefix`, by id, each once.

    Parameters
    ----------
    listings : iterable of str
        The listings.
    prefix : str
        The beginning of the ids.
    after : str or None
        Start behind this place.
    at_once : int
        Entries that one call reads of a listing.
    """
    return _distinct(merge(*(_by_name(name, prefix, after or "", at_once) for name in listings)))


def iterate_by_name_part(listings: Iterable[str], text: str, before: str | None) -> Iterator[Entry]:
    """Return the sources of some listings with a name that holds a text, newest first, each once.

    DynamoDB reads all entries and returns those that match, and those that were written before entries
    had names: the caller compares the names of each source that it reads.

    Parameters
    ----------
    listings : iterable of str
        The listings.
    text : str
        A part of a normalized name.
    before : str or None
        Start behind this place.

    Raises
    ------
    InvalidError
        If too many entries would have to be read.
    """
    names = list(listings)
    reads = iter(range(MOST_READS + len(names)))
    return _distinct(merge(*(_by_name_part(name, text, before, reads) for name in names), reverse=True))


def _by_name_part(listing: str, text: str, before: str | None, reads: Iterator[int]) -> Iterator[Entry]:
    behind = BySearch.saved < before if before else None
    matches = ListingItem.names.contains(text) | ListingItem.names.does_not_exist()
    results = ListingItem.by_search.query(listing, behind, filter_condition=matches, scan_index_forward=False)
    for page in results.page_iter:
        if next(reads, None) is None:
            raise InvalidError(
                "name: too many sources would have to be looked through. Choose a group (group_ids), or search by the "
                "beginning of the id (sourceID)."
            )
        for item in page["Items"]:
            yield item["saved"]["S"], item["source_id"]["S"]


def _by_time(listing: str, before: str | None, at_once: int) -> Iterator[Entry]:
    condition = ByTime.saved < before if before else None
    items = ListingItem.by_time.query(listing, condition, scan_index_forward=False, page_size=at_once)
    return ((item.saved, item.source_id) for item in items)


def _by_name(listing: str, prefix: str, after: str, at_once: int) -> Iterator[Entry]:
    last = prefix + AFTER_ALL
    if after > last:
        return iter(())
    condition = ByName.source_id.between(max(prefix, after), last)
    items = ListingItem.by_name.query(listing, condition, page_size=at_once)
    return ((item.source_id, item.source_id) for item in items if item.source_id != after)


def _distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    return (entry for entry, _ in groupby(entries))


def iterate_zone(zone: int, low: float, high: float) -> Iterator[Position]:
    """Return the sources of a zone between two right ascensions (degrees, both included).

    The zones algorithm of Gray, Nieto-Santisteban & Szalay (2006, MSR-TR-2006-52): the sources near a
    position are in a few zones of declination, in each between two right ascensions.
    """
    for item in SourceItem.by_zone.query(zone, ByZone.ra.between(low, high)):
        yield Position(item.source_id, float(item.ra or 0), float(item.dec or 0))


def count_sources(groups: frozenset[int] | None) -> int:
    """Return how many sources belong to at least one of these groups; None counts all sources."""
    counts = CountItem.query(COUNTS, consistent_read=True)
    return sum(count.held for count in counts if groups is None or not groups.isdisjoint(count.group_ids))
