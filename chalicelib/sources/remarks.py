"""What annotations, comments and classifications have in common.

A remark belongs to groups, like any record: whoever sees the source and is in one of them reads it.
Its author, and administrators, change and delete it.
"""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, groups_for, may_see
from chalicelib.errors import ForbiddenError, InvalidError, NotFoundError
from chalicelib.people import sharing
from chalicelib.schemas.base import given
from chalicelib.schemas.remarks import Remark
from chalicelib.sources import catalogue
from chalicelib.tables import people as people_table
from chalicelib.tables import remarks as table
from chalicelib.tables.base import LostRace
from chalicelib.tables.people import PUBLIC_GROUP

__all__ = ["change", "check_source", "groups", "missing", "of", "remove", "shown", "visible"]


def of(requester: Requester, source_id: str, kind: str) -> list[table.RemarkItem]:
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
    found = (item for item in table.of_source(source_id, kind) if may_see(requester, item))
    return sorted(found, key=lambda item: int(item.id))


def visible(requester: Requester, item: table.RemarkItem | None, kind: str, number: int) -> table.RemarkItem:
    """Return a remark if it is there and the requester may see it.

    Raises
    ------
    NotFoundError
        If not (the same answer).
    """
    if item is None or not may_see(requester, item):
        raise missing(kind, number)
    return item


def missing(kind: str, number: int) -> NotFoundError:
    """Return the error for a remark that is not there."""
    return NotFoundError(f"There is no {kind} {number} that you may see.")


def check_source(wanted: Remark, source_id: str) -> None:
    """Refuse a request that names another source than its path.

    Raises
    ------
    InvalidError
        If it does.
    """
    if wanted.obj_id not in (None, source_id):
        raise InvalidError(f"obj_id: the path names {source_id!r}; leave it out, or say the same.")


def groups(requester: Requester, asked: list[int] | str | None) -> set[int]:
    """Return the groups that a new remark belongs to; without a word that is the public group."""
    return groups_for(requester, asked, {PUBLIC_GROUP})


def change(requester: Requester, item: table.RemarkItem, wanted: Remark) -> None:
    """Change a remark as it was read: the fields that the request gave, and its groups.

    Raises
    ------
    ForbiddenError
        If it is somebody else's.
    BusyError
        If it was changed in between.
    """
    _check_own(requester, item)
    check_source(wanted, item.source_id)
    fields = item.fields | given(wanted, "obj_id", "group_ids")
    group_ids = groups_for(requester, wanted.group_ids, map(int, item.group_ids))
    try:
        table.update(item, fields=fields, group_ids=group_ids)
    except LostRace:
        raise catalogue.busy(item.source_id) from None


def remove(requester: Requester, item: table.RemarkItem) -> None:
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
        table.remove(item)
    except LostRace:
        raise catalogue.busy(item.source_id) from None


def _check_own(requester: Requester, item: table.RemarkItem) -> None:
    if int(item.owner_id) != requester.user_id and not requester.is_admin:
        kind = item.part.partition("#")[0]
        raise ForbiddenError(f"Only its author, or an administrator, may change or delete this {kind}.")


def shown(requester: Requester, items: Iterable[table.RemarkItem]) -> list[dict[str, Any]]:
    """Return what the API shows of all remarks alike, with their own fields and ``author``."""
    items = list(items)
    authors = people_table.users({int(item.owner_id) for item in items})
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
        for item, shown_groups in zip(items, sharing.groups_of(requester, items), strict=True)
    ]


def _author(user: people_table.UserItem | None) -> dict[str, Any] | None:
    return {"id": int(user.id), "username": user.username} if user else None
