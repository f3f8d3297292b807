"""Sending an analysis to its service: one message, one request.

Refused connections, 429 and 5xx are tried again: the message goes back to the queue with a delay. One
invocation at a time sends an analysis (a lease). After a request went out, silence leaves the analysis
pending, because the service may be working.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from chalicelib import settings
from chalicelib.analysis.service_request import Outcome, send_to_service
from chalicelib.errors import BusyError, RetryLater
from chalicelib.tables.analyses import AnalysisItem, find_analysis
from chalicelib.tables.analysis_transitions import end_analysis, lease_analysis, mark_sent, postpone_sending
from chalicelib.tables.base import StateChanged, now
from chalicelib.tables.services import find_service, save_refusal

log = logging.getLogger(__name__)

Delay = Callable[[float], None]
"""Sets after how many seconds the queue delivers the message again."""

FIRST_DELAY = 2.0
"""Seconds before the second attempt; each further delay is twice as long."""


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
        lease_analysis(item, item.invalid_after if item.attempts else first_deadline)
    except StateChanged:
        return _wait_for_other_invocation(analysis_id, delay)
    outcome = send_to_service(item, service)
    if outcome.refusal:
        with suppress(StateChanged, BusyError):
            save_refusal(service, outcome.refusal)
    _apply_outcome(item, outcome, delay)


def _apply_outcome(item: AnalysisItem, outcome: Outcome, delay: Delay) -> None:
    match outcome.kind:
        case "failed":
            _fail(item, outcome.message)
        case "retry":
            _retry(item, outcome, delay)
        case "sent":
            deadline = datetime.fromisoformat(item.invalid_after or "").replace(tzinfo=UTC).timestamp()
            try:
                mark_sent(item, outcome.message, deadline)
            except StateChanged:
                # A callback, a cancellation or a deletion came before the service's own response.
                log.info("analysis %d ended before its service acknowledged it", item.id)


def _retry(item: AnalysisItem, outcome: Outcome, delay: Delay) -> None:
    seconds = max(FIRST_DELAY * 2 ** (item.attempts - 1), outcome.retry_after or 0.0)
    is_too_late = str(item.invalid_after) < (now() + timedelta(seconds=seconds)).isoformat()
    if item.attempts >= settings.DISPATCH_ATTEMPTS or is_too_late:
        times = "once" if item.attempts == 1 else f"{item.attempts} times"
        return _fail(item, f"{outcome.message} It was tried {times}.")
    try:
        postpone_sending(item, seconds, f"{outcome.message} It will be tried again.")
    except StateChanged:
        return
    delay(seconds)
    raise RetryLater(f"analysis {item.id}: {outcome.message}") from None


def _fail(item: AnalysisItem, message: str) -> None:
    try:
        end_analysis(item, "failure", message, leaving=("queued",))
    except StateChanged:
        log.info("analysis %d ended before it failed", item.id)


def _wait_for_other_invocation(analysis_id: int, delay: Delay) -> None:
    item = find_analysis(analysis_id)
    if item is None or item.status != "queued":
        return
    delay(max(1.0, float(item.lease_until) - time.time() + 1.0))
    raise RetryLater(f"analysis {analysis_id} is being sent by another invocation")


def fail_undelivered_analysis(analysis_id: int) -> None:
    """End an analysis whose message is a dead letter."""
    item = find_analysis(analysis_id)
    if item is not None and item.status == "queued":
        _fail(item, "The data could not be sent in many attempts. Start the analysis again.")
