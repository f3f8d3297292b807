"""A service on AWS Lambda: one function takes requests, another does what the queue brings.

The document is saved before the callback goes out, so that a redelivered message only calls back. Messages that failed
too often come through the dead-letter queue: then a failure is called back.

A queue may bring several messages at once if its trigger takes reports of those that failed (`lambda_batches`).
"""

import base64
import logging
import math
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from heliograph.errors import CancelledError, InputError
from heliograph.service.analysis_run import run_payload
from heliograph.service.declared_function import RunnableService
from heliograph.service.document_delivery import RETRY_PAUSES, deliver_document
from heliograph.service.lambda_batches import handle_batch
from heliograph.service.lambda_storage import PREFIX, StoredAnalysis
from heliograph.service.payload_contents import decode_body, find_deadline, get_callback_url
from heliograph.service.portal_requests import PortalRequests, Send
from heliograph.service.progress_reports import Progress, ProgressReporter
from heliograph.service.request_admission import Admission, RequestRefusedError
from heliograph.service.service_result import CallbackDocument, build_failure_document

Run = Callable[[object, Progress], CallbackDocument]

PORTALS_VARIABLE = "HELIOGRAPH_PORTALS"
TOKEN_VARIABLE = "HELIOGRAPH_SERVICE_TOKEN"  # noqa: S105 - the name of a variable

_GAVE_UP = (
    "The service gave up after several tries: the analysis needed more time or memory than there is. "
    "Try fewer points or a smaller model."
)

_logger = logging.getLogger(__name__)


def handle_event(
    service: RunnableService, event: Mapping[str, Any], send: Send | None = None, ends_at: float = math.inf
) -> dict[str, Any] | None:
    """Answer an event: a request to the function's URL, or messages of the queue.

    The environment names the portals (``HELIOGRAPH_PORTALS``, separated by commas) and the bucket (``BUCKET``); for
    requests also ``QUEUE_URL``, and ``HELIOGRAPH_SERVICE_TOKEN`` if a portal signs nothing.

    Parameters
    ----------
    service : RunnableService
    event : mapping
    send : callable, optional
        Calls back, in the place of requests to those portals alone; see `heliograph.service.public_requests`.
    ends_at : float
        When the invocation is cut off (Unix seconds); see `get_end`.

    Returns
    -------
    dict or None
        The answer to a request; of several messages, those that are to be delivered again.

    Raises
    ------
    CallbackError
        The callback of the only message could not be delivered yet; the queue will deliver the message again.
    """
    portals = os.environ.get(PORTALS_VARIABLE, "")
    if "Records" not in event:
        return take_request(event, _get_admission(portals, os.environ.get(TOKEN_VARIABLE) or None))
    handle = partial(handle_record, partial(run_payload, service), send=send or _get_requests(portals).send)
    records = event["Records"]
    if len(records) > 1:
        return handle_batch(handle, records, ends_at)
    for record in records:
        handle(record)
    return None


def get_end(context: object) -> float:
    """Return when Lambda cuts an invocation off (Unix seconds); never, without a context of Lambda."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return time.time() + remaining() / 1000 if remaining else math.inf


@cache
def _get_requests(portals: str) -> PortalRequests:
    return PortalRequests(url for url in portals.split(",") if url.strip())


@cache
def _get_admission(portals: str, token: str | None) -> Admission:
    """Return what decides, once for all requests of this process: it keeps the keys of portals."""
    return Admission(_get_requests(portals), token)


def take_request(event: Mapping[str, Any], admission: Admission) -> dict[str, Any]:
    """Store and queue the analysis of a request to the function's URL; return the answer."""
    method = event.get("requestContext", {}).get("http", {}).get("method", "GET")
    if method != "POST":
        return _answer(200 if method == "GET" else 405, "POST analyses here")
    body = event.get("body") or ""
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        headers = {str(name).lower(): str(value) for name, value in event.get("headers", {}).items()}
        admitted = admission.admit(headers, raw)
    except RequestRefusedError as error:
        _logger.warning("a request was refused with %d: %s", error.status, error)
        return _answer(error.status, str(error))
    stored = StoredAnalysis(f"{PREFIX}/{admitted.key}")
    if stored.is_queued():
        return _answer(200, "This analysis came before")
    stored.queue_payload(raw)
    return _answer(200, "The analysis is queued")


def _answer(status: int, message: str) -> dict[str, Any]:
    headers = {"Content-Type": "text/plain; charset=utf-8", **({"Retry-After": "30"} if status == 503 else {})}
    return {"statusCode": status, "headers": headers, "body": message}


def handle_record(run: Run, record: Mapping[str, Any], send: Send, pauses: tuple[float, ...] = RETRY_PAUSES) -> None:
    """Handle one message of the queue: run, save the document, call back, delete.

    Parameters
    ----------
    run : callable
        Runs the analysis of a decoded payload, of which nothing is known, and returns the document to call back.
    record : mapping
        Its body is ``{"key": "<prefix>/<name>/payload.json"}``.
    send : callable
        Sends requests to portals; it decides which addresses may be called.
    pauses : tuple of float
        See `deliver_document`.

    Raises
    ------
    CallbackError
        The callback could not be delivered yet; the queue will deliver the message again.
    """
    stored = StoredAnalysis.from_message(record.get("body"))
    raw = stored.load_payload() if stored else None
    if stored is None or raw is None:
        _logger.warning("a message without a payload was dropped")
        return
    try:
        body = decode_body(raw)
        url = get_callback_url(body)
        document = stored.load_document() or _make_document(run, stored, body, record, ProgressReporter(url, send))
    except (InputError, CancelledError) as error:
        _logger.warning("analysis %s was dropped: %s", stored.name, error)
        stored.delete()
        return
    outcome = "delivered" if deliver_document(url, document, send, pauses) else "refused"
    _logger.info("analysis %s: %s, callback %s", stored.name, document["status"], outcome)
    stored.delete()


def _make_document(
    run: Run, stored: StoredAnalysis, body: object, record: Mapping[str, Any], progress: Progress
) -> CallbackDocument:
    deadline = find_deadline(body)
    if deadline is not None and time.time() > deadline:
        raise CancelledError("the portal does not wait any more")
    if str(record.get("eventSourceARN", "")).endswith("-dead"):
        return build_failure_document(_GAVE_UP)
    document = run(body, progress)
    stored.save_document(document)
    _close_figures()
    return document


def _close_figures() -> None:
    """Free the figures that an analysis has left: the process lives on."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
