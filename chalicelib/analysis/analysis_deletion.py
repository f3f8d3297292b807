"""Deleting and cancelling analyses: hidden first, then the blobs, then the record.

Whatever stops half-way is finished by the sweep.
"""

from collections.abc import Callable

from chalicelib import blobs, queues
from chalicelib.access import Requester
from chalicelib.analysis.analysis_views import get_visible_analysis
from chalicelib.analysis.write_back import withdraw_summary
from chalicelib.errors import BusyError, ForbiddenError, RetryLater
from chalicelib.sources import source_deletion
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables import analysis_listings as listings
from chalicelib.tables import analysis_transitions as steps
from chalicelib.tables import default_analyses
from chalicelib.tables import services as service_table
from chalicelib.tables.base import ATTEMPTS as TRIES
from chalicelib.tables.base import ConditionFailed

__all__ = [
    "cancel_analysis",
    "delete_analysis",
    "delete_service_analyses",
    "delete_source_with_analyses",
    "finish_deletion",
]

BATCH = 25
"""Analyses that one invocation deletes of a service; the rest is left to the next message."""

SOON, LATER = 5, 120
"""Seconds: until a deletion is surely through, until an index surely shows what was just added."""


def delete_analysis(requester: Requester, analysis_id: int) -> None:
    """Delete an analysis, its blobs too."""
    _remove(_own(requester, analysis_id))


def cancel_analysis(requester: Requester, analysis_id: int) -> None:
    """End an analysis that waits: a callback that comes later is refused.

    Raises
    ------
    ForbiddenError
        If it has ended.
    """
    item = _own(requester, analysis_id)
    try:
        steps.end_analysis(item, "cancelled", f"Cancelled by {requester.username}.")
    except ConditionFailed:
        current = analyses_table.find_analysis(analysis_id)
        state = current.status if current else "deleted"
        raise ForbiddenError(
            f"Analysis {analysis_id} is {state}; only a waiting one can be cancelled."
        ) from None


def delete_service_analyses(service_id: int, *, last: bool, pause: Callable[[float], None]) -> None:
    """Delete the analyses of a deleted service, some of them now, the rest by the queue.

    Parameters
    ----------
    service_id : int
        The service.
    last : bool
        Whether this is the look again, after an index has had the time to show the latest ones.
    pause : callable
        Says after how many seconds the queue shall bring the message again.

    Raises
    ------
    RetryLater
        If the service is still there.
    """
    if service_table.find_service(service_id) is not None:
        pause(SOON)
        raise RetryLater(f"service {service_id} is not deleted yet")
    for default in default_analyses.find_of_service(service_id):
        default_analyses.delete_default_item(default)
    items = analyses_table.find_some_of_service(service_id, BATCH)
    for item in items:
        _remove(item)
    job = {"job": "delete_analyses", "service_id": service_id}
    if len(items) == BATCH:
        queues.send_message(queues.JOBS, {**job, "last": last})
    elif not last:
        queues.send_message(queues.JOBS, {**job, "last": True}, delay=LATER)


def delete_source_with_analyses(source_id: str) -> None:
    """Delete a hidden source with its analyses: some of these now, the rest by the queue."""
    if not source_deletion.is_source_hidden(source_id):
        return
    items = analyses_table.find_some_of_source(source_id, BATCH)
    for item in items:
        _remove(item)
    if len(items) == BATCH:
        queues.send_message(queues.JOBS, {"job": "delete_source", "source_id": source_id})
    else:
        source_deletion.finish_source_deletion(source_id)


def finish_deletion(item: analyses_table.AnalysisItem) -> None:
    """Remove what is left of a hidden analysis."""
    withdraw_summary(item)
    blobs.delete_blobs(f"analyses/{int(item.id)}/")
    listings.delete_listings(item)
    steps.delete_record(item)


def _remove(item: analyses_table.AnalysisItem | None) -> None:
    for _ in range(TRIES):
        if item is None:
            return
        try:
            if item.status != "deleted":
                steps.mark_deleted(item)
        except ConditionFailed:
            item = analyses_table.find_analysis(int(item.id))
            continue
        return finish_deletion(item)
    raise BusyError("The analysis is being changed by others at this moment. Try again.")


def _own(requester: Requester, analysis_id: int) -> analyses_table.AnalysisItem:
    item = get_visible_analysis(requester, analysis_id)
    if int(item.author_id) != requester.user_id and not requester.is_admin:
        raise ForbiddenError("Only its author, or an administrator, may change or delete an analysis.")
    return item
