"""Lists of sources: all visible ones, or those of some groups, with some ids, or near a position.

A page reads its own sources and their entries in listings: its cost does not grow with the number of
sources.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from chalicelib.access import Requester, resolve_group_ids
from chalicelib.errors import InvalidError
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources.cone_search import search_cone
from chalicelib.sources.source_filters import build_part_conditions, build_record_conditions, normalize_name_part
from chalicelib.sources.source_search import SourceSearch
from chalicelib.tables.base import EVERYONE, group_listing
from chalicelib.tables.favorites import favorites_listing
from chalicelib.tables.source_listings import (
    Entry,
    count_sources,
    iterate_by_name,
    iterate_by_name_part,
    iterate_newest_sources,
)
from chalicelib.tables.sources import SourceItem, find_sources

MOST_COUNTED = 1000
"""Largest total of a search by id; a larger one is cut to this."""

ENTRIES_PER_READ = 1000
"""Entries that one call reads of a listing for long lists."""

Groups = frozenset[int] | None
"""Groups whose sources are listed; None lists all sources."""


@dataclass(frozen=True)
class SourcePage:
    """A page of sources, the total, the cursor of the next page if there is one, and what to know of it."""

    sources: list[SourceItem]
    total: int
    cursor: str | None
    notes: list[str] = field(default_factory=list)


def list_sources(requester: Requester, query: SourcesQuery) -> SourcePage:
    """Return a page of the sources that the requester may see.

    They are sorted newest first, a search by id by id, unless the query has an order. Filters and orders that no
    index answers read each source, up to a limit: then the page has a note, and a cursor to go on.

    Raises
    ------
    InvalidError
        If the query is invalid.
    ForbiddenError
        If the requester is not in one of the groups.
    """
    groups = _resolve_groups(requester, query.group_ids)
    listings = _choose_listings(requester, query, groups)
    after = _decode_cursor(query.cursor)
    if (query.sortBy, query.sortOrder) == ("saved_at", "desc") and not query.sourceID:
        # The order of the listing itself, which needs no search.
        query.sortBy = None
    record_conditions = build_record_conditions(requester, query)
    part_conditions = build_part_conditions(query)
    if query.sortBy and query.cursor:
        raise InvalidError("cursor, sortBy: a sorted list has no cursor; its next page is pageNumber + 1.")
    if not (record_conditions or part_conditions or query.sortBy):
        entries, total = _find_entries(query, listings, groups, after)
        return _read_page(islice(entries, query.skipped, None), query.numPerPage, groups, total)
    entries, _ = _find_entries(query, listings, groups, after, count=False)
    search = SourceSearch(requester, record_conditions, part_conditions)
    matches = [source for source in search.iterate(entries) if _belongs(source, groups)]
    if query.sortBy:
        matches = search.sort(matches, query.sortBy, query.sortOrder)
    page = matches[query.skipped : query.skipped + query.numPerPage]
    is_cut = len(matches) > query.skipped + query.numPerPage
    last = _get_place(query, page[-1]) if is_cut and not query.sortBy else search.last
    return SourcePage(page, len(matches), _encode_cursor(last) if last else None, search.notes)


def _get_place(query: SourcesQuery, source: SourceItem) -> str:
    """Return the place of a source in the listing that a query reads."""
    return source.source_id if query.sourceID and not query.cone else source.saved


def iterate_group_sources(group_id: int) -> Iterator[str]:
    """Return the sources of a group, newest first."""
    entries = iterate_newest_sources([group_listing(group_id)], None, ENTRIES_PER_READ)
    return (source_id for _, source_id in entries)


def _resolve_groups(requester: Requester, requested: list[int] | None) -> Groups:
    if not requested:
        return None if requester.is_admin else requester.groups
    return frozenset(resolve_group_ids(requester, requested, ()))


def _choose_listings(requester: Requester, query: SourcesQuery, groups: Groups) -> list[str]:
    """Return the listings that hold all sources that a query can find."""
    if query.listName:
        return [favorites_listing(requester.user_id)]
    return [EVERYONE] if groups is None else [group_listing(group) for group in groups]


def _find_entries(
    query: SourcesQuery, listings: list[str], groups: Groups, after: str | None, *, count: bool = True
) -> tuple[Iterator[Entry], int]:
    """Return the entries that a query finds behind a place, in order, and their total (0 unless `count`)."""
    at_once = query.numPerPage + 1
    if cone := query.cone:
        near = _list_visible(search_cone(*cone), query.sourceID or "", groups)
        return iter([entry for entry in near if after is None or entry[0] < after]), len(near)
    if query.sourceID:
        matches = iterate_by_name(listings, query.sourceID, None, ENTRIES_PER_READ) if count else iter(())
        total = sum(1 for _ in islice(matches, MOST_COUNTED))
        return iterate_by_name(listings, query.sourceID, after, at_once), total
    if query.name:
        return iterate_by_name_part(listings, normalize_name_part(query.name), after), 0
    return iterate_newest_sources(listings, after, at_once), count_sources(groups) if count else 0


def _list_visible(source_ids: list[str], prefix: str, groups: Groups) -> list[Entry]:
    """Return the entries of those sources that belong to the groups, newest first."""
    heads = find_sources(source_ids, heads=True).values()
    entries = (
        (source.saved, source.source_id)
        for source in heads
        if _belongs(source, groups) and source.source_id.startswith(prefix)
    )
    return sorted(entries, reverse=True)


def _belongs(source: SourceItem, groups: Groups) -> bool:
    return groups is None or not groups.isdisjoint(source.group_ids)


def _read_page(entries: Iterator[Entry], size: int, groups: Groups, total: int) -> SourcePage:
    """Read the sources of a page; entries of sources that are hidden or moved since are skipped."""
    sources: list[SourceItem] = []
    last = None
    while chunk := list(islice(entries, size - len(sources))):
        items = find_sources(source_id for _, source_id in chunk)
        existing = (items[source_id] for _, source_id in chunk if source_id in items)
        sources += [source for source in existing if _belongs(source, groups)]
        last = chunk[-1][0]
    has_more = next(entries, None) is not None
    return SourcePage(sources, total, _encode_cursor(last) if has_more and last else None)


def _encode_cursor(place: str) -> str:
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _decode_cursor(cursor: str | None) -> str | None:
    if not cursor:
        return None
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise InvalidError("cursor: not valid. Pass the previous page's X-Next-Cursor header.") from None
