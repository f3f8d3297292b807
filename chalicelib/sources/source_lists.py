"""Lists of sources: all that one may see, those of some groups, of a name, or near a position.

A page reads its own sources and the places of these in listings; what it costs does not grow with
the number of sources that there are.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from chalicelib.access import Requester, resolve_group_ids
from chalicelib.errors import InvalidError
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources import cone_search
from chalicelib.tables import source_counts, source_listings
from chalicelib.tables import sources as sources_table

__all__ = ["SourcePage", "iterate_group_sources", "list_sources"]

MOST_COUNTED = 1000
"""Sources of a name that are counted: so many stand for any larger number."""

AT_ONCE = 1000
"""Places that are read of a listing at a time, where many are wanted."""

GROUP_ID = re.compile(r"[0-9]{1,15}")

Groups = frozenset[int] | None
"""Groups whose sources are listed; None for those of all groups there are."""


@dataclass(frozen=True)
class SourcePage:
    """A page of sources, how many there are, and where the next page begins, if there is more."""

    sources: list[sources_table.SourceItem]
    total: int
    cursor: str | None


def list_sources(requester: Requester, query: SourcesQuery) -> SourcePage:
    """Return a page of the sources that the requester may see.

    They come newest first, those of a name in order of their ids.

    Raises
    ------
    InvalidError
        If the page lies too deep, or the cone is not one.
    ForbiddenError
        If the requester is not in one of the groups asked for.
    """
    groups = _groups(requester, query.group_ids)
    entries, total = _entries(query, groups, _opened(query.cursor))
    return _read(islice(entries, query.skipped, None), query.numPerPage, groups, total)


def iterate_group_sources(group_id: int) -> Iterator[str]:
    """Return the sources that are saved to a group, newest first."""
    return (
        source_id
        for _, source_id in source_listings.iterate_newest_sources(
            [source_listings.group_listing(group_id)], None, AT_ONCE
        )
    )


def _groups(requester: Requester, asked: str | None) -> Groups:
    if not asked:
        return None if requester.is_admin else requester.groups
    words = [word.strip() for word in asked.split(",")]
    if not all(GROUP_ID.fullmatch(word) for word in words):
        raise InvalidError(f"group_ids: ids of groups are needed, as in 1,4, and not {asked[:100]!r}.")
    return frozenset(resolve_group_ids(requester, [int(word) for word in words], ()))


def _entries(
    query: SourcesQuery, groups: Groups, after: str | None
) -> tuple[Iterator[source_listings.Entry], int]:
    """Return what a query finds, in order, and how much that is in all."""
    names = (
        [source_listings.EVERYONE]
        if groups is None
        else [source_listings.group_listing(group) for group in groups]
    )
    at_once = query.numPerPage + 1
    if cone := query.cone:
        near = _near(cone_search.search_cone(*cone), query.sourceID or "", groups)
        return iter([entry for entry in near if after is None or entry[0] < after]), len(near)
    if query.sourceID:
        every = source_listings.iterate_by_name(names, query.sourceID, None, AT_ONCE)
        total = sum(1 for _ in islice(every, MOST_COUNTED))
        return source_listings.iterate_by_name(names, query.sourceID, after, at_once), total
    return source_listings.iterate_newest_sources(names, after, at_once), source_counts.count_sources(groups)


def _near(source_ids: list[str], prefix: str, groups: Groups) -> list[source_listings.Entry]:
    """Return those of the sources in a cone that may be shown, newest first."""
    heads = sources_table.find_sources(source_ids, heads=True).items()
    found = [
        (source.saved, source_id)
        for source_id, source in heads
        if _belongs(source, groups) and source_id.startswith(prefix)
    ]
    return sorted(found, reverse=True)


def _belongs(source: sources_table.SourceItem, groups: Groups) -> bool:
    return groups is None or not groups.isdisjoint(sources_table.source_group_ids(source))


def _read(entries: Iterator[source_listings.Entry], size: int, groups: Groups, total: int) -> SourcePage:
    """Read the sources of a page; what an index still shows and is no more, is skipped."""
    sources: list[sources_table.SourceItem] = []
    last = None
    while chunk := list(islice(entries, size - len(sources))):
        found = sources_table.find_sources(source_id for _, source_id in chunk)
        there = [found[source_id] for _, source_id in chunk if source_id in found]
        sources += [source for source in there if _belongs(source, groups)]
        last = chunk[-1][0]
    more = next(entries, None) is not None
    return SourcePage(sources, total, _sealed(last) if more and last else None)


def _sealed(place: str) -> str:
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _opened(cursor: str | None) -> str | None:
    if not cursor:
        return None
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise InvalidError(
            "cursor: this is none; give the header X-Next-Cursor of the page before."
        ) from None
