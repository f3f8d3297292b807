"""Comments on a source."""

from typing import Any

from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import CommentId, SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.remarks import Comment, CommentChange, CommentRef, NewComment
from chalicelib.sources import remarks, source_records

routes = Routes(__name__)


@routes.post(
    "/sources/{source_id}/comments", Acl.COMMENT, answers=CommentRef, raises=(InvalidError, ForbiddenError)
)
def create_comment(call: Call, source_id: SourceId, body: NewComment) -> dict[str, int]:
    """Comment on a source."""
    return {"comment_id": remarks.create_comment(call.requester, source_id, body)}


@routes.get("/sources/{source_id}/comments", answers=list[Comment])
def list_comments(call: Call, source_id: SourceId) -> list[dict[str, Any]]:
    """List the comments of a source that you may see, oldest first."""
    source_records.get_visible_source(call.requester, source_id)
    return remarks.list_remarks(call.requester, source_id, "comment")


@routes.get("/sources/{source_id}/comments/{comment_id}", answers=Comment)
def get_comment(call: Call, source_id: SourceId, comment_id: CommentId) -> dict[str, Any]:
    """Read a comment of a source."""
    return remarks.get_remark(call.requester, "comment", comment_id, source_id)


@routes.put(
    "/sources/{source_id}/comments/{comment_id}",
    Acl.COMMENT,
    raises=(InvalidError, ForbiddenError, BusyError),
)
def update_comment(call: Call, source_id: SourceId, comment_id: CommentId, body: CommentChange) -> None:
    """Change a comment of yours; what is left out stays as it was."""
    remarks.update_comment(call.requester, source_id, comment_id, body)


@routes.delete("/sources/{source_id}/comments/{comment_id}", Acl.COMMENT, raises=(ForbiddenError, BusyError))
def delete_comment(call: Call, source_id: SourceId, comment_id: CommentId) -> None:
    """Delete a comment of yours; administrators delete any."""
    remarks.delete_remark(call.requester, "comment", comment_id, source_id)
