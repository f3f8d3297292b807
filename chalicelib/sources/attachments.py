"""Files of comments, each in a blob: nobody opens them here."""

import base64
import binascii
import logging
from typing import Any

from chalicelib import blobs
from chalicelib.access import Requester
from chalicelib.blob_keys import attachment_key
from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.schemas.remarks import Attachment
from chalicelib.sources.remarks import get_visible_remark

log = logging.getLogger(__name__)

FILE_TYPE = "application/octet-stream"


def store_attachment(source_id: str, attachment: Attachment) -> dict[str, str]:
    """Store a file; return what its comment keeps of it.

    Raises
    ------
    InvalidError
        If its content is not base64.
    """
    head, comma, data = attachment.body.partition(",")
    text = data if comma and head.startswith("data:") else attachment.body
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidError("attachment.body: not valid base64; send the content of the file in base64.") from None
    key = attachment_key(source_id)
    blobs.write_blob(key, content, FILE_TYPE)
    return {"name": attachment.name, "key": key}


def delete_attachment(attachment: dict[str, str] | None) -> None:
    """Delete the file that a comment kept; if that fails, the inventory of blobs deletes it."""
    if not attachment:
        return
    try:
        blobs.delete_blobs(attachment["key"])
    except Exception:
        log.exception("a file of a comment could not be deleted; the inventory of blobs will delete it")


def get_attachment(requester: Requester, source_id: str, comment_id: int) -> dict[str, str]:
    """Return the name and the key of the file of a comment.

    Raises
    ------
    NotFoundError
        If the comment does not exist or is not visible (the same message), or has no file.
    """
    attachment: dict[str, str] | None = get_visible_remark(requester, "comment", comment_id, source_id).attachment
    if attachment is None:
        raise NotFoundError(f"Comment {comment_id} has no attachment.")
    return attachment


def read_attachment_text(requester: Requester, source_id: str, comment_id: int) -> dict[str, Any]:
    """Return the text of the file of a comment.

    Raises
    ------
    InvalidError
        If it is not text.
    """
    content = blobs.read_blob(get_attachment(requester, source_id, comment_id)["key"]) or b""
    try:
        return {"comment_id": comment_id, "attachment": content.decode()}
    except UnicodeDecodeError:
        raise InvalidError("download: this attachment is not text; leave out download=false to get the file.") from None
