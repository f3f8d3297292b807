"""What works without a request: a message or the clock in, one call of the heart.

The heart is imported when first needed: what only these functions use (requests, for one) shall
not cost the API function its cold start.
"""

import json
from collections.abc import Callable
from typing import Any

from chalicelib import queues

__all__ = ["dead_letters", "dispatch", "documents", "jobs", "sweep"]

Pause = Callable[[float], None]


def _message(event: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the one message of an invocation, and the handle by which the queue knows it."""
    (record,) = event["Records"]
    return json.loads(record["body"]), record["receiptHandle"]


def dispatch(event: dict[str, Any]) -> None:
    """Send the analysis of a message to its service; raise if the message shall come back."""
    from chalicelib.analysis.dispatch import dispatch as send

    message, handle = _message(event)
    send(message["analysis_id"], lambda seconds: queues.hide(queues.DISPATCH, handle, seconds))


def dead_letters(event: dict[str, Any]) -> None:
    """End the analysis of a message that came back too often."""
    from chalicelib.analysis.dispatch import give_up

    message, _ = _message(event)
    give_up(message["analysis_id"])


def jobs(event: dict[str, Any]) -> None:
    """Do a part of what touches many records, or what nobody should wait for."""
    message, handle = _message(event)
    JOBS[message["job"]](message, lambda seconds: queues.hide(queues.JOBS, handle, seconds))


def _delete_analyses(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.removal import delete_of_service

    delete_of_service(message["service_id"], last=message.get("last", False), pause=pause)


def _delete_group(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.people.group_removal import finish

    finish(message["group_id"], pause)


def _delete_source(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.removal import delete_of_source

    delete_of_source(message["source_id"])


def _default_analyses(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.defaults import happened

    happened(message, pause)


def _batch(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.batches import work_off

    work_off(message, pause)


def _read_results(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.write_back import read_results

    read_results(message["analysis_id"])


JOBS: dict[str, Callable[[dict[str, Any], Pause], None]] = {
    "batch": _batch,
    "default_analyses": _default_analyses,
    "delete_analyses": _delete_analyses,
    "delete_group": _delete_group,
    "delete_source": _delete_source,
    "read_results": _read_results,
}
"""What does the jobs of each kind; `Pause` says after how many seconds a job shall come back."""


def documents(event: dict[str, Any]) -> dict[str, Any]:
    """Read a document that is too large for the API function, and store its parts."""
    from chalicelib.analysis.large_documents import split

    return split(event["upload"], event["analysis_id"])


def sweep() -> None:
    """Look at what waits too long."""
    from chalicelib.analysis.sweep import sweep as look

    look()
