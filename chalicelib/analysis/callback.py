"""The callback of a service: its document, once, and its progress before that."""

import logging
import time
from datetime import datetime
from typing import Any

from chalicelib import blobs
from chalicelib.analysis import write_back
from chalicelib.analysis.callback_tokens import hash_callback_token, is_callback_token
from chalicelib.analysis.document_storage import create_document_upload, store_document
from chalicelib.analysis.line_waits import note_late_success
from chalicelib.errors import BusyError, ForbiddenError, LateError
from chalicelib.log_context import log_about, record_metric
from chalicelib.schemas.analyses import Callback, Progress
from chalicelib.schemas.base import parse_body
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables.analysis_items import WAITING, AnalysisItem, Products
from chalicelib.tables.analysis_transitions import end_analysis, save_progress
from chalicelib.tables.base import StateChanged, now, to_unix_seconds

MAX_MESSAGE = 5000
"""Characters of a service's message that are kept; a traceback may be longer."""

NOT_ANNOTATED = (
    "(Its annotations were not written to the source: the token that started it lacks the permission 'Annotate'.)"
)

log = logging.getLogger(__name__)

UNKNOWN = "Unknown callback token: the analysis was deleted or never existed."


def receive_callback(token: str, body: dict[str, Any]) -> None:
    """Take a service's document, and end its analysis.

    The document is stored under a prefix of its own before the record names it, so that two
    callbacks at once cannot mix; the one that comes second deletes its document again.

    Parameters
    ----------
    token : str
        From the URL.
    body : dict
        ``status``, ``message`` and ``analysis``.

    Raises
    ------
    ForbiddenError
        If the token is unknown or used; the message names the state of the analysis.
    LateError
        If the analysis has timed out.
    InvalidError
        If the body is malformed: nothing changes, and the token remains valid.
    """
    item = _require_waiting_analysis(token)
    with log_about(analysis_id=item.id, service_id=item.analysis_service_id):
        _take_results(token, item, parse_body(Callback, body))


def _take_results(token: str, item: AnalysisItem, request: Callback) -> None:
    status = "completed" if request.status == "success" else "failure"
    stored = store_document(_upload_namespace(item), item.id, request.analysis)
    is_written_back = status != "completed" or not write_back.needs_write_back(item, stored.products)
    try:
        end_analysis(
            item,
            status,
            _describe_end(item, status, request.message or "", stored.products),
            document=stored.prefix,
            products=stored.products,
            duration=(now() - datetime.fromisoformat(item.created_at)).total_seconds(),
            is_written_back=is_written_back,
        )
    except (StateChanged, BusyError):
        blobs.delete_blobs(stored.prefix)
        _require_waiting_analysis(token)  # Raises if another callback ended it; else it is only busy.
        raise BusyError("Other requests are changing the analysis. Call back again.") from None
    _note_success(item)
    if item.invalid_after:
        taken_at = to_unix_seconds(item.invalid_after) - float(item.timeout)
        record_metric("ServiceSeconds", time.time() - taken_at, "Seconds")
    if not is_written_back:
        write_back.try_write_back(item)


def _describe_end(item: AnalysisItem, status: str, message: str, products: Products) -> str:
    """Return a service's message, and what its author has to know besides."""
    if status != "completed" or not products.annotations or item.may_annotate:
        return message[:MAX_MESSAGE]
    return f"{message[:MAX_MESSAGE]} {NOT_ANNOTATED}".lstrip()


def create_callback_upload(token: str, size: int | None) -> dict[str, Any]:
    """Return an upload URL for a document that is too large for a callback, of `size` bytes if that is known.

    Raises
    ------
    ForbiddenError, LateError
        As `receive_callback`.
    """
    return create_document_upload(_upload_namespace(_require_waiting_analysis(token)), size)


def record_progress(token: str, body: dict[str, Any]) -> None:
    """Save the progress that a service reports.

    Raises
    ------
    ForbiddenError, LateError, InvalidError
        As `receive_callback`.
    """
    item = _require_waiting_analysis(token)
    request = parse_body(Progress, body)
    progress = None if request.progress is None else round(request.progress, 4)
    try:
        save_progress(item, progress, (request.message or item.status_message)[:MAX_MESSAGE])
    except StateChanged:
        raise _callback_refused(analyses_table.find_analysis(item.id)) from None
    _note_success(item)


def _note_success(item: AnalysisItem) -> None:
    """Take what a service sends for an answer, if it gave none when it was sent the data."""
    if not item.unanswered:
        return
    try:
        note_late_success(item.analysis_service_id)
    except Exception:
        # The callback is stored: its service must not send it again.
        log.exception("service %d could not be resumed; its next attempt will", item.analysis_service_id)


def _upload_namespace(item: AnalysisItem) -> str:
    return f"analysis-{item.id}"


def _require_waiting_analysis(token: str) -> AnalysisItem:
    """Return the analysis that waits for the callback with this token; one that is late ends here."""
    item = analyses_table.find_by_callback(hash_callback_token(token)) if is_callback_token(token) else None
    if item is None:
        raise ForbiddenError(UNKNOWN)
    if item.status in WAITING and item.invalid_after and item.invalid_after < now().isoformat():
        try:
            end_analysis(item, "timed_out", "The service did not call back in time.")
        except StateChanged:
            raise _callback_refused(analyses_table.find_analysis(item.id)) from None
    if item.status == "timed_out":
        raise LateError(f"Too late: the analysis was valid until {item.invalid_after} and is timed_out.")
    if item.status not in WAITING:
        raise _callback_refused(item)
    return item


def _callback_refused(item: AnalysisItem | None) -> ForbiddenError:
    message = UNKNOWN if item is None else f"Callback no longer accepted: the analysis is {item.status}."
    return ForbiddenError(message)
