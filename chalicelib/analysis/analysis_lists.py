"""Lists of analyses: all of one source, or those of all sources, a page at a time."""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chalicelib.access import Requester
from chalicelib.analysis.analysis_views import find_source_analyses, is_analysis_visible
from chalicelib.errors import InvalidError
from chalicelib.schemas.analyses import COMPARISON, AnalysesQuery
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables.analysis_items import AnalysisItem, author_listing
from chalicelib.tables.base import EVERYONE, group_listing

MAX_RECORDS_READ = 2000
"""Records that one request reads: a page may be short, and its cursor says where to continue."""

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip

Predicate = Callable[[AnalysisItem], bool]


@dataclass(frozen=True)
class AnalysisPage:
    """A page of analyses, and the cursor of the next one, if there is more."""

    items: list[AnalysisItem]
    cursor: int | None


def list_source_analyses(requester: Requester, source_id: str, query: AnalysesQuery) -> list[AnalysisItem]:
    """Return all analyses of a source that the requester may see and the query selects, newest first."""
    return list(filter(_make_predicate(query), find_source_analyses(requester, source_id)))


def list_analyses(requester: Requester, query: AnalysesQuery) -> AnalysisPage:
    """Return a page of the analyses that the requester may see, newest first.

    Raises
    ------
    InvalidError
        If the cursor or the comparison of results is malformed.
    """
    last_id = parse_id_cursor(query.cursor)
    needed = query.skipped + query.numPerPage
    most = max(MAX_RECORDS_READ, needed)
    is_selected = _make_predicate(query)
    items: list[AnalysisItem] = []
    candidates = islice(_iterate_candidates(requester, query, last_id), most + 1)
    for count, item in enumerate(candidates):
        if len(items) == needed or count == most:
            return AnalysisPage(items[query.skipped :], last_id)
        last_id = item.id
        if is_analysis_visible(requester, item) and is_selected(item):
            items.append(item)
    return AnalysisPage(items[query.skipped :], None)


def parse_id_cursor(cursor: str | None) -> int | None:
    """Return the id that a page continues after, or None for the first page.

    Raises
    ------
    InvalidError
        If the cursor is not one of ours.
    """
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 16):
        raise InvalidError("cursor: not valid. Pass the previous page's X-Next-Cursor header.")
    return int(cursor)


def _iterate_candidates(requester: Requester, query: AnalysesQuery, before: int | None) -> Iterator[AnalysisItem]:
    """Yield the analyses that may be on the page, by the narrowest index."""
    if query.objID:
        return analyses_table.iterate_source_analyses(query.objID, before)
    if query.analysisServiceID:
        return analyses_table.iterate_service_analyses(query.analysisServiceID, before)
    listings = [EVERYONE]
    if not requester.is_admin:
        listings = [author_listing(requester.user_id)]
        listings += map(group_listing, requester.groups)
    return analyses_table.iterate_newest(listings, before, query.numPerPage + 1)


def _make_predicate(query: AnalysesQuery) -> Predicate:
    compare = _make_comparison(query.result) if query.result else None

    def is_selected(item: AnalysisItem) -> bool:
        return (
            query.objID in (None, item.obj_id)
            and query.analysisServiceID in (None, item.analysis_service_id)
            and query.status in (None, item.status)
            and (item.is_summary or not query.summaryOnly)
            and (compare is None or compare(item))
        )

    return is_selected


def _make_comparison(text: str) -> Predicate:
    """Return the predicate of a comparison of a scalar of the results, such as ``chi2<2``."""
    match = re.fullmatch(COMPARISON, text)
    if not match:
        raise InvalidError(f"result: {text[:100]!r} is not a comparison. Write it like chi2<2 or model=salt3.")
    name, sign, operand = (part.strip() for part in match.groups())
    number = _parse_number(operand)

    def compare(item: AnalysisItem) -> bool:
        scalar = (item.products.scalars or {}).get(name)
        if number is not None and type(scalar) in (int, float):
            return OPERATORS[sign](scalar, number)
        return scalar is not None and sign in ("=", "==", "!=") and OPERATORS[sign](str(scalar), operand)

    return compare


def _parse_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
