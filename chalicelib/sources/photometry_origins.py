"""The origins of the photometry that a requester may see."""

from itertools import islice

from chalicelib.access import Requester
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources import source_lists
from chalicelib.sources.photometry import find_visible_points

MOST_SOURCES = 300
"""Sources whose photometry one request reads."""


def list_origins(requester: Requester) -> tuple[list[str], list[str]]:
    """Return the origins of points of the newest sources, and a note if there are more sources."""
    page = source_lists.list_sources(requester, SourcesQuery(numPerPage=MOST_SOURCES))
    sources = islice(page.sources, MOST_SOURCES)
    points = (point for source in sources for point in find_visible_points(requester, source.source_id))
    origins = sorted({point.origin for point in points if point.origin})
    notes = [f"These are the origins in the newest {MOST_SOURCES} of your sources."] if page.cursor else []
    return origins, notes
