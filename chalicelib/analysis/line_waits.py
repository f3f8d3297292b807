"""The lines of services: why an analysis waits, until when, and who is woken when there is room again."""

import time
from datetime import UTC, datetime

from chalicelib import settings
from chalicelib.analysis.dispatch_queue import LineMessage, queue_line
from chalicelib.tables.analyses import count_line
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.send_slots import forget_service_failures, resume_service
from chalicelib.tables.service_lines import ServiceLineItem, find_service_line
from chalicelib.tables.services import ServiceItem, find_service


def get_send_limit(service: ServiceItem) -> int:
    """Return how many requests a service is sent at a time: what it asks for, and half of all senders at most."""
    return min(service.fields.requests_at_once, max(1, settings.DISPATCH_CONCURRENCY // 2))


def wake_line(service: ServiceItem) -> None:
    """Have as many analyses sent as wait in the line of a service and have room; of a paused one, a single one."""
    line = find_service_line(service.id)
    if line.next_try_at > time.time():
        return
    slots = line.list_free_slots(get_send_limit(service))
    room = min(1, len(slots)) if line.is_paused else len(slots)
    if room:
        for _ in range(count_line(service.id, room)):
            queue_line(LineMessage(service.id))


def wake_line_by_id(service_id: int) -> None:
    """Have the line of a service sent, as `wake_line` does, by its present limit."""
    service = find_service(service_id)
    if service is not None:
        wake_line(service)


def resume_sending(service_id: int) -> None:
    """End the pause of a service that was changed or reached, and have its line sent."""
    resume_service(service_id)
    wake_line_by_id(service_id)


def note_late_success(service_id: int) -> None:
    """Forget that a service failed: it called back for an analysis whose data it had not acknowledged."""
    line = find_service_line(service_id)
    if line.failures or line.is_paused:
        forget_service_failures(service_id)
        wake_line_by_id(service_id)


def get_give_up_time(item: AnalysisItem, line: ServiceLineItem) -> float | None:
    """Return when a queued analysis is given up (Unix seconds); None if it has as long as it takes.

    The service's timeout runs from the first attempt. Before that it runs only while the service is not sent
    anything; merely waiting for others costs nothing.
    """
    if item.give_up_at is not None:
        return float(item.give_up_at)
    if not line.is_paused and line.next_try_at <= time.time():
        return None
    waits_since = float(item.waits_since or time.time())
    return max(waits_since, float(line.paused_at or 0)) + float(item.timeout)


def describe_wait(line: ServiceLineItem) -> str:
    """Say why an analysis waits for its service."""
    if line.is_paused:
        return f"The analysis waits for its service, which is paused. {describe_pause(line)}"
    if line.next_try_at > time.time():
        return f"The analysis waits for its service, which asked to wait until {format_time(line.next_try_at)}."
    return "The analysis waits in line for its service, which takes a limited number at a time."


def describe_pause(line: ServiceLineItem) -> str:
    """Say why a service is paused, and when it is tried again."""
    next_try = (
        f"It is tried again at {format_time(line.next_try_at)}."
        if line.next_try_at > time.time()
        else "It is tried again with the next analysis."
    )
    return f"The last {line.failures} attempts to send it data failed. {line.last_failure} {next_try}"


def describe_end_of_wait(item: AnalysisItem, line: ServiceLineItem) -> str:
    """Say why an analysis is given up that could not be sent within the timeout of its service."""
    timeout = f"{float(item.timeout):g} s, the service's timeout"
    if item.attempts:
        return f"The data could not be sent in {timeout}. {line.last_failure or ''}".rstrip()
    reason = line.last_failure if line.is_paused else "It asked to wait."
    return f"The data were not sent: the service was paused for longer than {timeout}. {reason}"


def format_time(seconds: float) -> str:
    """Return a time (Unix seconds) for readers, such as ``2026-11-22 04:14:15 UTC``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
