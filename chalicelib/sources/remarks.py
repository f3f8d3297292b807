"""What annotations, comments and classifications have in common.

A remark belongs to groups, like any record: whoever sees the source and is in one of them reads it.
Its author, and administrators, change and delete it.
"""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.errors import ForbiddenError, InvalidError, NotFoundError
from chalicelib.people.groups import list_record_groups
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.remarks import Remark
from chalicelib.sources import source_records
from chalicelib.tables import remarks as remarks_table
from chalicelib.tables import users as users_table
from chalicelib.tables.base import ConditionFailed
from chalicelib.tables.groups import PUBLIC_GROUP

__all__ = [
    "delete_own_remark",
    "find_visible_remarks",
    "missing_remark",
    "remarks_to_json",
    "require_same_source",
    "require_visible_remark",
    "resolve_remark_groups",
    "update_own_remark",
]


def find_visible_remarks(requester: Requester, source_id: str, kind: str) -> list[remarks_table.RemarkItem]:
    """Return the remarks of a kind that the requester may see of a source, oldest first.

    Parameters
    ----------
    requester : Requester
        Who asks; that they may see the source is seen to before.
    source_id : str
        The source.
    kind : {'annotation', 'comment', 'classification'}
        What to read.
    """
    found = (item for item in remarks_table.find_remarks(source_id, kind) if is_visible(requester, item))
    return sorted(found, key=lambda item: int(item.id))


def require_visible_remark(
    requester: Requester, item: remarks_table.RemarkItem | None, kind: str, number: int
) -> remarks_table.RemarkItem:
    """Return a remark if it is there and the requester may see it.

    Raises
    ------
    NotFoundError
        If not (the same answer).
    """
    if item is None or not is_visible(requester, item):
        raise missing_remark(kind, number)
    return item


def missing_remark(kind: str, number: int) -> NotFoundError:
    """Return the error for a remark that is not there."""
    return NotFoundError(f"There is no {kind} {number} that you may see.")


def require_same_source(request: Remark, source_id: str) -> None:
    """Refuse a request that names another source than its path.

    Raises
    ------
    InvalidError
        If it does.
    """
    if request.obj_id not in (None, source_id):
        raise InvalidError(f"obj_id: the path names {source_id!r}; leave it out, or say the same.")


def resolve_remark_groups(requester: Requester, asked: list[int] | str | None) -> set[int]:
    """Return the groups that a new remark belongs to; without a word that is the public group."""
    return resolve_group_ids(requester, asked, {PUBLIC_GROUP})


def update_own_remark(requester: Requester, item: remarks_table.RemarkItem, request: Remark) -> None:
    """Change a remark as it was read: the fields that the request gave, and its groups.

    Raises
    ------
    ForbiddenError
        If it is somebody else's.
    BusyError
        If it was changed in between.
    """
    _check_own(requester, item)
    require_same_source(request, item.source_id)
    fields = item.fields | sent_fields(request, "obj_id", "group_ids")
    group_ids = resolve_group_ids(requester, request.group_ids, map(int, item.group_ids))
    try:
        remarks_table.update_remark(item, fields=fields, group_ids=group_ids)
    except ConditionFailed:
        raise source_records.source_busy(item.source_id) from None


def delete_own_remark(requester: Requester, item: remarks_table.RemarkItem) -> None:
    """Remove a remark as it was read.

    Raises
    ------
    ForbiddenError
        If it is somebody else's.
    BusyError
        If it was changed in between.
    """
    _check_own(requester, item)
    try:
        remarks_table.delete_remark(item)
    except ConditionFailed:
        raise source_records.source_busy(item.source_id) from None


def _check_own(requester: Requester, item: remarks_table.RemarkItem) -> None:
    if int(item.owner_id) != requester.user_id and not requester.is_admin:
        kind = item.part.partition("#")[0]
        raise ForbiddenError(f"Only its author, or an administrator, may change or delete this {kind}.")


def remarks_to_json(requester: Requester, items: Iterable[remarks_table.RemarkItem]) -> list[dict[str, Any]]:
    """Return what the API shows of all remarks alike, with their own fields and ``author``."""
    items = list(items)
    authors = users_table.find_users({int(item.owner_id) for item in items})
    return [
        {
            "id": int(item.id),
            "obj_id": item.source_id,
            **item.fields,
            "author_id": int(item.owner_id),
            "author": _author(authors.get(int(item.owner_id))),
            "groups": shown_groups,
            "created_at": item.created_at,
            "modified": item.modified,
        }
        for item, shown_groups in zip(items, list_record_groups(requester, items), strict=True)
    ]


def _author(user: users_table.UserItem | None) -> dict[str, Any] | None:
    return {"id": int(user.id), "username": user.username} if user else None
