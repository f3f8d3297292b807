"""Classifications of all sources, newest first: read by their ids, up to a limit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from chalicelib.access import Requester, is_visible
from chalicelib.errors import InvalidError
from chalicelib.schemas.fields import LARGEST_ID
from chalicelib.schemas.remarks import ClassificationsQuery
from chalicelib.sources.times import parse_time
from chalicelib.tables import remarks as remarks_table
from chalicelib.tables.remarks import RemarkItem
from chalicelib.tables.sources import find_sources

MOST_EXAMINED = 300
"""Classifications that one request reads."""

AT_ONCE = 50
"""Classifications whose sources are read together."""


@dataclass
class ClassificationPage:
    """A page of classifications, their number so far, the cursor of the next page, and what to know of it."""

    items: list[RemarkItem]
    total: int
    cursor: str | None = None
    notes: list[str] = field(default_factory=list)


def find_classifications(requester: Requester, query: ClassificationsQuery) -> ClassificationPage:
    """Return a page of the classifications that the requester may see.

    Raises
    ------
    InvalidError
        If the cursor or a date is invalid.
    """
    is_wanted = _make_filter(query)
    below = _parse_cursor(query.cursor)
    examined = list(islice(_iterate_items(requester, below), MOST_EXAMINED + 1))
    matches = [item for _, item in examined[:MOST_EXAMINED] if item is not None and is_wanted(item)]
    page = matches[query.skipped : query.skipped + query.numPerPage]
    if len(matches) > query.skipped + query.numPerPage:
        return ClassificationPage(page, len(matches), str(page[-1].id))
    if len(examined) <= MOST_EXAMINED:
        return ClassificationPage(page, len(matches))
    note = (
        f"The newest {MOST_EXAMINED} classifications were examined; send the header X-Next-Cursor as cursor to go on."
    )
    return ClassificationPage(page, len(matches), str(examined[MOST_EXAMINED - 1][0]), [note])


def list_classified_sources(requester: Requester, query: ClassificationsQuery) -> ClassificationPage:
    """Return the newest classification of each source on a page of classifications."""
    page = find_classifications(requester, query)
    newest = {item.source_id: item for item in reversed(page.items)}
    page.items = sorted(newest.values(), key=lambda item: -item.id)
    return page


def _iterate_items(requester: Requester, below: int) -> Iterator[tuple[int, RemarkItem | None]]:
    """Return the classifications below an id, newest first; None for those that the requester may not see."""
    places = iter(remarks_table.iterate_classification_places(below))
    while chunk := list(islice(places, AT_ONCE)):
        keys = [(place.source_id, place.part) for place in chunk]
        items = {(item.source_id, item.part): item for item in RemarkItem.find_many(keys)}
        sources = find_sources({place.source_id for place in chunk}, heads=True)
        for place in chunk:
            item = items.get((place.source_id, place.part))
            source = sources.get(place.source_id)
            is_shown = item and source and is_visible(requester, source) and is_visible(requester, item)
            yield int(place.key), item if is_shown else None


def _make_filter(query: ClassificationsQuery) -> Callable[[RemarkItem], bool]:
    first = parse_time("startDate", query.startDate).isoformat() if query.startDate else ""
    last = parse_time("endDate", query.endDate).isoformat() if query.endDate else "9999"
    name = query.classification
    return lambda item: (
        first <= str(item.created_at)[: len(first) or None]
        and str(item.created_at)[: len(last)] <= last
        and name in (None, item.fields["classification"])
    )


def _parse_cursor(cursor: str | None) -> int:
    if not cursor:
        return LARGEST_ID
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 16):
        raise InvalidError("cursor: not one of this list; send the header X-Next-Cursor of the page before.")
    return int(cursor)
