"""What runs without a request: a message or the clock in, one call of the heart.

The heart is imported lazily: what only these functions use (requests, for example) must not lengthen
the API function's cold start.
"""

import json
from collections.abc import Callable
from typing import Any, assert_never

import msgspec

from chalicelib import jobs, queues

Delay = Callable[[float], None]


def _get_message(event: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the one message of an invocation, and its receipt handle."""
    (record,) = event["Records"]
    return json.loads(record["body"]), record["receiptHandle"]


def handle_dispatch(event: dict[str, Any]) -> None:
    """Send the analysis of a message to its service; raise if the queue should deliver it again."""
    from chalicelib.analysis.dispatch import dispatch_analysis

    message, handle = _get_message(event)
    dispatch_analysis(message["analysis_id"], lambda seconds: queues.postpone_message(queues.DISPATCH, handle, seconds))


def handle_dead_letter(event: dict[str, Any]) -> None:
    """End the analysis of a message that was delivered too often."""
    from chalicelib.analysis.dispatch import fail_undelivered_analysis

    message, _ = _get_message(event)
    fail_undelivered_analysis(message["analysis_id"])


def handle_job(event: dict[str, Any]) -> None:
    """Do one step of a job: a change of many records, or work that no request should wait for."""
    message, handle = _get_message(event)
    job = msgspec.convert(message, jobs.AnyJob)
    _run_job(job, lambda seconds: queues.postpone_message(queues.JOBS, handle, seconds))


def _run_job(job: jobs.AnyJob, delay: Delay) -> None:
    """Do one step of a job; `delay` sets after how many seconds the queue delivers it again."""
    match job:
        case jobs.ProcessBatch():
            from chalicelib.analysis.batches import process_batch

            process_batch(job, delay)
        case jobs.StartDefaultAnalyses():
            from chalicelib.analysis.default_analyses import start_default_analyses

            start_default_analyses(job, delay)
        case jobs.DeleteServiceAnalyses():
            from chalicelib.analysis.analysis_deletion import delete_service_analyses

            delete_service_analyses(job, delay)
        case jobs.DeleteGroup():
            from chalicelib.people.group_deletion import finish_group_deletion

            finish_group_deletion(job.group_id, delay)
        case jobs.DeleteUser():
            from chalicelib.people.user_deletion import finish_user_deletion

            finish_user_deletion(job.user_id, delay)
        case jobs.DeleteSource():
            from chalicelib.analysis.analysis_deletion import delete_source_with_analyses

            delete_source_with_analyses(job.source_id)
        case jobs.ReadResults():
            from chalicelib.analysis.write_back import read_joblib_results

            read_joblib_results(job.analysis_id)
        case _:
            assert_never(job)


def handle_document(event: dict[str, Any]) -> dict[str, Any]:
    """Read a document that is too large for the API function, and store its parts."""
    from chalicelib.analysis.document_storage import store_uploaded_document

    return store_uploaded_document(event["upload"], event["analysis_id"])


def handle_sweep() -> None:
    """Check what has waited too long."""
    from chalicelib.analysis.sweep import sweep_overdue

    sweep_overdue()
