"""Annotations: values by keys, of which a source has one set for each origin."""

from typing import Any

from msgspec import UNSET

from chalicelib.access import Requester, is_visible
from chalicelib.errors import InvalidError
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.remarks import AnnotationChange, NewAnnotation
from chalicelib.sources import remarks, source_records
from chalicelib.tables import remarks as remarks_table
from chalicelib.tables import sources as source_table
from chalicelib.tables.base import ConditionFailed, next_id

__all__ = [
    "create_annotation",
    "delete_annotation",
    "get_annotation",
    "list_annotations",
    "update_annotation",
    "write_annotation",
]

KIND = "annotation"


def list_annotations(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the annotations of a source that the requester may see, oldest first."""
    return remarks.remarks_to_json(requester, remarks.find_visible_remarks(requester, source_id, KIND))


def get_annotation(requester: Requester, source_id: str, number: int) -> dict[str, Any]:
    """Return an annotation."""
    return remarks.remarks_to_json(requester, [_seen(requester, source_id, number)])[0]


def create_annotation(requester: Requester, source_id: str, request: NewAnnotation) -> int:
    """Annotate a source; return the annotation's id.

    Raises
    ------
    InvalidError
        If the source has an annotation of this origin.
    """
    source_records.get_visible_source(requester, source_id)
    remarks.require_same_source(request, source_id)
    item = _new(
        source_id,
        sent_fields(request, "obj_id", "group_ids"),
        remarks.resolve_remark_groups(requester, request.group_ids),
        requester.user_id,
    )
    try:
        remarks_table.insert_remark(item)
    except ConditionFailed:
        raise _taken(requester, item) from None
    return int(item.id)


def _new(
    source_id: str, fields: dict[str, Any], group_ids: set[int], author_id: int
) -> remarks_table.RemarkItem:
    return remarks_table.RemarkItem(
        source_id,
        remarks_table.remark_part(KIND, fields["origin"]),
        id=next_id(KIND),
        group_ids=group_ids,
        owner_id=author_id,
        fields=fields,
    )


def _taken(requester: Requester, item: remarks_table.RemarkItem) -> InvalidError:
    origin = item.fields["origin"]
    there = remarks_table.find_remark(item.source_id, item.part)
    if there is None or not is_visible(requester, there):
        return InvalidError(f"origin: there is an annotation of {origin!r} already; choose another origin.")
    return InvalidError(
        f"origin: there is an annotation of {origin!r} already; change it "
        f"(PUT /api/sources/{item.source_id}/annotations/{int(there.id)})."
    )


def update_annotation(requester: Requester, source_id: str, number: int, request: AnnotationChange) -> None:
    """Change an annotation; its origin stays.

    Raises
    ------
    InvalidError
        If it shall get another origin.
    """
    item = _seen(requester, source_id, number)
    if request.origin is not UNSET and request.origin != item.fields["origin"]:
        raise InvalidError(
            f"origin: it is {item.fields['origin']!r} and cannot change; add another annotation."
        )
    remarks.update_own_remark(requester, item, request)


def delete_annotation(requester: Requester, source_id: str, number: int) -> None:
    """Remove an annotation."""
    remarks.delete_own_remark(requester, _seen(requester, source_id, number))


def _seen(requester: Requester, source_id: str, number: int) -> remarks_table.RemarkItem:
    source_records.get_visible_source(requester, source_id)
    there = (item for item in remarks_table.find_remarks(source_id, KIND) if int(item.id) == number)
    return remarks.require_visible_remark(requester, next(there, None), KIND, number)


def write_annotation(
    source_id: str,
    origin: str,
    data: dict[str, Any],
    *,
    group_ids: set[int],
    author_id: int,
    service_id: int,
    analysis_id: int,
) -> bool:
    """Write what an analysis says of a source, over nothing but what its service wrote before.

    Parameters
    ----------
    source_id : str
        The source.
    origin : str
        What the annotation is known by.
    data : dict
        What it says.
    group_ids : set of int
        The groups that see it.
    author_id : int
        Who started the analysis.
    service_id, analysis_id : int
        The service, and the analysis: an older one overwrites no newer one.

    Returns
    -------
    bool
        Whether it was written: not if the source is gone, or somebody else's annotation has the
        origin.

    Raises
    ------
    BusyError
        If others change it again and again.
    """
    fields = {"origin": origin, "data": data}
    for _ in range(source_records.TRIES):
        if source_table.find_source(source_id) is None:
            return False
        there = remarks_table.find_remark(source_id, remarks_table.remark_part(KIND, origin))
        if there is not None and not _may_follow(there, service_id, analysis_id):
            return False
        new = _new(source_id, fields, group_ids, author_id)
        new.service_id, new.analysis_id = service_id, analysis_id
        try:
            _write(new, there)
        except ConditionFailed:
            continue
        return True
    raise source_records.source_busy(source_id)


def _write(new: remarks_table.RemarkItem, there: remarks_table.RemarkItem | None) -> None:
    """Add an annotation, or put what it says into the one that is there, which keeps its id."""
    if there is None:
        return remarks_table.insert_remark(new)
    kept = ("fields", "group_ids", "owner_id", "analysis_id")
    remarks_table.update_remark(there, **{name: getattr(new, name) for name in kept})


def _may_follow(there: remarks_table.RemarkItem, service_id: int, analysis_id: int) -> bool:
    return there.service_id == service_id and (there.analysis_id or 0) <= analysis_id
