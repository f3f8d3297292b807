"""Lists of sources: all that one may see, those of some groups, of a name, or near a position.

A page reads its own sources and the places of these in listings; what it costs does not grow with
the number of sources that there are.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from chalicelib.access import Requester, groups_for
from chalicelib.errors import InvalidError
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources import sky
from chalicelib.tables import listings, source_counts
from chalicelib.tables import sources as table

__all__ = ["Page", "names_in_group", "page"]

MOST_COUNTED = 1000
"""Sources of a name that are counted: so many stand for any larger number."""

AT_ONCE = 1000
"""Places that are read of a listing at a time, where many are wanted."""

GROUP_ID = re.compile(r"[0-9]{1,15}")

Groups = frozenset[int] | None
"""Groups whose sources are listed; None for those of all groups there are."""


@dataclass(frozen=True)
class Page:
    """A page of sources, how many there are, and where the next page begins, if there is more."""

    sources: list[table.SourceItem]
    total: int
    cursor: str | None


def page(requester: Requester, query: SourcesQuery) -> Page:
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


def names_in_group(group_id: int) -> Iterator[str]:
    """Return the sources that are saved to a group, newest first."""
    return (source_id for _, source_id in listings.newest([listings.group_listing(group_id)], None, AT_ONCE))


def _groups(requester: Requester, asked: str | None) -> Groups:
    if not asked:
        return None if requester.is_admin else requester.groups
    words = [word.strip() for word in asked.split(",")]
    if not all(GROUP_ID.fullmatch(word) for word in words):
        raise InvalidError(f"group_ids: ids of groups are needed, as in 1,4, and not {asked[:100]!r}.")
    return frozenset(groups_for(requester, [int(word) for word in words], ()))


def _entries(query: SourcesQuery, groups: Groups, after: str | None) -> tuple[Iterator[listings.Entry], int]:
    """Return what a query finds, in order, and how much that is in all."""
    names = [listings.EVERYONE] if groups is None else [listings.group_listing(group) for group in groups]
    at_once = query.numPerPage + 1
    if cone := query.cone:
        near = _near(sky.find(*cone), query.sourceID or "", groups)
        return iter([entry for entry in near if after is None or entry[0] < after]), len(near)
    if query.sourceID:
        every = listings.named(names, query.sourceID, None, AT_ONCE)
        total = sum(1 for _ in islice(every, MOST_COUNTED))
        return listings.named(names, query.sourceID, after, at_once), total
    return listings.newest(names, after, at_once), source_counts.total(groups)


def _near(source_ids: list[str], prefix: str, groups: Groups) -> list[listings.Entry]:
    """Return those of the sources in a cone that may be shown, newest first."""
    heads = table.some(source_ids, heads=True).items()
    found = [
        (source.saved, source_id)
        for source_id, source in heads
        if _belongs(source, groups) and source_id.startswith(prefix)
    ]
    return sorted(found, reverse=True)


def _belongs(source: table.SourceItem, groups: Groups) -> bool:
    return groups is None or not groups.isdisjoint(table.groups_of(source))


def _read(entries: Iterator[listings.Entry], size: int, groups: Groups, total: int) -> Page:
    """Read the sources of a page; what an index still shows and is no more, is skipped."""
    sources: list[table.SourceItem] = []
    last = None
    while chunk := list(islice(entries, size - len(sources))):
        found = table.some(source_id for _, source_id in chunk)
        there = [found[source_id] for _, source_id in chunk if source_id in found]
        sources += [source for source in there if _belongs(source, groups)]
        last = chunk[-1][0]
    more = next(entries, None) is not None
    return Page(sources, total, _sealed(last) if more and last else None)


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
