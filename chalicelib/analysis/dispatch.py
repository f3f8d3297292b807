"""Sending an analysis to its service: one message, one request.

What should be tried again is given back to the queue with a pause; at most one invocation sends
an analysis at a time (a lease). Refused connections, 429 and 5xx are tried again; after a request
went out, a time-out leaves the analysis pending, since the service may be at work.
"""

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import blobs, egress, services, settings
from chalicelib.analysis import callback_tokens, request_signing
from chalicelib.analysis.refusal_excerpts import clean_excerpt
from chalicelib.analysis.start import inputs_key
from chalicelib.authentication import RequestAuth, build_request_auth
from chalicelib.errors import BusyError, RetryLater
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables import analysis_transitions as steps
from chalicelib.tables import services as service_table
from chalicelib.tables.base import ConditionFailed, now, timestamp
from chalicelib.tables.services import ServiceItem

__all__ = ["dispatch_analysis", "fail_undelivered_analysis"]

log = logging.getLogger(__name__)

Pause = Callable[[float], None]
"""Says after how many seconds the queue shall bring the message again."""

FIRST_PAUSE = 2.0


def dispatch_analysis(analysis_id: int, pause: Pause) -> None:
    """Send a queued analysis to its service.

    Parameters
    ----------
    analysis_id : int
        The message's analysis; one that is not queued any more is left alone.
    pause : callable
        See `Pause`.

    Raises
    ------
    RetryLater
        If the message shall come back.
    """
    item = analyses_table.find_analysis(analysis_id)
    if item is None or item.status != "queued":
        return
    service = service_table.find_service(int(item.analysis_service_id))
    if service is None:
        return _fail(item, "The analysis service was deleted before the data were sent.")
    if item.attempts >= settings.DISPATCH_ATTEMPTS:
        return _fail(item, f"The data could not be sent in {int(item.attempts)} tries, for no known reason.")
    try:
        steps.lease_analysis(item, item.invalid_after if item.attempts else _time_out(item))
    except ConditionFailed:
        return _wait_for_other(analysis_id, pause)
    _send(item, service, pause)


def _time_out(item: analyses_table.AnalysisItem) -> str:
    """Return when the service's time is over, if it begins now."""
    return (now() + timedelta(seconds=float(item.timeout))).isoformat(timespec="microseconds")


def _wait_for_other(analysis_id: int, pause: Pause) -> None:
    item = analyses_table.find_analysis(analysis_id)
    if item is None or item.status != "queued":
        return
    pause(max(1.0, float(item.lease_until) - time.time() + 1.0))
    raise RetryLater(f"analysis {analysis_id} is being sent by another invocation")


def _send(item: analyses_table.AnalysisItem, service: ServiceItem, pause: Pause) -> None:
    document = blobs.read_blob(inputs_key(int(item.id)))
    if document is None:
        return _fail(item, "The data that were to be sent are gone. Start the analysis again.")
    proof = build_request_auth(service.fields["authentication_type"], services.get_credentials(service))
    try:
        answer = _post(item, service, proof, json.loads(document))
    except egress.AddressRefused as error:
        return _fail(item, f"The service cannot be called: {error}.")
    except egress.ConnectionFailed as error:
        return _retry(item, f"The service could not be reached: {error}.", None, pause)
    except egress.ResponseTimedOut as error:
        return _sent(item, f"The data went out, {error}; the service may be at work.")
    if 200 <= answer.status < 300:
        return _sent(item, "The service has the data and is at work.")
    _note_refusal(item, service, proof, answer)
    said = f"The service answered HTTP {answer.status}"
    if answer.status == 429 or answer.status >= 500:
        return _retry(item, f"{said}.", answer.retry_after, pause)
    if 300 <= answer.status < 400:
        return _fail(item, f"{said}: redirects are not followed. Register the service's final address.")
    _fail(item, f"{said} to the data.")


def _post(
    item: analyses_table.AnalysisItem, service: ServiceItem, proof: RequestAuth, document: dict[str, Any]
) -> egress.ServiceResponse:
    payload = {
        **proof.body,
        **document,
        "callback_url": f"{item.public_url}/webhook/obj_analysis/{_token(item)}",
        "callback_method": "POST",
        "invalid_after": str(item.invalid_after).replace("T", " "),
    }
    body = json.dumps(payload).encode()
    headers = {**proof.headers, **request_signing.build_signature_headers(f"analysis-{int(item.id)}", body)}
    return egress.post_to_service(service.fields["url"], body, headers, proof.auth)


def _token(item: analyses_table.AnalysisItem) -> str:
    return callback_tokens.derive_callback_token(int(item.id), item.created_at)


def _note_refusal(
    item: analyses_table.AnalysisItem,
    service: ServiceItem,
    proof: RequestAuth,
    answer: egress.ServiceResponse,
) -> None:
    """Keep what the service said for those who manage it; an analysis' readers are told the status alone."""
    refusal = {
        "at": timestamp(),
        "status": answer.status,
        "excerpt": clean_excerpt(answer.body, {*proof.secrets, _token(item)}),
        "analysis_id": int(item.id),
    }
    with suppress(ConditionFailed, BusyError):
        service_table.save_refusal(service, refusal)


def _sent(item: analyses_table.AnalysisItem, message: str) -> None:
    deadline = datetime.fromisoformat(item.invalid_after or "").replace(tzinfo=UTC).timestamp()
    try:
        steps.mark_sent(item, message, deadline)
    except ConditionFailed:
        # A callback, a cancellation or a deletion was faster than the service's own answer.
        log.info("analysis %d was ended before its service acknowledged it", item.id)


def _retry(item: analyses_table.AnalysisItem, message: str, asked: float | None, pause: Pause) -> None:
    attempt = int(item.attempts)
    seconds = max(FIRST_PAUSE * 2 ** (attempt - 1), asked or 0.0)
    over = str(item.invalid_after) < (now() + timedelta(seconds=seconds)).isoformat()
    if attempt >= settings.DISPATCH_ATTEMPTS or over:
        times = "once" if attempt == 1 else f"{attempt} times"
        return _fail(item, f"{message} It was tried {times}.")
    try:
        steps.postpone_sending(item, seconds, f"{message} It will be tried again.")
    except ConditionFailed:
        return
    pause(seconds)
    raise RetryLater(f"analysis {int(item.id)}: {message}") from None


def _fail(item: analyses_table.AnalysisItem, message: str) -> None:
    try:
        steps.end_analysis(item, "failure", message, leaving=("queued",))
    except ConditionFailed:
        log.info("analysis %d was ended before it failed", item.id)


def fail_undelivered_analysis(analysis_id: int) -> None:
    """End an analysis whose message is a dead letter."""
    item = analyses_table.find_analysis(analysis_id)
    if item is not None and item.status == "queued":
        _fail(item, "The data could not be sent, in spite of many tries. Start the analysis again.")
