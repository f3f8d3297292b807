"""What works without a request: a message or the clock in, one call of the heart.

The heart is imported when first needed: what only these functions use (requests, for one) shall
not cost the API function its cold start.
"""

import json
from typing import Any

from chalicelib import queues

__all__ = ["dead_letters", "dispatch", "jobs", "sweep"]


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
    """Do a part of what touches many records."""
    from chalicelib.analysis.removal import delete_of_service

    message, handle = _message(event)
    delete_of_service(
        message["service_id"],
        last=message.get("last", False),
        pause=lambda seconds: queues.hide(queues.JOBS, handle, seconds),
    )


def documents(event: dict[str, Any]) -> dict[str, Any]:
    """Read a document that is too large for the API function, and store its parts."""
    from chalicelib.analysis.large_documents import split

    return split(event["upload"], event["analysis_id"])


def sweep() -> None:
    """Look at what waits too long."""
    from chalicelib.analysis.sweep import sweep as look

    look()
