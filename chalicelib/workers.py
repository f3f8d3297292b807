"""What runs without a request: a message or the clock in, one call of the heart.

The heart is imported lazily: what only these functions use (requests, for example) must not lengthen
the API function's cold start.

What has to be repeated later is queued again with a delay. A function that raises is one with a fault: Lambda then
slows down the whole queue, and the message is a dead letter in the end.
"""

import json
import logging
import math
import time
from typing import Any, assert_never

import msgspec

from chalicelib import jobs, queues
from chalicelib.errors import RetryLater

log = logging.getLogger(__name__)

MOST_REPEATS = 100
"""How often a job is queued again before it counts as one with a fault."""


def _get_record(event: dict[str, Any]) -> dict[str, Any]:
    """Return the one message of an invocation."""
    (record,) = event["Records"]
    return dict(record)


def get_end(context: Any) -> float:
    """Return when Lambda cuts an invocation off (Unix seconds)."""
    return time.time() + float(context.get_remaining_time_in_millis()) / 1000


def handle_dispatch(event: dict[str, Any], ends_at: float = math.inf) -> None:
    """Send the analysis of a message to its service, or those that wait in the line of a service."""
    from chalicelib.analysis.dispatch import dispatch_analysis, dispatch_line
    from chalicelib.analysis.dispatch_queue import DispatchMessage, LineMessage

    record = _get_record(event)
    fields = json.loads(record["body"])
    if "service_id" in fields:
        dispatch_line(msgspec.convert(fields, LineMessage), ends_at=ends_at)
        return
    receives = int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
    message = msgspec.convert(fields, DispatchMessage)
    dispatch_analysis(message, is_redelivered=receives > 1, ends_at=ends_at)


def handle_dead_letter(event: dict[str, Any]) -> None:
    """End the analysis of a message that was delivered too often; the line of a service is the sweep's to serve."""
    from chalicelib.analysis.dispatch import fail_undelivered_analysis

    fields = json.loads(_get_record(event)["body"])
    if "service_id" not in fields:
        fail_undelivered_analysis(fields["analysis_id"])


def handle_job(event: dict[str, Any]) -> None:
    """Do one step of a job: a change of many records, or work that no request should wait for."""
    job = msgspec.json.decode(_get_record(event)["body"], type=jobs.AnyJob)
    try:
        _run_job(job)
    except RetryLater as later:
        if job.repeats >= MOST_REPEATS:
            raise
        log.info("a job is queued again: %s", later)
        queues.send_job(msgspec.structs.replace(job, repeats=job.repeats + 1), later.seconds)


def _run_job(job: jobs.AnyJob) -> None:
    match job:
        case jobs.ProcessBatch():
            from chalicelib.analysis.batches import process_batch

            process_batch(job)
        case jobs.StartDefaultAnalyses():
            from chalicelib.analysis.default_analyses import start_default_analyses

            start_default_analyses(job)
        case jobs.DeleteServiceAnalyses():
            from chalicelib.analysis.analysis_deletion import delete_service_analyses

            delete_service_analyses(job)
        case jobs.DeleteGroup():
            from chalicelib.people.group_deletion import finish_group_deletion

            finish_group_deletion(job.group_id)
        case jobs.DeleteUser():
            from chalicelib.people.user_deletion import finish_user_deletion

            finish_user_deletion(job.user_id)
        case jobs.DeleteSource():
            from chalicelib.analysis.analysis_deletion import delete_source_with_analyses

            delete_source_with_analyses(job.source_id)
        case jobs.ReadResults():
            from chalicelib.analysis.write_back import read_joblib_results

            read_joblib_results(job.analysis_id)
        case jobs.CheckBlobs():
            from chalicelib.analysis.blob_inventory import check_blobs

            check_blobs(job)
        case _:
            assert_never(job)


def handle_document(event: dict[str, Any]) -> dict[str, Any]:
    """Read a document that is too large for the API function, and store its parts."""
    from chalicelib.analysis.document_storage import store_uploaded_document

    return store_uploaded_document(event["upload"], event["analysis_id"])


def handle_sweep(ends_at: float = math.inf) -> None:
    """Check what has waited too long, and begin what is due."""
    from chalicelib.analysis.blob_inventory import queue_inventory
    from chalicelib.analysis.deployment_health import SWEEP
    from chalicelib.analysis.sweep import sweep_overdue
    from chalicelib.tables.schedules import note_run

    sweep_overdue(ends_at)
    queue_inventory()
    note_run(SWEEP)
