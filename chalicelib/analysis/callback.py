"""What a service calls back with: its document, once, and its progress before that."""

from datetime import datetime
from typing import Any

from chalicelib.analysis import callback_tokens, document_uploads, documents, write_back
from chalicelib.errors import BusyError, ForbiddenError, LateError
from chalicelib.schemas.analyses import Callback, Progress
from chalicelib.schemas.base import parse_body
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables import analysis_transitions as steps
from chalicelib.tables.base import ConditionFailed, now

__all__ = ["create_callback_upload", "receive_callback", "record_progress"]

LONGEST_MESSAGE = 5000
"""Characters of a service's message that are kept; a traceback may be longer."""

UNKNOWN = "Nobody knows this callback: the analysis was deleted, or there never was one."


def receive_callback(token: str, body: dict[str, Any]) -> None:
    """Take a service's document, and end its analysis.

    The document is stored under a key of its own before the record names it, so that two
    callbacks at once cannot mix; the one that loses takes its document away again.

    Parameters
    ----------
    token : str
        From the URL.
    body : dict
        ``status``, ``message`` and ``analysis``.

    Raises
    ------
    ForbiddenError
        If the token is unknown or used; the answer says in which state the analysis is.
    LateError
        If the analysis' time is over.
    InvalidError
        If the body is malformed: nothing changes, and the token still works.
    """
    item = _waiting(token)
    wanted = parse_body(Callback, body)
    status = "completed" if wanted.status == "success" else "failure"
    message = (wanted.message or "")[:LONGEST_MESSAGE]
    seconds = (now() - datetime.fromisoformat(item.created_at)).total_seconds()
    stored = document_uploads.accept_document(_owner(item), int(item.id), wanted.analysis)
    due = status == "completed" and write_back.needs_write_back(item, stored.products)
    said: dict[str, Any] = {"document": stored.prefix, "products": stored.products, "duration": seconds}
    try:
        steps.end_analysis(item, status, message, settled=not due, **said)
    except (ConditionFailed, BusyError):
        documents.delete_document(stored.prefix)
        _waiting(token)  # Says what became of the analysis, unless others are only busy with it.
        raise BusyError("The analysis is being changed by others. Call back again.") from None
    if due and (ended := analyses_table.find_analysis(int(item.id))):
        write_back.try_write_back(ended)


def create_callback_upload(token: str) -> dict[str, Any]:
    """Return where a service can put a document that is too large for a callback.

    Raises
    ------
    ForbiddenError, LateError
        As `receive`.
    """
    return document_uploads.create_document_upload(_owner(_waiting(token)))


def _owner(item: analyses_table.AnalysisItem) -> str:
    return f"analysis-{int(item.id)}"


def record_progress(token: str, body: dict[str, Any]) -> None:
    """Keep how far a service says that it has come.

    Raises
    ------
    ForbiddenError, LateError, InvalidError
        As `receive`.
    """
    item = _waiting(token)
    wanted = parse_body(Progress, body)
    try:
        done = None if wanted.progress is None else round(wanted.progress, 4)
        steps.save_progress(item, done, (wanted.message or item.status_message)[:LONGEST_MESSAGE])
    except ConditionFailed:
        raise _ended(analyses_table.find_analysis(int(item.id))) from None


def _waiting(token: str) -> analyses_table.AnalysisItem:
    """Return the analysis that waits for this callback."""
    item = (
        analyses_table.find_by_callback(callback_tokens.hash_callback_token(token))
        if callback_tokens.is_callback_token(token)
        else None
    )
    if item is None:
        raise ForbiddenError(UNKNOWN)
    if item.status == "timed_out":
        raise _late(item)
    if item.status not in analyses_table.OPEN:
        raise _ended(item)
    if item.invalid_after and item.invalid_after < now().isoformat():
        try:
            steps.end_analysis(item, "timed_out", "The service did not answer in time.")
        except ConditionFailed:
            raise _ended(analyses_table.find_analysis(int(item.id))) from None
        raise _late(item)
    return item


def _late(item: analyses_table.AnalysisItem) -> LateError:
    return LateError(f"Too late: the analysis was valid until {item.invalid_after} and is timed_out.")


def _ended(item: analyses_table.AnalysisItem | None) -> ForbiddenError:
    if item is None:
        return ForbiddenError(UNKNOWN)
    return ForbiddenError(
        f"This callback was used, or is not wanted any more: the analysis is {item.status}."
    )
