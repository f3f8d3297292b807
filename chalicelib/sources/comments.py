"""Comments on sources."""

from typing import Any

from chalicelib.access import Requester
from chalicelib.schemas.base import given
from chalicelib.schemas.remarks import CommentChange, NewComment
from chalicelib.sources import catalogue, remarks
from chalicelib.tables import remarks as table
from chalicelib.tables.base import next_id

__all__ = ["add", "change", "of", "one", "remove"]

KIND = "comment"


def of(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the comments on a source that the requester may see, oldest first."""
    return remarks.shown(requester, remarks.of(requester, source_id, KIND))


def one(requester: Requester, source_id: str, number: int) -> dict[str, Any]:
    """Return a comment."""
    return remarks.shown(requester, [_seen(requester, source_id, number)])[0]


def add(requester: Requester, source_id: str, wanted: NewComment) -> int:
    """Comment on a source; return the comment's id."""
    catalogue.seen(requester, source_id)
    remarks.check_source(wanted, source_id)
    number = next_id(KIND)
    table.add(
        table.RemarkItem(
            source_id,
            table.place(KIND, number),
            id=number,
            group_ids=remarks.groups(requester, wanted.group_ids),
            owner_id=requester.user_id,
            fields=given(wanted, "obj_id", "group_ids"),
        )
    )
    return number


def change(requester: Requester, source_id: str, number: int, wanted: CommentChange) -> None:
    """Change a comment."""
    remarks.change(requester, _seen(requester, source_id, number), wanted)


def remove(requester: Requester, source_id: str, number: int) -> None:
    """Remove a comment."""
    remarks.remove(requester, _seen(requester, source_id, number))


def _seen(requester: Requester, source_id: str, number: int) -> table.RemarkItem:
    catalogue.seen(requester, source_id)
    return remarks.visible(requester, table.get(source_id, table.place(KIND, number)), KIND, number)
