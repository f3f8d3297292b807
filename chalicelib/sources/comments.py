"""Comments on sources."""

from typing import Any

from chalicelib.access import Requester
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.remarks import CommentChange, NewComment
from chalicelib.sources import remarks, source_records
from chalicelib.tables import remarks as remarks_table
from chalicelib.tables.base import next_id

__all__ = ["create_comment", "delete_comment", "get_comment", "list_comments", "update_comment"]

KIND = "comment"


def list_comments(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the comments on a source that the requester may see, oldest first."""
    return remarks.remarks_to_json(requester, remarks.find_visible_remarks(requester, source_id, KIND))


def get_comment(requester: Requester, source_id: str, number: int) -> dict[str, Any]:
    """Return a comment."""
    return remarks.remarks_to_json(requester, [_seen(requester, source_id, number)])[0]


def create_comment(requester: Requester, source_id: str, request: NewComment) -> int:
    """Comment on a source; return the comment's id."""
    source_records.get_visible_source(requester, source_id)
    remarks.require_same_source(request, source_id)
    number = next_id(KIND)
    remarks_table.insert_remark(
        remarks_table.RemarkItem(
            source_id,
            remarks_table.remark_part(KIND, number),
            id=number,
            group_ids=remarks.resolve_remark_groups(requester, request.group_ids),
            owner_id=requester.user_id,
            fields=sent_fields(request, "obj_id", "group_ids"),
        )
    )
    return number


def update_comment(requester: Requester, source_id: str, number: int, request: CommentChange) -> None:
    """Change a comment."""
    remarks.update_own_remark(requester, _seen(requester, source_id, number), request)


def delete_comment(requester: Requester, source_id: str, number: int) -> None:
    """Remove a comment."""
    remarks.delete_own_remark(requester, _seen(requester, source_id, number))


def _seen(requester: Requester, source_id: str, number: int) -> remarks_table.RemarkItem:
    source_records.get_visible_source(requester, source_id)
    return remarks.require_visible_remark(
        requester, remarks_table.find_remark(source_id, remarks_table.remark_part(KIND, number)), KIND, number
    )
