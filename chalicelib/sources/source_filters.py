"""Filters of lists of sources that no index answers: each source is read and compared.

A condition on the record itself costs nothing more; one on what belongs to the source (remarks, spectra,
PhotStats) reads that of each source, and is checked last.
"""

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import InvalidError
from chalicelib.schemas.sources import SourcesQuery
from chalicelib.sources.source_parts import SourceParts
from chalicelib.sources.times import parse_time, time_to_mjd
from chalicelib.tables.favorites import iterate_favorites
from chalicelib.tables.remarks import RemarkItem
from chalicelib.tables.source_names import join_names, list_names, normalize_name, strip_prefix
from chalicelib.tables.sources import SourceItem
from chalicelib.tables.taxonomies import find_taxonomies

RecordCondition = Callable[[SourceItem], bool]
PartCondition = Callable[[SourceParts], bool]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def build_record_conditions(requester: Requester, query: SourcesQuery) -> list[RecordCondition]:
    """Return the conditions of a query on the record of a source.

    Raises
    ------
    InvalidError
        If a value of the query is invalid.
    """
    low, high = query.minRedshift, query.maxRedshift
    conditions: list[RecordCondition] = []
    if query.name:
        text = normalize_name_part(query.name)
        conditions.append(lambda source: text in join_names(list_names(source.source_id, source.fields)))
    if query.listName:
        favorites = {source_id for _, source_id in iterate_favorites(requester.user_id)}
        conditions.append(lambda source: source.source_id in favorites)
    if low is not None or high is not None:
        conditions.append(lambda source: _is_between(source.fields.get("redshift"), low, high))
    if query.savedAfter or query.savedBefore:
        conditions.append(_make_time_condition(query, "savedAfter", "savedBefore", lambda source: source.created_at))
    if query.createdOrModifiedAfter:
        conditions.append(_make_time_condition(query, "createdOrModifiedAfter", None, lambda source: source.modified))
    if query.rejectedSourceIDs:
        rejected = set(query.rejectedSourceIDs)
        conditions.append(lambda source: source.source_id not in rejected)
    if query.savedByCurrentUser:
        conditions.append(lambda source: source.owner_id == requester.user_id)
    if query.hasTNSname:
        conditions.append(lambda source: bool(source.fields.get("tns_name")))
    if query.hasNoTNSname:
        conditions.append(lambda source: not source.fields.get("tns_name"))
    texts = {name: getattr(query, name) for name in ("alias", "origin", "simbadClass", "TNSname")}
    return [*conditions, *(_make_text_condition(name, text.lower()) for name, text in texts.items() if text)]


def normalize_name_part(name: str) -> str:
    """Return the text to look for in normalized names.

    Raises
    ------
    InvalidError
        If nothing is left of it.
    """
    text = strip_prefix(normalize_name(name))
    if not text:
        raise InvalidError("name: expected at least one letter or digit of a name.")
    return text


def _is_between(value: float | None, low: float | None, high: float | None) -> bool:
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _parse_moment(query: SourcesQuery, name: str | None) -> datetime | None:
    text = getattr(query, name) if name else None
    return parse_time(name or "", text) if text else None


def _make_time_condition(
    query: SourcesQuery, after: str, before: str | None, get_time: Callable[[Any], str]
) -> Callable[[Any], bool]:
    first, last = _parse_moment(query, after), _parse_moment(query, before)

    def is_in_time(item: Any) -> bool:
        time = datetime.fromisoformat(get_time(item))
        return (first is None or time >= first) and (last is None or time <= last)

    return is_in_time


def _make_text_condition(name: str, text: str) -> RecordCondition:
    """Return whether a field holds a text, in upper or lower case."""

    def has_text(source: SourceItem) -> bool:
        altdata = source.fields.get("altdata")
        simbad = altdata.get("simbad") if isinstance(altdata, dict) else None
        fields = {
            "alias": source.fields.get("alias") or [],
            "origin": [source.fields.get("origin") or ""],
            "TNSname": [source.fields.get("tns_name") or ""],
            "simbadClass": [str(simbad.get("class", "")) if isinstance(simbad, dict) else ""],
        }
        if name == "simbadClass":
            return fields[name][0].lower() == text
        return any(text in value.lower() for value in fields[name])

    return has_text


def build_part_conditions(query: SourcesQuery) -> list[PartCondition]:
    """Return the conditions of a query on what belongs to a source.

    Raises
    ------
    InvalidError
        If a value of the query is invalid.
    """
    return [
        *_build_classification_conditions(query),
        *_build_spectrum_conditions(query),
        *_build_remark_conditions(query),
        *_build_phot_stat_conditions(query),
    ]


def _build_classification_conditions(query: SourcesQuery) -> list[PartCondition]:
    conditions: list[PartCondition] = []
    names = _load_class_names() if query.classifications or query.nonclassifications else {}

    def list_classes(parts: SourceParts) -> set[str]:
        return {name for item in parts.classifications for name in _name_class(item, names)}

    if query.classifications:
        classes = {_trim_class(name) for name in query.classifications}
        if query.classifications_simul:
            conditions.append(lambda parts: classes <= list_classes(parts))
        else:
            conditions.append(lambda parts: not classes.isdisjoint(list_classes(parts)))
    if query.nonclassifications:
        others = {_trim_class(name) for name in query.nonclassifications}
        conditions.append(lambda parts: others.isdisjoint(list_classes(parts)))
    if query.classified:
        conditions.append(lambda parts: bool(parts.classifications))
    if query.unclassified:
        conditions.append(lambda parts: not parts.classifications)
    return conditions


def _load_class_names() -> dict[int, str]:
    return {item.id: item.name for item in find_taxonomies()}


def _trim_class(name: str) -> str:
    """Return "Taxonomy: Class" or "Class" in one spelling."""
    return ":".join(part.strip() for part in name.split(":"))


def _name_class(item: RemarkItem, taxonomies: dict[int, str]) -> list[str]:
    name = item.fields["classification"]
    taxonomy = taxonomies.get(item.fields.get("taxonomy_id") or 0)
    return [name, f"{taxonomy}:{name}"] if taxonomy else [name]


def _build_spectrum_conditions(query: SourcesQuery) -> list[PartCondition]:
    conditions: list[PartCondition] = []
    if query.hasSpectrum:
        conditions.append(lambda parts: bool(parts.spectra))
    if query.hasNoSpectrum:
        conditions.append(lambda parts: not parts.spectra)
    if query.hasSpectrumAfter or query.hasSpectrumBefore:
        is_in_time = _make_time_condition(
            query, "hasSpectrumAfter", "hasSpectrumBefore", lambda item: item.fields["observed_at"]
        )
        conditions.append(lambda parts: any(map(is_in_time, parts.spectra)))
    return conditions


def _build_remark_conditions(query: SourcesQuery) -> list[PartCondition]:
    return [
        *(_make_annotation_condition(query, text) for text in query.annotationsFilter or ()),
        *(_make_comment_condition(query, text.lower()) for text in query.commentsFilter or ()),
    ]


def _make_comment_condition(query: SourcesQuery, text: str) -> PartCondition:
    is_in_time = _make_time_condition(
        query, "commentsFilterAfter", "commentsFilterBefore", lambda item: item.created_at
    )
    return lambda parts: any(text in item.fields["text"].lower() and is_in_time(item) for item in parts.comments)


def _make_annotation_condition(query: SourcesQuery, text: str) -> PartCondition:
    """Return the condition of ``name`` (it exists) or ``name:value:comparison``."""
    name, *rest = (part.strip() for part in text.split(":"))
    if len(rest) not in (0, 2) or (rest and rest[1] not in COMPARISONS):
        raise InvalidError(
            f"annotationsFilter: expected name, or name:value:comparison with one of {', '.join(COMPARISONS)}, "
            f"not {text[:60]!r}."
        )
    origins = set(query.annotationsFilterOrigin or ())
    is_in_time = _make_time_condition(
        query, "annotationsFilterAfter", "annotationsFilterBefore", lambda item: item.created_at
    )

    def has_annotation(parts: SourceParts) -> bool:
        return any(
            name in item.fields["data"] and (not rest or _compare(item.fields["data"][name], *rest))
            for item in parts.annotations
            if (not origins or item.fields["origin"] in origins) and is_in_time(item)
        )

    return has_annotation


def _compare(value: object, text: str, comparison: str) -> bool:
    """Compare as numbers if both are, else as text, of which only equality is compared."""
    try:
        return COMPARISONS[comparison](float(str(value)), float(text))
    except ValueError:
        return comparison in ("eq", "ne") and COMPARISONS[comparison](str(value), text)


def _build_phot_stat_conditions(query: SourcesQuery) -> list[PartCondition]:
    infix = "no_forced_phot_" if query.excludeForcedPhotometry else ""
    count = "num_det_no_forced_phot_global" if query.excludeForcedPhotometry else "num_det_global"
    first = _parse_moment(query, "startDate")
    last = _parse_moment(query, "endDate")
    earliest = time_to_mjd(first) if first else None
    latest = time_to_mjd(last) if last else None
    ranges: list[tuple[str, float | None, float | None]] = [
        ("peak_mag_global", query.minPeakMagnitude, query.maxPeakMagnitude),
        (f"last_detected_{infix}mag", query.minLatestMagnitude, query.maxLatestMagnitude),
        (f"last_detected_{infix}mjd", earliest, latest),
        (count, query.numberDetections, None),
    ]

    def make_condition(name: str, low: float | None, high: float | None) -> PartCondition:
        return lambda parts: parts.phot_stat is not None and _is_between(parts.phot_stat[name], low, high)

    return [make_condition(name, low, high) for name, low, high in ranges if (low, high) != (None, None)]
