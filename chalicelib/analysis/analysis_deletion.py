"""Cancelling and deleting analyses: marked deleted first, then the blobs go, then the record.

If a deletion is interrupted, the sweep finishes it.
"""

import logging

from chalicelib import blobs, queues
from chalicelib.access import Requester, require_owner
from chalicelib.analysis.analysis_views import get_visible_analysis
from chalicelib.analysis.write_back import withdraw_summary
from chalicelib.blob_keys import analysis_prefix
from chalicelib.errors import ForbiddenError, RetryLater
from chalicelib.jobs import DeleteServiceAnalyses, DeleteSource
from chalicelib.sources.source_deletion import finish_source_deletion, is_source_hidden
from chalicelib.tables import default_analyses as defaults_table
from chalicelib.tables.analyses import find_analysis, find_some_of_service, find_some_of_source
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.analysis_transitions import delete_record, end_analysis, mark_deleted
from chalicelib.tables.base import StateChanged, retry_on_conflict
from chalicelib.tables.services import find_service

log = logging.getLogger(__name__)

ANALYSES_PER_JOB = 25
"""Analyses that one invocation deletes; the next message deletes more."""

DELETION_SECONDS = 5
"""Seconds after which the deletion of a service has ended or failed."""

INDEX_SECONDS = 120
"""Seconds after which an index surely shows what was just added."""


def delete_analysis(requester: Requester, analysis_id: int) -> None:
    """Delete an analysis with its blobs."""
    _delete(_get_own_analysis(requester, analysis_id))


def cancel_analysis(requester: Requester, analysis_id: int) -> None:
    """End a waiting analysis: a later callback is refused.

    Raises
    ------
    ForbiddenError
        If it has ended.
    """
    item = _get_own_analysis(requester, analysis_id)
    try:
        end_analysis(item, "cancelled", f"Cancelled by {requester.username}.")
    except StateChanged:
        current = find_analysis(analysis_id)
        status = current.status if current else "deleted"
        raise ForbiddenError(
            f"Analysis {analysis_id} is {status}; only a queued or pending one can be cancelled."
        ) from None


def delete_service_analyses(job: DeleteServiceAnalyses) -> None:
    """Delete some analyses of a deleted service, and leave the rest to the queue.

    Parameters
    ----------
    job : DeleteServiceAnalyses
        The service, and whether this is the second check.

    Raises
    ------
    RetryLater
        If the service still exists.
    """
    if find_service(job.service_id) is not None:
        raise RetryLater(f"service {job.service_id} is not deleted yet", DELETION_SECONDS)
    for default in defaults_table.find_of_service(job.service_id):
        defaults_table.delete_default_item(default)
    items = find_some_of_service(job.service_id, ANALYSES_PER_JOB)
    for item in items:
        _delete(item)
    if len(items) == ANALYSES_PER_JOB:
        queues.send_job(job)
    elif not job.last:
        queues.send_job(DeleteServiceAnalyses(job.service_id, last=True), INDEX_SECONDS)


def try_delete_first_analyses(service_id: int) -> None:
    """Delete the first analyses of a deleted service at once; a job deletes the rest, and those that fail."""
    try:
        for item in find_some_of_service(service_id, ANALYSES_PER_JOB):
            _delete(item)
    except Exception:
        log.exception("analyses of service %d could not be deleted; a job will delete them", service_id)


def delete_source_with_analyses(source_id: str) -> None:
    """Delete some analyses of a hidden source, and leave the rest to the queue; then the source."""
    if not is_source_hidden(source_id):
        return
    items = find_some_of_source(source_id, ANALYSES_PER_JOB)
    for item in items:
        _delete(item)
    if len(items) == ANALYSES_PER_JOB:
        queues.send_job(DeleteSource(source_id))
    else:
        finish_source_deletion(source_id)


def finish_deletion(item: AnalysisItem) -> None:
    """Delete the rest of an analysis that is marked deleted."""
    withdraw_summary(item)
    blobs.delete_blobs(analysis_prefix(item.id))
    delete_record(item)


def _delete(item: AnalysisItem) -> None:
    current: AnalysisItem | None = item

    def mark() -> None:
        nonlocal current
        if current and current.status != "deleted":
            try:
                mark_deleted(current)
            except StateChanged:
                current = find_analysis(item.id)
                raise

    retry_on_conflict(mark, "Other requests are changing the analysis. Try again.")
    if current is not None:
        _try_finish_deletion(current)


def _try_finish_deletion(item: AnalysisItem) -> None:
    """Delete the rest now: nobody sees the analysis any more, and the sweep repeats what fails."""
    try:
        finish_deletion(item)
    except Exception:
        log.exception("analysis %d could not be deleted; the sweep will repeat it", item.id)


def _get_own_analysis(requester: Requester, analysis_id: int) -> AnalysisItem:
    item = get_visible_analysis(requester, analysis_id)
    require_owner(requester, item.author_id, "Only its author, or an administrator, may change or delete an analysis.")
    return item
