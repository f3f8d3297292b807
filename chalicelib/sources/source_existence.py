"""Whether a source exists, by its name or near a position."""

from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.errors import InvalidError
from chalicelib.schemas.sources import ExistsQuery
from chalicelib.sources.cone_search import search_cone
from chalicelib.tables.sources import find_sources

MOST_NAMED = 20
"""Sources that the answer names."""


def describe_existence(requester: Requester, source_id: str | None, query: ExistsQuery) -> dict[str, Any]:
    """Return whether the requester may see a source of this name, or else one in a cone.

    Raises
    ------
    InvalidError
        If there is neither a name nor a complete cone, or the cone is too large.
    """
    if source_id is None and query.cone is None:
        raise InvalidError("Name a source (GET /api/source_exists/<id>), or a cone by ra, dec and radius.")
    if source_id and _list_visible(requester, [source_id]):
        return {"source_exists": True, "message": f"A source with the name {source_id} exists."}
    names = _list_visible(requester, search_cone(*query.cone)) if query.cone else []
    if names:
        return {"source_exists": True, "message": f"Sources at this position: {', '.join(names[:MOST_NAMED])}."}
    missing = f"No source has the name {source_id}." if source_id else "No source is at this position."
    return {"source_exists": False, "message": missing}


def _list_visible(requester: Requester, source_ids: list[str]) -> list[str]:
    heads = find_sources(source_ids, heads=True).values()
    return sorted(source.source_id for source in heads if is_visible(requester, source))
