"""Whether a source exists, by its name, another name of it, or near a position."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.errors import InvalidError
from chalicelib.schemas.sources import ExistsQuery
from chalicelib.sources.cone_search import search_cone
from chalicelib.tables.base import EVERYONE, group_listing
from chalicelib.tables.source_listings import iterate_by_name_part
from chalicelib.tables.source_names import list_names, normalize_name, strip_prefix
from chalicelib.tables.sources import SourceItem, find_sources

MOST_NAMED = 20
"""Sources that the answer names."""

MOST_COMPARED = 500
"""Sources with a similar name that one request reads."""


def describe_existence(
    requester: Requester, source_id: str | None, query: ExistsQuery
) -> tuple[dict[str, Any], list[str]]:
    """Return whether the requester may see a source of this name, or else one in a cone; and the ids of such sources.

    A source has the names in its record: its id, its aliases, its TNS name; SN, AT or ZTF before a year, blanks,
    and upper or lower case make no difference, since these name one object.

    Raises
    ------
    InvalidError
        If there is neither a name nor a complete cone, or the cone is too large.
    """
    if source_id is None and query.cone is None:
        raise InvalidError("Name a source (GET /api/source_exists/<id>), or a cone by ra, dec and radius.")
    if source_id and _list_visible(requester, [source_id]):
        return _say_exists(f"A source with the name {source_id} exists.", [source_id])
    if source_id and (named := _list_namesakes(requester, source_id)):
        return _say_exists(f"{source_id} is another name of {', '.join(named[:MOST_NAMED])}.", named)
    names = _list_visible(requester, search_cone(*query.cone)) if query.cone else []
    if names:
        return _say_exists(f"Sources at this position: {', '.join(names[:MOST_NAMED])}.", names)
    missing = f"No source has the name {source_id}." if source_id else "No source is at this position."
    return {"source_exists": False, "message": missing}, []


def _say_exists(message: str, source_ids: list[str]) -> tuple[dict[str, Any], list[str]]:
    return {"source_exists": True, "message": message}, source_ids[:MOST_NAMED]


def _list_visible(requester: Requester, source_ids: list[str]) -> list[str]:
    heads = find_sources(source_ids, heads=True).values()
    return sorted(source.source_id for source in heads if is_visible(requester, source))


def _list_namesakes(requester: Requester, name: str) -> list[str]:
    """Return the visible sources with this name in another spelling, or as another of their names."""
    text = _simplify(name)
    listings = [EVERYONE] if requester.is_admin else [group_listing(group) for group in requester.groups]
    entries = iterate_by_name_part(listings, text, None) if text else iter(())
    items = find_sources(source_id for _, source_id in islice(entries, MOST_COMPARED)).values()
    return _list_named(text, (item for item in items if is_visible(requester, item)))


def _list_named(text: str, sources: Iterable[SourceItem]) -> list[str]:
    return sorted(
        source.source_id
        for source in sources
        if text in {_simplify(name) for name in list_names(source.source_id, source.fields)}
    )


def _simplify(name: str) -> str:
    return strip_prefix(normalize_name(name))
