"""The spectra of many sources at once, with the times that phases are counted from."""

from typing import Any, NamedTuple

from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.schemas.spectra import SpectraSelection
from chalicelib.sources import source_lists
from chalicelib.sources.source_parts import SourceParts
from chalicelib.tables.remarks import RemarkItem
from chalicelib.tables.sources import SourceItem, find_sources
from chalicelib.tables.spectra import iterate_spectra

MOST_SOURCES = 300
"""Sources of which one request reads spectra, classifications and PhotStats."""

MOST_VALUES = 1_000_000
"""Numbers in the spectra of an answer: some 20 MB of JSON."""


class BulkAnswer(NamedTuple):
    """The data of an answer, and what it leaves out."""

    data: dict[str, Any]
    notes: list[str]


class _Selection(NamedTuple):
    sources: list[SourceItem]
    has_more: bool


def collect_spectra(requester: Requester, selection: SpectraSelection) -> BulkAnswer:
    """Return the spectra of the chosen sources that the requester may see.

    Raises
    ------
    ForbiddenError
        If the requester is not in the group.
    """
    sources, has_more = _select_sources(requester, selection)
    parts = {source.source_id: SourceParts(requester, source.source_id) for source in sources}
    spectra, is_full = _collect_values(requester, sources)
    notes = []
    if has_more:
        notes.append("There are more sources: choose fewer by group_id, obj_ids or classifications.")
    if is_full:
        notes.append(f"There are more spectra than {MOST_VALUES} numbers: choose fewer sources.")
    data = {
        "sources": [_get_anchors(source, parts[source.source_id]) for source in sources],
        "spectra": sorted(spectra, key=lambda spectrum: str(spectrum["observed_at"])),
        "truncated": has_more or is_full,
    }
    return BulkAnswer(data, notes)


def _select_sources(requester: Requester, selection: SpectraSelection) -> _Selection:
    limit = min(selection.maxSources, MOST_SOURCES)
    group_ids = None if selection.group_id is None else [selection.group_id]
    if selection.source_ids:
        groups = resolve_group_ids(requester, group_ids, ())
        items = find_sources(selection.source_ids)
        visible = [items[name] for name in selection.source_ids if name in items]
        visible = [item for item in visible if is_visible(requester, item) and groups <= item.group_ids]
        candidates, has_more = visible[:MOST_SOURCES], len(visible) > MOST_SOURCES
    else:
        size = MOST_SOURCES if selection.classes else limit
        page = source_lists.list_sources(requester, SourcesQuery(group_ids=group_ids, numPerPage=size))
        candidates, has_more = page.sources, page.cursor is not None
    if selection.classes:
        candidates = [source for source in candidates if _has_class(requester, source, selection)]
    return _Selection(candidates[:limit], has_more or len(candidates) > limit)


def _has_class(requester: Requester, source: SourceItem, selection: SpectraSelection) -> bool:
    threshold = selection.classificationProbThreshold

    def counts(item: RemarkItem) -> bool:
        probability = item.fields.get("probability")
        is_likely = threshold is None or (probability is not None and probability >= threshold)
        return is_likely and not item.fields.get("ml") and item.fields["classification"] in selection.classes

    return any(map(counts, SourceParts(requester, source.source_id).classifications))


def _collect_values(requester: Requester, sources: list[SourceItem]) -> tuple[list[dict[str, Any]], bool]:
    """Return the spectra of sources, and whether there are more than an answer holds."""
    spectra: list[dict[str, Any]] = []
    count = 0
    for source in sources:
        for item in iterate_spectra(source.source_id):
            if not is_visible(requester, item):
                continue
            count += 2 * len(item.fields["fluxes"])
            if count > MOST_VALUES and spectra:
                return spectra, True
            values = {name: item.fields[name] for name in ("observed_at", "wavelengths", "fluxes")}
            spectra.append({"obj_id": source.source_id, **values})
    return spectra, False


def _get_anchors(source: SourceItem, parts: SourceParts) -> dict[str, Any]:
    phot_stat = parts.phot_stat or {}
    tns_info = source.fields.get("tns_info")
    return {
        "id": source.source_id,
        "redshift": source.fields.get("redshift"),
        "first_detected_mjd": phot_stat.get("first_detected_mjd"),
        "peak_mjd": phot_stat.get("peak_mjd_global"),
        "tns_discovery_date": tns_info.get("discoverydate") if isinstance(tns_info, dict) else None,
    }
