"""Photometry between two dates, of one source, or of all that one sees, a page of sources at a time."""

from collections.abc import Iterator
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import TooLargeError
from chalicelib.schemas.photometry import RangeBody, RangeQuery
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources import catalogue, listing, photometry, times
from chalicelib.sources.rows import Row
from chalicelib.tables import photometry as table

__all__ = ["find"]

MOST_READ = 300_000
"""Points that one request looks at; a single source never has as many."""


def find(requester: Requester, query: RangeQuery, body: RangeBody) -> tuple[list[dict[str, Any]], str | None]:
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
        sources, cursor = [catalogue.seen(requester, query.obj_id)], None
    else:
        wanted = SourcesQuery(pageNumber=query.pageNumber, numPerPage=query.numPerPage, cursor=query.cursor)
        page = listing.page(requester, wanted)
        sources, cursor = page.sources, page.cursor
    rows = list(_chosen(requester, [source.source_id for source in sources], _Choice(query, body)))
    return list(photometry.shown(requester, rows, query.format, query.magsys)), cursor


def _chosen(requester: Requester, source_ids: list[str], chosen: "_Choice") -> Iterator[tuple[str, Row]]:
    read = 0
    for source_id in source_ids:
        kept = table.blocks(source_id)
        # What the requester may not see takes as long to read.
        read += sum(len(block.columns["id"]) for block in kept)
        if read > MOST_READ:
            raise TooLargeError(
                f"numPerPage: the sources of this page have more than {MOST_READ} points; ask for fewer "
                "sources at a time, or for one by obj_id."
            )
        yield from ((source_id, row) for row in photometry.visible(requester, kept) if chosen(row))


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
