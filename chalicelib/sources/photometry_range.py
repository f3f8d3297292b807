"""Photometry between two dates, of one source, or of all that one sees, a page of sources at a time."""

from collections.abc import Iterator
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import TooLargeError
from chalicelib.schemas.photometry import RangeBody, RangeQuery
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources import photometry, source_lists, source_records, times
from chalicelib.sources.photometry_rows import Row
from chalicelib.tables import photometry as photometry_table

__all__ = ["list_points_between"]

MOST_READ = 300_000
"""Points that one request looks at; a single source never has as many."""


def list_points_between(
    requester: Requester, query: RangeQuery, body: RangeBody
) -> tuple[list[dict[str, Any]], str | None]:
    """Return points between two dates, and where the next page begins, if there is more.

    There is no index of all points by time: a page reads the light curves of its sources.

    Raises
    ------
    InvalidError
        If a date is none, or a magnitude is not known on the system asked for.
    NotFoundError
        If the source asked for is not there, or not the requester's to see.
    TooLargeError
        If the sources of a page have more points than one request can read.
    """
    if query.obj_id is not None:
        sources, cursor = [source_records.get_visible_source(requester, query.obj_id)], None
    else:
        wanted = SourcesQuery(pageNumber=query.pageNumber, numPerPage=query.numPerPage, cursor=query.cursor)
        page = source_lists.list_sources(requester, wanted)
        sources, cursor = page.sources, page.cursor
    rows = list(_chosen(requester, [source.source_id for source in sources], _Choice(query, body)))
    return list(photometry.points_to_json(requester, rows, query.format, query.magsys)), cursor


def _chosen(requester: Requester, source_ids: list[str], chosen: "_Choice") -> Iterator[tuple[str, Row]]:
    read = 0
    for source_id in source_ids:
        kept = photometry_table.find_blocks(source_id)
        # What the requester may not see takes as long to read.
        read += sum(len(block.columns["id"]) for block in kept)
        if read > MOST_READ:
            raise TooLargeError(
                f"numPerPage: the sources of this page have more than {MOST_READ} points; ask for fewer "
                "sources at a time, or for one by obj_id."
            )
        yield from (
            (source_id, row) for row in photometry.filter_visible_rows(requester, kept) if chosen(row)
        )


class _Choice:
    """Says of a row whether it was asked for; a body says more than a query."""

    def __init__(self, query: RangeQuery, body: RangeBody) -> None:
        first, last = body.min_date or query.min_date, body.max_date or query.max_date
        self.first = times.time_to_mjd(times.parse_time("min_date", first)) if first else -float("inf")
        self.last = times.time_to_mjd(times.parse_time("max_date", last)) if last else float("inf")
        self.instruments = set(body.instrument_ids or query.instruments)

    def __call__(self, row: Row) -> bool:
        known = not self.instruments or row["instrument_id"] in self.instruments
        return known and self.first <= row["mjd"] <= self.last
