"""Lists of analyses: all of one source, or those of all sources, a page at a time."""

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chalicelib.access import Requester
from chalicelib.analysis import analysis_views
from chalicelib.errors import InvalidError
from chalicelib.schemas.analyses import COMPARISON, AnalysesQuery
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables import analysis_listings as listings

__all__ = ["AnalysisPage", "list_analyses", "list_source_analyses"]

MOST_READ = 2000
"""Records that one request looks at: a page may be short, its cursor says where to go on."""

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip

Test = Callable[[analyses_table.AnalysisItem], bool]


@dataclass(frozen=True)
class AnalysisPage:
    """A page of analyses, and where the next one begins, if there is more."""

    items: list[analyses_table.AnalysisItem]
    cursor: int | None


def list_source_analyses(
    requester: Requester, source_id: str, query: AnalysesQuery
) -> list[analyses_table.AnalysisItem]:
    """Return the analyses of a source that the requester may see, newest first, all of them."""
    return list(filter(_test(query), analysis_views.find_source_analyses(requester, source_id)))


def list_analyses(requester: Requester, query: AnalysesQuery) -> AnalysisPage:
    """Return a page of the analyses that the requester may see, newest first.

    Raises
    ------
    InvalidError
        If the page lies too deep, or a filter cannot be understood.
    """
    before, enough = _opened(query.cursor), query.skipped + query.numPerPage
    most = max(MOST_READ, enough)
    test, read, last = _test(query), 0, before
    items: list[analyses_table.AnalysisItem] = []
    for item in islice(_newest(requester, query, before), most + 1):
        if len(items) == enough or read == most:
            return AnalysisPage(items[query.skipped :], last)
        read, last = read + 1, int(item.id)
        if analysis_views.is_analysis_visible(requester, item) and test(item):
            items.append(item)
    return AnalysisPage(items[query.skipped :], None)


def _opened(cursor: str | None) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 16):
        raise InvalidError("cursor: this is none; give the header X-Next-Cursor of the page before.")
    return int(cursor)


def _newest(
    requester: Requester, query: AnalysesQuery, before: int | None
) -> Iterator[analyses_table.AnalysisItem]:
    """Read what may be on the page, by the narrowest index that there is."""
    if query.objID:
        return analyses_table.iterate_source_analyses(query.objID, before)
    if query.analysisServiceID:
        return analyses_table.iterate_service_analyses(query.analysisServiceID, before)
    if requester.is_admin:
        return listings.iterate_newest([listings.EVERYONE], before, query.numPerPage + 1)
    mine = [listings.author_listing(requester.user_id), *map(listings.group_listing, requester.groups)]
    return listings.iterate_newest(mine, before, query.numPerPage + 1)


def _test(query: AnalysesQuery) -> Test:
    compared = _comparison(query.result) if query.result else None

    def test(item: analyses_table.AnalysisItem) -> bool:
        return (
            query.objID in (None, item.obj_id)
            and query.analysisServiceID in (None, int(item.analysis_service_id))
            and query.status in (None, item.status)
            and (bool(item.is_summary) or not query.summaryOnly)
            and (compared is None or compared(item))
        )

    return test


def _comparison(text: str) -> Test:
    """Return the test that ``chi2<2`` stands for: a comparison of a scalar of the results."""
    found = re.fullmatch(COMPARISON, text)
    if not found:
        raise InvalidError(f"result: {text[:100]!r} is no comparison such as chi2<2 or model=salt3.")
    name, sign, written = (part.strip() for part in found.groups())
    wanted = _number(written)

    def test(item: analyses_table.AnalysisItem) -> bool:
        given = (item.products or {}).get("scalars", {}).get(name)
        if isinstance(wanted, float) and type(given) in (int, float):
            return OPERATORS[sign](given, wanted)
        return given is not None and sign in ("=", "==", "!=") and OPERATORS[sign](str(given), written)

    return test


def _number(written: str) -> float | str:
    try:
        return float(written)
    except ValueError:
        return written
