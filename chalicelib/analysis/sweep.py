"""Every minute: end, send, write back or delete whatever has waited too long."""

import logging

from chalicelib import queues
from chalicelib.analysis.analysis_deletion import finish_deletion
from chalicelib.analysis.write_back import write_back
from chalicelib.tables.analyses import AnalysisItem, find_overdue
from chalicelib.tables.analysis_transitions import end_analysis, postpone_check
from chalicelib.tables.base import StateChanged

log = logging.getLogger(__name__)

MOST_RECORDS = 200
"""Records that one invocation checks."""


def sweep_overdue() -> int:
    """Check every record that is overdue; return their number."""
    items = find_overdue(MOST_RECORDS)
    for item in items:
        try:
            _continue(item)
        except StateChanged:
            log.info("analysis %d changed meanwhile", item.id)
        except Exception:
            # One broken record must not block the others.
            log.exception("analysis %d could not be continued", item.id)
    return len(items)


def _continue(item: AnalysisItem) -> None:
    # First, so that a record that fails comes after the others the next time.
    postpone_check(item)
    match item.status:
        case "queued":
            queues.send_message(queues.DISPATCH, {"analysis_id": item.id})
        case "pending":
            end_analysis(item, "timed_out", "The service did not call back in time.", leaving=("pending",))
        case "completed":
            write_back(item)
        case "deleted":
            finish_deletion(item)
