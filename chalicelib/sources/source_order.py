"""The order of a list of sources by a value of theirs; sources without the value come last."""

from collections.abc import Callable, Iterable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import InvalidError
from chalicelib.sources.source_parts import SourceParts
from chalicelib.tables.sources import SourceItem

FIELDS = ("ra", "dec", "redshift", "origin", "tns_name", "t0", "score")
RECORD: dict[str, Callable[[SourceItem], Any]] = {
    "id": lambda source: source.source_id,
    "saved_at": lambda source: source.created_at,
    "created_at": lambda source: source.created_at,
    "modified": lambda source: source.modified,
}


def sort_sources(requester: Requester, sources: Iterable[SourceItem], by: str, order: str) -> list[SourceItem]:
    """Return sources in the order of a value.

    Parameters
    ----------
    requester : Requester
        Whose view decides: what they may not see orders nothing.
    sources : iterable of SourceItem
        The sources.
    by : str
        ``id``, ``saved_at``, ``created_at``, ``modified``, one of `FIELDS`, ``classification`` (the newest),
        ``altdata.<key>[.<key>…]`` or ``annotation.<origin>.<key>``.
    order : {'asc', 'desc'}
        Numbers come before text when ascending.

    Raises
    ------
    InvalidError
        If there is no such order.
    """
    get_value = _make_getter(requester, by)
    pairs = [(get_value(source), source) for source in sources]
    known = [(_make_key(value), source) for value, source in pairs if _is_sortable(value)]
    unknown = [source for value, source in pairs if not _is_sortable(value)]
    known.sort(key=lambda pair: pair[0], reverse=order == "desc")
    return [source for _, source in known] + unknown


def _make_getter(requester: Requester, by: str) -> Callable[[SourceItem], Any]:
    if by in RECORD:
        return RECORD[by]
    if by in FIELDS:
        return lambda source: source.fields.get(by)
    kind, _, path = by.partition(".")
    if kind == "altdata" and path:
        return lambda source: _follow_path(source.fields.get("altdata"), path.split("."))
    origin, _, key = path.rpartition(".")
    if kind == "annotation" and origin and key:
        return lambda source: _get_annotation(SourceParts(requester, source.source_id), origin, key)
    if by == "classification":
        return lambda source: _get_classification(SourceParts(requester, source.source_id))
    raise InvalidError(
        f"sortBy: expected {', '.join((*RECORD, *FIELDS))}, classification, altdata.<key> or "
        f"annotation.<origin>.<key>, not {by[:60]!r}."
    )


def _follow_path(value: Any, keys: list[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _get_annotation(parts: SourceParts, origin: str, key: str) -> Any:
    return next((item.fields["data"].get(key) for item in parts.annotations if item.fields["origin"] == origin), None)


def _get_classification(parts: SourceParts) -> Any:
    return parts.classifications[-1].fields["classification"] if parts.classifications else None


def _is_sortable(value: Any) -> bool:
    return isinstance(value, int | float | str)


def _make_key(value: Any) -> tuple[bool, float, str]:
    return (True, 0.0, value.lower()) if isinstance(value, str) else (False, float(value), "")
