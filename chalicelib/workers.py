"""What works without a request: a message or the clock in, one call of the heart.

The heart is imported when first needed: what only these functions use (requests, for one) shall
not cost the API function its cold start.
"""

import json
from collections.abc import Callable
from typing import Any

from chalicelib import queues

__all__ = ["handle_dead_letter", "handle_dispatch", "handle_document", "handle_job", "handle_sweep"]

Pause = Callable[[float], None]


def _message(event: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the one message of an invocation, and the handle by which the queue knows it."""
    (record,) = event["Records"]
    return json.loads(record["body"]), record["receiptHandle"]


def handle_dispatch(event: dict[str, Any]) -> None:
    """Send the analysis of a message to its service; raise if the message shall come back."""
    from chalicelib.analysis.dispatch import dispatch_analysis as send

    message, handle = _message(event)
    send(message["analysis_id"], lambda seconds: queues.postpone_message(queues.DISPATCH, handle, seconds))


def handle_dead_letter(event: dict[str, Any]) -> None:
    """End the analysis of a message that came back too often."""
    from chalicelib.analysis.dispatch import fail_undelivered_analysis

    message, _ = _message(event)
    fail_undelivered_analysis(message["analysis_id"])


def handle_job(event: dict[str, Any]) -> None:
    """Do a part of what touches many records, or what nobody should wait for."""
    message, handle = _message(event)
    JOBS[message["job"]](message, lambda seconds: queues.postpone_message(queues.JOBS, handle, seconds))


def _delete_analyses(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.analysis_deletion import delete_service_analyses

    delete_service_analyses(message["service_id"], last=message.get("last", False), pause=pause)


def _delete_group(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.people.group_deletion import finish_group_deletion

    finish_group_deletion(message["group_id"], pause)


def _delete_source(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.analysis_deletion import delete_source_with_analyses

    delete_source_with_analyses(message["source_id"])


def _default_analyses(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.default_analyses import start_default_analyses

    start_default_analyses(message, pause)


def _batch(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.batches import process_batch

    process_batch(message, pause)


def _read_results(message: dict[str, Any], pause: Pause) -> None:
    from chalicelib.analysis.write_back import read_joblib_results

    read_joblib_results(message["analysis_id"])


JOBS: dict[str, Callable[[dict[str, Any], Pause], None]] = {
    "batch": _batch,
    "default_analyses": _default_analyses,
    "delete_analyses": _delete_analyses,
    "delete_group": _delete_group,
    "delete_source": _delete_source,
    "read_results": _read_results,
}
"""What does the jobs of each kind; `Pause` says after how many seconds a job shall come back."""


def handle_document(event: dict[str, Any]) -> dict[str, Any]:
    """Read a document that is too large for the API function, and store its parts."""
    from chalicelib.analysis.document_uploads import read_uploaded_document

    return read_uploaded_document(event["upload"], event["analysis_id"])


def handle_sweep() -> None:
    """Look at what waits too long."""
    from chalicelib.analysis.sweep import sweep_overdue as look

    look()
