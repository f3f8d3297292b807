"""Sending analyses to their services: one message, one request, and then others that wait for the same service.

Refused connections and 5xx are tried again by a delayed message, on a schedule of an hour. One invocation at a time
sends an analysis (a lease), and a few at a time send to one service (slots). An analysis without a slot waits in the
line of its service, without a message; whoever frees a slot sends the next one. A service that keeps failing is
paused (`tables.send_slots`). After a request went out, silence leaves the analysis pending, because the service may
be working.
"""

import logging
import math
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import chain, islice

from chalicelib import settings
from chalicelib.analysis.dispatch_queue import DispatchMessage, LineMessage, queue_analysis, queue_line
from chalicelib.analysis.line_waits import (
    describe_end_of_wait,
    describe_wait,
    format_time,
    get_give_up_time,
    get_send_limit,
    wake_line,
    wake_line_by_id,
)
from chalicelib.analysis.service_request import Outcome, send_to_service
from chalicelib.errors import BusyError
from chalicelib.log_context import log_about, record_metric
from chalicelib.tables.analyses import find_analysis, iterate_line
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.analysis_transitions import end_analysis, join_line, lease_analysis, mark_sent, postpone_sending
from chalicelib.tables.base import StateChanged, now, to_unix_seconds
from chalicelib.tables.send_slots import (
    FAILURES_UNTIL_PAUSE,
    LONGEST_ASKED,
    Slot,
    free_slot,
    free_slot_of_failure,
    free_slot_of_request_to_wait,
    free_slot_of_success,
    take_slot,
)
from chalicelib.tables.service_lines import ServiceLineItem, choose_place, find_service_line, mark_line
from chalicelib.tables.services import ServiceItem, find_service, save_refusal

log = logging.getLogger(__name__)

RETRY_DELAYS = (5.0, 30.0, 120.0, 600.0, 1800.0)
"""Seconds before each further attempt, ± 50 %."""

MOST_ATTEMPTS = len(RETRY_DELAYS) + 1
"""Most attempts to send an analysis after failed connections, 429 and 5xx; other refusals end it at once."""

SPARE_SECONDS = 10.0
"""Seconds that an invocation needs for one more analysis besides those of the request."""

MOST_CANDIDATES = 100
"""Entries of a line that are looked at for the next analysis: its index may still show some that have left."""

UNSENT = Outcome("unsent", "Another invocation sends it, or it ended.")


def dispatch_analysis(message: DispatchMessage, *, is_redelivered: bool = False, ends_at: float = math.inf) -> None:
    """Send a queued analysis to its service, or have it wait for a retry or in line; then send others of the line.

    Parameters
    ----------
    message : DispatchMessage
        The message; one of an analysis that is no longer queued, or of an earlier attempt, is void.
    is_redelivered : bool
        Whether an invocation with this very message ended early, perhaps after it began the attempt.
    ends_at : float
        When the invocation is cut off (Unix seconds).
    """
    item = find_analysis(message.analysis_id)
    if item is None or item.status != "queued":
        return
    if message.attempt != item.attempts and not is_redelivered:
        return
    wait = float(item.lease_until) - time.time()
    if wait > 0:
        queue_analysis(DispatchMessage(item.id, item.attempts), item.analysis_service_id, wait + 1.0)
        return
    service = find_service(item.analysis_service_id)
    if service is None:
        _fail(item, "The analysis service was deleted before the data were sent.")
    elif not _fail_if_over(item):
        _send_or_join(item, service, ends_at)


def dispatch_line(message: LineMessage, *, ends_at: float = math.inf) -> None:
    """Send analyses that wait in the line of a service, or have them sent by as many invocations as there is room."""
    if message.wakes:
        wake_line_by_id(message.service_id)
    else:
        _send_line(message.service_id, ends_at)


def _send_or_join(item: AnalysisItem, service: ServiceItem, ends_at: float) -> None:
    # An analysis in line has a message only if an invocation died after it had joined.
    slot = None if item.line else take_slot(service.id, get_send_limit(service))
    if slot is None:
        if not item.line:
            with suppress(StateChanged):
                _join(item, find_service_line(service.id))
        # A slot that was freed meanwhile was freed without looking at this analysis.
        _send_line(service.id, ends_at, item.id)
    elif _may_go_on(_send_in_slot(slot, item, service)):
        _continue_line(service.id, ends_at)


def _send_line(service_id: int, ends_at: float, joined_id: int | None = None) -> None:
    """Send the analyses of a line, one after the other, while there are slots and time; the first in any case.

    Parameters
    ----------
    service_id : int
        The service; it is read for each analysis, so that its changes take effect at once.
    ends_at : float
        When the invocation is cut off.
    joined_id : int, optional
        An analysis that joined just now, and that the index may not show yet.
    """
    while (service := find_service(service_id)) and (slot := take_slot(service_id, get_send_limit(service))):
        item = _find_next(service, joined_id)
        if item is None:
            free_slot(slot)
            # Who joined before the slot was free has seen no free slot.
            if _find_next(service, joined_id) is None:
                return
        elif not _may_go_on(_send_in_slot(slot, item, service)):
            return
        if not _has_time(ends_at):
            queue_line(LineMessage(service_id))
            return


def _continue_line(service_id: int, ends_at: float) -> None:
    """Send the analyses of a line now if there is time, else by another invocation."""
    if _has_time(ends_at):
        _send_line(service_id, ends_at)
    else:
        queue_line(LineMessage(service_id))


def _has_time(ends_at: float) -> bool:
    return ends_at - time.time() > sum(settings.SEND_TIMEOUT) + SPARE_SECONDS


def _may_go_on(line: ServiceLineItem) -> bool:
    return line.may_have_waiting and line.next_try_at <= time.time()


def _find_next(service: ServiceItem, joined_id: int | None) -> AnalysisItem | None:
    """Return an analysis of a line that is to be sent now; end those that it is too late for."""
    for analysis_id in _iterate_candidates(service, joined_id):
        item = find_analysis(analysis_id)
        if item is not None and _waits_in_line(item) and not _fail_if_over(item):
            return item
    return None


def _waits_in_line(item: AnalysisItem) -> bool:
    return item.status == "queued" and item.line is not None and item.lease_until < time.time()


def _iterate_candidates(service: ServiceItem, joined_id: int | None) -> Iterator[int]:
    limit = get_send_limit(service)
    entries = islice(iterate_line(service.id, limit + 1), MOST_CANDIDATES)
    # Those who look at the same time are not all to choose the first.
    first = list(islice(entries, limit))
    random.shuffle(first)
    return chain(first, entries, [joined_id] if joined_id else [])


def _send_in_slot(slot: Slot, item: AnalysisItem, service: ServiceItem) -> ServiceLineItem:
    """Send an analysis and free the slot; return what is remembered of the service then."""
    turn = None if item.place is None else float(item.place)
    outcome = UNSENT
    try:
        with log_about(analysis_id=item.id, service_id=service.id):
            outcome = _lease_and_send(item, service)
            outcome = _apply_outcome(item, outcome)
    finally:
        line = _settle_slot(slot, outcome, turn)
    if slot.is_probe and not line.is_paused:
        wake_line(service)
    return line


def _settle_slot(slot: Slot, outcome: Outcome, turn: float | None) -> ServiceLineItem:
    match outcome.health:
        case "works":
            return free_slot_of_success(slot, turn)
        case "fails":
            line = free_slot_of_failure(slot, outcome.message, turn)
            begins_pause = slot.is_probe or line.failures == FAILURES_UNTIL_PAUSE
        case "asks to wait":
            line = free_slot_of_request_to_wait(slot, outcome.retry_after or 0.0, turn)
            begins_pause = True
        case "is busy" if slot.is_probe:
            line = free_slot_of_request_to_wait(slot, float(slot.line.pause_seconds or 0), turn)
            begins_pause = True
        case _:
            return free_slot(slot, turn)
    if begins_pause and line.may_have_waiting:
        _wake_after_pause(line)
    return line


def _wake_after_pause(line: ServiceLineItem) -> None:
    seconds = line.next_try_at - time.time()
    if seconds > 0:
        queue_line(LineMessage(line.service_id, wakes=True), seconds + 1.0)


def _lease_and_send(item: AnalysisItem, service: ServiceItem) -> Outcome:
    deadline = now() + timedelta(seconds=float(item.timeout))
    try:
        lease_analysis(item, deadline.isoformat(timespec="microseconds"))
    except StateChanged:
        return UNSENT
    outcome = send_to_service(item, service)
    if outcome.refusal:
        record_metric("Refused", 1, "Count", Service=str(service.id))
        with suppress(StateChanged, BusyError):
            save_refusal(service, outcome.refusal)
    return outcome


def _apply_outcome(item: AnalysisItem, outcome: Outcome) -> Outcome:
    """Write what came of a request; return what it tells in the light of what happened meanwhile."""
    match outcome.kind:
        case "failed":
            _fail(item, outcome.message)
        case "retry":
            _retry(item, outcome)
        case "wait":
            _wait_as_asked(item, outcome)
        case "sent" | "unanswered":
            try:
                deadline = to_unix_seconds(item.invalid_after or "")
                mark_sent(item, outcome.message, deadline, is_answered=outcome.kind == "sent")
            except StateChanged:
                # A callback, a cancellation or a deletion came before the service's own response.
                log.info("analysis %d ended before its service acknowledged it", item.id)
                return UNSENT if outcome.kind == "unanswered" else outcome
            record_metric("QueuedSeconds", time.time() - to_unix_seconds(item.created_at), "Seconds")
    return outcome


def _retry(item: AnalysisItem, outcome: Outcome) -> None:
    number = item.counted_attempts
    seconds = RETRY_DELAYS[min(number, len(RETRY_DELAYS)) - 1] * random.uniform(0.5, 1.5)  # noqa: S311
    # After the time that a service asks for, and not all at once.
    seconds = max(seconds, (outcome.retry_after or 0.0) * random.uniform(1.0, 1.1))  # noqa: S311
    times = "once" if number == 1 else f"{number} times"
    if number >= MOST_ATTEMPTS:
        return _fail(item, f"{outcome.message} It was tried {times}.")
    if time.time() + seconds > float(item.give_up_at or 0):
        timeout = f"{float(item.timeout):g} s, the service's timeout"
        return _fail(item, f"{outcome.message} It was tried {times}; the next attempt would begin after {timeout}.")
    message = (
        f"{outcome.message} That was attempt {number} of {MOST_ATTEMPTS}; "
        f"the next is at {format_time(time.time() + seconds)}."
    )
    with suppress(StateChanged):
        postpone_sending(item, seconds, message)
        queue_analysis(DispatchMessage(item.id, item.attempts), item.analysis_service_id, seconds)


def _wait_as_asked(item: AnalysisItem, outcome: Outcome) -> None:
    """Have an analysis wait in front of the line for as long as its service asks to; the attempt does not count."""
    asked = outcome.retry_after or 0.0
    if time.time() + asked > float(item.give_up_at or 0):
        timeout = f"{float(item.timeout):g} s, the service's timeout"
        return _fail(item, f"{outcome.message} It asks to wait for {asked:.0f} s, beyond {timeout}.")
    again_at = format_time(time.time() + min(asked, LONGEST_ASKED))
    message = f"{outcome.message} It asks to wait: it is sent the data again after {again_at}."
    with suppress(StateChanged):
        _join(item, find_service_line(item.analysis_service_id), message, counts=False)


def _join(item: AnalysisItem, line: ServiceLineItem, reason: str = "", *, counts: bool = True) -> None:
    """Have an analysis wait in line: in front, if an attempt was made; else where it is its author's turn."""
    if mark_line(line):
        _wake_after_pause(line)
    place = float(line.turn) if item.attempts else choose_place(line, item.author_id)
    latest = time.time() + max(settings.UNSENT_AFTER, float(item.timeout))
    check_at = get_give_up_time(item, line) or latest
    join_line(item, place, reason or describe_wait(line), check_at, counts=counts)


def _fail_if_over(item: AnalysisItem) -> bool:
    """End a queued analysis that no attempt is left for, or no time; return whether there was none."""
    if item.counted_attempts >= MOST_ATTEMPTS:
        _fail(item, f"The data could not be sent in {item.counted_attempts} attempts, for an unknown reason.")
        return True
    if item.give_up_at is not None and time.time() > item.give_up_at:
        _fail(item, describe_end_of_wait(item, find_service_line(item.analysis_service_id)))
        return True
    return False


def _fail(item: AnalysisItem, message: str) -> None:
    try:
        end_analysis(item, "failure", message, leaving=("queued",))
    except StateChanged:
        log.info("analysis %d ended before it failed", item.id)


def fail_undelivered_analysis(analysis_id: int) -> None:
    """End an analysis whose message is a dead letter."""
    item = find_analysis(analysis_id)
    if item is not None and item.status == "queued":
        _fail(item, "The data could not be sent in many attempts. Start the analysis again.")
