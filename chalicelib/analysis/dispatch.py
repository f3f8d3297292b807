"""Sending an analysis to its service: one message, one request.

Refused connections, 429 and 5xx are tried again: the message goes back to the queue with a delay. One
invocation at a time sends an analysis (a lease). After a request went out, silence leaves the analysis
pending, because the service may be working.
"""

import json
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import blobs, egress, services, settings
from chalicelib.analysis.callback_tokens import derive_callback_token
from chalicelib.analysis.refusal_excerpts import clean_excerpt
from chalicelib.analysis.request_signing import build_signature_headers
from chalicelib.authentication import RequestAuth, build_request_auth
from chalicelib.blob_keys import inputs_key
from chalicelib.errors import BusyError, RetryLater
from chalicelib.tables import analysis_transitions as transitions
from chalicelib.tables.analyses import AnalysisItem, find_analysis
from chalicelib.tables.base import StateChanged, now, timestamp
from chalicelib.tables.services import ServiceItem, find_service, save_refusal

__all__ = ["dispatch_analysis", "fail_undelivered_analysis"]

log = logging.getLogger(__name__)

Delay = Callable[[float], None]
"""Sets after how many seconds the queue delivers the message again."""

FIRST_DELAY = 2.0


def dispatch_analysis(analysis_id: int, delay: Delay) -> None:
    """Send a queued analysis to its service.

    Parameters
    ----------
    analysis_id : int
        The analysis of the message; one that is no longer queued is left alone.
    delay : callable
        See `Delay`.

    Raises
    ------
    RetryLater
        If the queue should deliver the message again.
    """
    item = find_analysis(analysis_id)
    if item is None or item.status != "queued":
        return
    service = find_service(item.analysis_service_id)
    if service is None:
        return _fail(item, "The analysis service was deleted before the data were sent.")
    if item.attempts >= settings.DISPATCH_ATTEMPTS:
        return _fail(item, f"The data could not be sent in {item.attempts} attempts, for an unknown reason.")
    deadline = now() + timedelta(seconds=float(item.timeout))
    first_deadline = deadline.isoformat(timespec="microseconds")
    try:
        transitions.lease_analysis(item, item.invalid_after if item.attempts else first_deadline)
    except StateChanged:
        return _wait_for_other_invocation(analysis_id, delay)
    _send(item, service, delay)


def _wait_for_other_invocation(analysis_id: int, delay: Delay) -> None:
    item = find_analysis(analysis_id)
    if item is None or item.status != "queued":
        return
    delay(max(1.0, float(item.lease_until) - time.time() + 1.0))
    raise RetryLater(f"analysis {analysis_id} is being sent by another invocation")


def _send(item: AnalysisItem, service: ServiceItem, delay: Delay) -> None:
    inputs = blobs.read_blob(inputs_key(item.id))
    if inputs is None:
        return _fail(item, "The stored inputs do not exist any more. Start the analysis again.")
    auth = build_request_auth(service.fields["authentication_type"], services.get_credentials(service))
    body = _build_body(item, auth, inputs)
    headers = {**auth.headers, **build_signature_headers(f"analysis-{item.id}", body)}
    try:
        response = egress.post_to_service(service.fields["url"], body, headers, auth.auth)
    except egress.AddressRefused as error:
        return _fail(item, f"The service cannot be called: {error}.")
    except egress.ConnectionFailed as error:
        return _retry(item, f"The service could not be reached: {error}.", None, delay)
    except egress.ResponseTimedOut as error:
        return _mark_sent(item, f"The data were sent, {error}; the service may be working.")
    if 200 <= response.status < 300:
        return _mark_sent(item, "The service has the data and is working.")
    _save_refusal(item, service, auth, response)
    answer = f"The service answered HTTP {response.status}"
    if response.status == 429 or response.status >= 500:
        return _retry(item, f"{answer}.", response.retry_after, delay)
    if 300 <= response.status < 400:
        return _fail(item, f"{answer}: redirects are not followed. Register the service's final address.")
    _fail(item, f"{answer} to the data.")


def _build_body(item: AnalysisItem, auth: RequestAuth, inputs: bytes) -> bytes:
    """Put the envelope around the stored inputs, a JSON object, without parsing them."""
    envelope = {
        **auth.body,
        "callback_url": f"{item.public_url}/webhook/obj_analysis/{_callback_token(item)}",
        "callback_method": "POST",
        "invalid_after": str(item.invalid_after).replace("T", " "),
    }
    return json.dumps(envelope).encode()[:-1] + b", " + inputs.strip()[1:]


def _callback_token(item: AnalysisItem) -> str:
    return derive_callback_token(item.id, item.created_at)


def _save_refusal(
    item: AnalysisItem, service: ServiceItem, auth: RequestAuth, response: egress.ServiceResponse
) -> None:
    """Save what the service said, for those who manage it; readers of the analysis see only the status."""
    refusal: dict[str, Any] = {
        "at": timestamp(),
        "status": response.status,
        "excerpt": clean_excerpt(response.body, {*auth.secrets, _callback_token(item)}),
        "analysis_id": item.id,
    }
    with suppress(StateChanged, BusyError):
        save_refusal(service, refusal)


def _mark_sent(item: AnalysisItem, message: str) -> None:
    deadline = datetime.fromisoformat(item.invalid_after or "").replace(tzinfo=UTC).timestamp()
    try:
        transitions.mark_sent(item, message, deadline)
    except StateChanged:
        # A callback, a cancellation or a deletion came before the service's own response.
        log.info("analysis %d ended before its service acknowledged it", item.id)


def _retry(item: AnalysisItem, message: str, retry_after: float | None, delay: Delay) -> None:
    seconds = max(FIRST_DELAY * 2 ** (item.attempts - 1), retry_after or 0.0)
    is_too_late = str(item.invalid_after) < (now() + timedelta(seconds=seconds)).isoformat()
    if item.attempts >= settings.DISPATCH_ATTEMPTS or is_too_late:
        times = "once" if item.attempts == 1 else f"{item.attempts} times"
        return _fail(item, f"{message} It was tried {times}.")
    try:
        transitions.postpone_sending(item, seconds, f"{message} It will be tried again.")
    except StateChanged:
        return
    delay(seconds)
    raise RetryLater(f"analysis {item.id}: {message}") from None


def _fail(item: AnalysisItem, message: str) -> None:
    try:
        transitions.end_analysis(item, "failure", message, leaving=("queued",))
    except StateChanged:
        log.info("analysis %d ended before it failed", item.id)


def fail_undelivered_analysis(analysis_id: int) -> None:
    """End an analysis whose message is a dead letter."""
    item = find_analysis(analysis_id)
    if item is not None and item.status == "queued":
        _fail(item, "The data could not be sent in many attempts. Start the analysis again.")
