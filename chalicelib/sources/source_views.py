"""Sources as lists and single answers show them, with the parts that a query asks for."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import InvalidError
from chalicelib.schemas.sources import PARTS, SourceQuery, SourcesQuery
from chalicelib.sources import remarks
from chalicelib.sources.source_parts import SourceParts
from chalicelib.sources.source_records import sources_to_json
from chalicelib.tables.sources import SourceItem

MOST_WITH_PARTS = 100
"""Sources of one page to which parts are added."""


def list_page(requester: Requester, sources: list[SourceItem], query: SourcesQuery) -> list[dict[str, Any]]:
    """Return the sources of a page in the form that its query asks for.

    Raises
    ------
    InvalidError
        If parts of too many sources are asked for.
    """
    if query.saveSummary:
        return [summary for source in sources for summary in _summarize_saves(requester, source, query)]
    if query.numPerPage > MOST_WITH_PARTS and any(getattr(query, name) for name in PARTS):
        raise InvalidError(f"numPerPage: at most {MOST_WITH_PARTS} with parts of each source (include…).")
    records = sources_to_json(requester, sources)
    if query.includeClassifications:
        _add_classifications(requester, records)
    for record in records:
        add_parts(requester, record, query)
        if query.removeNested:
            del record["groups"]
    return records


def _summarize_saves(requester: Requester, source: SourceItem, query: SourcesQuery) -> Iterable[dict[str, Any]]:
    visible = source.group_ids if requester.is_admin else source.group_ids & requester.groups
    for group_id in sorted(visible & set(query.group_ids or visible)):
        yield {
            "obj_id": source.source_id,
            "group_id": group_id,
            "saved_by_id": source.owner_id,
            "saved_at": source.created_at,
            "active": True,
            "requested": False,
        }


def _add_classifications(requester: Requester, records: list[dict[str, Any]]) -> None:
    """Add to each source its classifications, whose authors and groups are read once for all."""
    items = [
        item for record in records for item in remarks.find_visible_remarks(requester, record["id"], "classification")
    ]
    classifications = remarks.remarks_to_json(requester, items)
    for record in records:
        record["classifications"] = [each for each in classifications if each["obj_id"] == record["id"]]


def add_parts(requester: Requester, record: dict[str, Any], query: SourceQuery | SourcesQuery) -> None:
    """Add to a source what a query asks for."""
    parts = SourceParts(requester, record["id"])
    if query.includePhotometryExists:
        record["photometry_exists"] = parts.has_photometry
    if query.includeSpectrumExists:
        record["spectrum_exists"] = bool(parts.spectra)
    if query.includePeriodExists:
        record["period_exists"] = parts.has_period
    if query.includeCommentExists:
        record["comment_exists"] = bool(parts.comments)
    if query.includeComments:
        record["comments"] = remarks.list_remarks(requester, record["id"], "comment")
    if query.includePhotStats or query.includeDetectionStats:
        record["photstats"] = [parts.phot_stat] if parts.phot_stat else []


def keep_newest(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return, of the points of one instrument, filter and time, only the one that was uploaded last."""
    newest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for point in sorted(points, key=lambda point: point["id"]):
        newest[point["instrument_id"], point["filter"], point["mjd"]] = point
    return sorted(newest.values(), key=lambda point: (point["mjd"], point["id"]))
