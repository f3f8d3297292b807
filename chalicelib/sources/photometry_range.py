"""Points between two dates, of one source or of many."""

from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import TooLargeError
from chalicelib.schemas.photometry import RangeBody, RangeQuery
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources import source_lists
from chalicelib.sources.photometry import points_to_json, select_visible
from chalicelib.sources.photometry_rows import Row
from chalicelib.sources.source_records import get_visible_source
from chalicelib.sources.times import parse_time, time_to_mjd
from chalicelib.tables import photometry as photometry_table
from chalicelib.tables.photometry import BlockItem

MAX_POINTS_READ = 300_000
"""Points that one request reads; a single source never has as many."""


def list_points_between(
    requester: Requester, query: RangeQuery, body: RangeBody
) -> tuple[list[dict[str, Any]], str | None]:
    """Return points between two dates, and the cursor of the next page if there is one.

    There is no index of points by time: a page reads the light curves of its sources.

    Raises
    ------
    InvalidError
        If a date is invalid, or Vega's magnitude is not known in one of the bandpasses.
    NotFoundError
        If the requested source does not exist or is not visible.
    TooLargeError
        If the sources of a page have more points than one request can read.
    """
    if query.obj_id is not None:
        source_ids, cursor = [get_visible_source(requester, query.obj_id).source_id], None
    else:
        paging = SourcesQuery(pageNumber=query.pageNumber, numPerPage=query.numPerPage, cursor=query.cursor)
        page = source_lists.list_sources(requester, paging)
        source_ids, cursor = [source.source_id for source in page.sources], page.cursor
    is_in_range = _make_range_filter(query, body)
    points = [
        (source_id, row)
        for source_id, blocks in _iterate_blocks(source_ids)
        for row in select_visible(requester, blocks)
        if is_in_range(row)
    ]
    return list(points_to_json(requester, points, query.format, query.magsys)), cursor


def _iterate_blocks(source_ids: list[str]) -> Iterator[tuple[str, list[BlockItem]]]:
    """Return the blocks of each source, up to `MAX_POINTS_READ` points, visible or not."""
    count = 0
    for source_id in source_ids:
        blocks = photometry_table.find_blocks(source_id)
        count += sum(len(block.columns["id"]) for block in blocks)
        if count > MAX_POINTS_READ:
            raise TooLargeError(
                f"numPerPage: the sources of this page have more than {MAX_POINTS_READ} points. Request fewer "
                "sources at a time, or one by obj_id."
            )
        yield source_id, blocks


def _make_range_filter(query: RangeQuery, body: RangeBody) -> Callable[[Row], bool]:
    """Return a function that says whether a row is in the requested range; the body takes precedence."""
    first, last = body.min_date or query.min_date, body.max_date or query.max_date
    min_mjd = time_to_mjd(parse_time("min_date", first)) if first else -float("inf")
    max_mjd = time_to_mjd(parse_time("max_date", last)) if last else float("inf")
    instrument_ids = set(body.instrument_ids or query.instrument_ids or ())

    def is_in_range(row: Row) -> bool:
        return min_mjd <= row.mjd <= max_mjd and (not instrument_ids or row.instrument_id in instrument_ids)

    return is_in_range
