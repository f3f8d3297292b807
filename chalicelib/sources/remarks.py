"""Remarks on sources: annotations, comments and classifications.

A remark belongs to groups, like any record: users who see the source and are in one of them see it.
Its author and administrators change and delete it. The kinds differ in what follows:

- A source has one annotation of each origin, which cannot change. Analyses write annotations, too.
- A classification is found by its id alone. It may start default analyses, and if it names a
  taxonomy, its class must be in it.
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from msgspec import UNSET

from chalicelib.access import Requester, is_visible, require_owner, resolve_group_ids
from chalicelib.errors import BusyError, InvalidError, NotFoundError
from chalicelib.people.groups import records_to_json
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.remarks import (
    AnnotationChange,
    ClassificationChange,
    CommentChange,
    NewAnnotation,
    NewClassification,
    NewComment,
    Remark,
)
from chalicelib.sources import taxonomies
from chalicelib.sources.source_records import busy_message, get_visible_source, queue_default_analyses
from chalicelib.tables import remarks as remarks_table
from chalicelib.tables.base import AlreadyExists, StateChanged, next_id, retry_on_conflict
from chalicelib.tables.people_items import PUBLIC_GROUP
from chalicelib.tables.remarks import RemarkItem, remark_part
from chalicelib.tables.sources import find_source
from chalicelib.tables.users import find_users

Kind = Literal["annotation", "comment", "classification"]

TRIGGERS = {"classification", "probability"}
"""Fields of a classification that decide which default analyses start."""


def list_remarks(requester: Requester, source_id: str, kind: Kind) -> list[dict[str, Any]]:
    """Return the remarks of a kind that the requester may see, oldest first; the source must be visible."""
    return remarks_to_json(requester, find_visible_remarks(requester, source_id, kind))


def find_visible_remarks(requester: Requester, source_id: str, kind: Kind) -> list[RemarkItem]:
    """Return the items of `list_remarks`."""
    items = (item for item in remarks_table.find_remarks(source_id, kind) if is_visible(requester, item))
    return sorted(items, key=lambda item: item.id)


def get_remark(requester: Requester, kind: Kind, number: int, source_id: str | None = None) -> dict[str, Any]:
    """Return a remark of a source; a classification is found without the source.

    Raises
    ------
    NotFoundError
        If it does not exist or is not visible (the same message).
    """
    return remarks_to_json(requester, [get_visible_remark(requester, kind, number, source_id)])[0]


def get_visible_remark(requester: Requester, kind: Kind, number: int, source_id: str | None = None) -> RemarkItem:
    """Return the item of `get_remark`."""
    missing = NotFoundError(f"There is no {kind} {number} that you may see.")
    if source_id is None:
        source_id = remarks_table.find_classified_source(number) or ""
        get_visible_source(requester, source_id, missing)
    else:
        get_visible_source(requester, source_id)
    item: RemarkItem | None
    if kind == "annotation":
        items = remarks_table.find_remarks(source_id, kind)
        item = next((item for item in items if item.id == number), None)
    else:
        item = remarks_table.find_remark(source_id, remark_part(kind, number))
    if item is None or not is_visible(requester, item):
        raise missing
    return item


def create_comment(
    requester: Requester, source_id: str, request: NewComment, attachment: dict[str, str] | None = None
) -> int:
    """Comment on a source, perhaps with a stored file; return the comment's id."""
    item = _new_item(requester, "comment", source_id, request)
    item.attachment = attachment
    remarks_table.insert_remark(item)
    return item.id


def create_annotation(requester: Requester, source_id: str, request: NewAnnotation) -> int:
    """Annotate a source; return the annotation's id.

    Raises
    ------
    InvalidError
        If the source has an annotation of this origin.
    """
    item = _new_item(requester, "annotation", source_id, request)
    try:
        remarks_table.insert_remark(item)
    except AlreadyExists:
        raise _origin_taken(requester, item, request.origin) from None
    return item.id


def _origin_taken(requester: Requester, item: RemarkItem, origin: str) -> InvalidError:
    existing = remarks_table.find_remark(item.source_id, item.part)
    advice = "Choose another origin."
    if existing is not None and is_visible(requester, existing):
        advice = f"Change it with PUT /api/sources/{item.source_id}/annotations/{existing.id}."
    return InvalidError(f"origin: there is an annotation of {origin!r} already. {advice}")


def create_classifications(requester: Requester, requests: list[NewClassification], public_url: str) -> list[int]:
    """Classify sources; return the classifications' ids.

    Parameters
    ----------
    requester : Requester
        Who classifies.
    requests : list of NewClassification
        The classifications.
    public_url : str
        The URL that services call back, if default analyses start.

    Raises
    ------
    InvalidError
        If the taxonomy does not have the class.
    """
    items = [_new_item(requester, "classification", request.obj_id, request) for request in requests]
    for item in items:
        taxonomies.require_known_class(requester, item.fields)
    for item in items:
        queue_default_analyses(item.source_id, public_url, classification_id=item.id)
        remarks_table.insert_remark(item)
    return [item.id for item in items]


def _new_item(
    requester: Requester, kind: Kind, source_id: str, request: NewAnnotation | NewComment | NewClassification
) -> RemarkItem:
    get_visible_source(requester, source_id)
    _require_same_source(request, source_id)
    group_ids = resolve_group_ids(requester, request.group_ids, {PUBLIC_GROUP})
    fields = sent_fields(request, "obj_id", "group_ids", "attachment")
    return _make_item(kind, source_id, fields, group_ids, requester.user_id)


def _make_item(kind: Kind, source_id: str, fields: dict[str, Any], group_ids: set[int], owner_id: int) -> RemarkItem:
    number = next_id(kind)
    part = remark_part(kind, fields["origin"] if kind == "annotation" else number)
    return RemarkItem(source_id, part, id=number, fields=fields, group_ids=group_ids, owner_id=owner_id)


def _require_same_source(request: Remark | NewClassification, source_id: str) -> None:
    if request.obj_id not in (None, source_id):
        raise InvalidError(f"obj_id: leave it out, or give the source of the path, {source_id!r}.")


def update_comment(
    requester: Requester, source_id: str, number: int, request: CommentChange, **attachment: dict[str, str] | None
) -> dict[str, str] | None:
    """Change a comment, and its ``attachment`` if given (see `delete_remark` for errors).

    Returns
    -------
    dict or None
        The attachment that it had before.
    """
    item = get_own_remark(requester, "comment", number, source_id)
    before: dict[str, str] | None = item.attachment
    _write_change(item, _resolve_change(requester, item, request), **attachment)
    return before


def update_annotation(requester: Requester, source_id: str, number: int, request: AnnotationChange) -> None:
    """Change an annotation (see `delete_remark` for errors).

    Raises
    ------
    InvalidError
        If the request names another origin.
    """
    item = get_own_remark(requester, "annotation", number, source_id)
    change = _resolve_change(requester, item, request)
    origin = item.fields["origin"]
    if change.fields["origin"] != origin:
        raise InvalidError(f"origin: it is {origin!r} and cannot change; add another annotation.")
    _write_change(item, change)


def update_classification(requester: Requester, number: int, request: ClassificationChange, public_url: str) -> None:
    """Change a classification, which may start default analyses (see `create_classification`)."""
    item = get_own_remark(requester, "classification", number)
    change = _resolve_change(requester, item, request)
    if (request.classification, request.taxonomy_id) != (UNSET, UNSET):
        taxonomies.require_known_class(requester, change.fields)
    if any(change.fields.get(name) != item.fields.get(name) for name in TRIGGERS):
        queue_default_analyses(item.source_id, public_url, classification_id=number)
    _write_change(item, change)


class _Change(NamedTuple):
    fields: dict[str, Any]
    group_ids: set[int]


def _resolve_change(requester: Requester, item: RemarkItem, request: Remark) -> _Change:
    """Return all fields and groups of a remark as a request changes them."""
    _require_same_source(request, item.source_id)
    fields = item.fields | sent_fields(request, "obj_id", "group_ids", "attachment")
    return _Change(fields, resolve_group_ids(requester, request.group_ids, item.group_ids))


def _write_change(item: RemarkItem, change: _Change, **more: Any) -> None:
    try:
        remarks_table.update_remark(item, **change._asdict(), **more)
    except StateChanged:
        raise BusyError(busy_message(item.source_id)) from None


def delete_remark(requester: Requester, kind: Kind, number: int, source_id: str | None = None) -> RemarkItem:
    """Delete a remark, found as by `get_remark`; return what it was.

    Raises
    ------
    ForbiddenError
        If the requester neither wrote it nor is an administrator.
    BusyError
        If another write changed it at the same time.
    """
    item = get_own_remark(requester, kind, number, source_id)
    try:
        remarks_table.delete_remark(item)
    except StateChanged:
        raise BusyError(busy_message(item.source_id)) from None
    return item


def get_own_remark(requester: Requester, kind: Kind, number: int, source_id: str | None = None) -> RemarkItem:
    """Return a remark that the requester may change.

    Raises
    ------
    ForbiddenError
        If they neither wrote it nor are an administrator.
    """
    item = get_visible_remark(requester, kind, number, source_id)
    message = f"Only its author or an administrator may change or delete this {kind}."
    require_owner(requester, item.owner_id, message)
    return item


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
    """Write an annotation of an analysis; replace only those of earlier analyses of its service.

    Parameters
    ----------
    source_id : str
        The source.
    origin : str
        The origin of the annotation.
    data : dict
        Its data.
    group_ids : set of int
        The groups that see it.
    author_id : int
        Who started the analysis.
    service_id, analysis_id : int
        The service and the analysis.

    Returns
    -------
    bool
        Whether it was written: not if the source is deleted, or the origin has an annotation of
        another author or of a later analysis.

    Raises
    ------
    BusyError
        If other writes changed it in each attempt.
    """
    fields = {"origin": origin, "data": data}

    def attempt() -> bool:
        if find_source(source_id) is None:
            return False
        old = remarks_table.find_remark(source_id, remark_part("annotation", origin))
        if old is None:
            item = _make_item("annotation", source_id, fields, group_ids, author_id)
            item.service_id = service_id
            item.analysis_id = analysis_id
            remarks_table.insert_remark(item)
            return True
        if old.service_id != service_id or (old.analysis_id or 0) > analysis_id:
            return False
        changes = {"fields": fields, "group_ids": group_ids, "owner_id": author_id}
        remarks_table.update_remark(old, **changes, analysis_id=analysis_id)
        return True

    return retry_on_conflict(attempt, busy_message(source_id))


def _votes_to_json(item: RemarkItem) -> list[dict[str, int]]:
    voters = sorted((int(voter), value) for voter, value in (item.votes or {}).items())
    return [{"id": voter, "classification_id": item.id, "voter_id": voter, "vote": value} for voter, value in voters]


def remarks_to_json(requester: Requester, items: Iterable[RemarkItem]) -> list[dict[str, Any]]:
    """Return remarks as the API shows them."""
    items = list(items)
    users = find_users({item.owner_id for item in items})
    names = {number: user.username for number, user in users.items()}

    def to_json(item: RemarkItem) -> dict[str, Any]:
        author_id, name = item.owner_id, names.get(item.owner_id)
        fields = {"id": item.id, "obj_id": item.source_id, **item.fields, "author_id": author_id}
        if item.kind == "classification":
            taxonomy_id = item.fields["taxonomy_id"] or 0
            return fields | {"taxonomy_id": taxonomy_id, "votes": _votes_to_json(item), "author_name": name}
        if item.kind == "comment":
            fields["attachment_name"] = (item.attachment or {}).get("name")
        return fields | {"author": None if name is None else {"id": author_id, "username": name}}

    return records_to_json(requester, items, to_json)
