"""How a service is sent analyses at present, in words and numbers, for those who manage it."""

import time
from datetime import UTC, datetime
from typing import Any

from chalicelib.analysis.line_waits import describe_pause, format_time
from chalicelib.tables.analyses import count_line
from chalicelib.tables.service_lines import ServiceLineItem, find_service_line

MOST_COUNTED = 1000
"""Analyses in a line that are counted."""


def get_sending_state(service_id: int) -> dict[str, Any]:
    """Return whether a service is paused, why, until when, and how many analyses wait for it.

    What the service answered is not in it: see `refusal_excerpts`.
    """
    line = find_service_line(service_id)
    is_waiting = line.next_try_at > time.time()
    waiting = count_line(service_id, MOST_COUNTED) if line.may_have_waiting else 0
    next_try = datetime.fromtimestamp(line.next_try_at, UTC).replace(tzinfo=None)
    return {
        "state": "paused" if line.is_paused else "asked to wait" if is_waiting else "sending",
        "message": _describe_state(line, _count_in_words(waiting)),
        "next_try_at": next_try.isoformat(timespec="microseconds") if is_waiting else None,
        "failures": line.failures,
        "last_error": line.last_failure,
        "last_error_at": line.failed_at,
        "waiting": waiting,
    }


def _describe_state(line: ServiceLineItem, waiting: str) -> str:
    if line.is_paused:
        return f"It is paused; {waiting}. {describe_pause(line)}"
    if line.next_try_at > time.time():
        return f"It asked to wait until {format_time(line.next_try_at)}; {waiting}."
    return f"It is sent analyses as they come; {waiting}."


def _count_in_words(waiting: int) -> str:
    match waiting:
        case 0:
            return "no analysis waits"
        case 1:
            return "one analysis waits"
    return f"{waiting}{' or more' if waiting >= MOST_COUNTED else ''} analyses wait"
