"""Photometry between two dates, of one source, or of all that one sees, a page of sources at a time."""

from typing import Any

from chalicelib.access import Requester
from chalicelib.schemas.photometry import RangeBody, RangeQuery
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources import catalogue, listing, photometry, times
from chalicelib.sources.rows import Row

__all__ = ["find"]


def find(requester: Requester, query: RangeQuery, body: RangeBody) -> tuple[list[dict[str, Any]], str | None]:
    """Return points between two dates, and where the next page begins, if there is more.

    There is no index of all points by time: a page reads the light curves of its sources.

    Raises
    ------
    InvalidError
        If a date is none, or a magnitude is not known on the system asked for.
    NotFoundError
        If the source asked for is not there, or not the requester's to see.
    """
    if query.obj_id is not None:
        sources, cursor = [catalogue.seen(requester, query.obj_id)], None
    else:
        wanted = SourcesQuery(pageNumber=query.pageNumber, numPerPage=query.numPerPage, cursor=query.cursor)
        page = listing.page(requester, wanted)
        sources, cursor = page.sources, page.cursor
    chosen = _Choice(query, body)
    rows = [
        (source.source_id, row)
        for source in sources
        for row in photometry.points(requester, source.source_id)
        if chosen(row)
    ]
    return list(photometry.shown(requester, rows, query.format, query.magsys)), cursor


class _Choice:
    """Says of a row whether it was asked for; a body says more than a query."""

    def __init__(self, query: RangeQuery, body: RangeBody) -> None:
        first, last = body.min_date or query.min_date, body.max_date or query.max_date
        self.first = times.mjd(times.read("min_date", first)) if first else -float("inf")
        self.last = times.mjd(times.read("max_date", last)) if last else float("inf")
        self.instruments = set(body.instrument_ids or query.instruments)

    def __call__(self, row: Row) -> bool:
        known = not self.instruments or row["instrument_id"] in self.instruments
        return known and self.first <= row["mjd"] <= self.last
