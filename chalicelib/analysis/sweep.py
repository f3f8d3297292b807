"""Every minute: nothing waits for ever.

What is past its time ends as ``timed_out``; what is queued and was not taken is put into the
queue again; what is half deleted is deleted.
"""

import logging

from chalicelib import queues
from chalicelib.analysis.analysis_deletion import finish_deletion
from chalicelib.analysis.write_back import write_back
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables import analysis_transitions as steps
from chalicelib.tables.base import ConditionFailed

__all__ = ["sweep_overdue"]

log = logging.getLogger(__name__)

AT_ONCE = 200


def sweep_overdue() -> int:
    """Look at everything that is overdue; return how much it was."""
    items = analyses_table.find_overdue(AT_ONCE)
    for item in items:
        try:
            _mend(item)
        except ConditionFailed:
            log.info("analysis %d moved on by itself", item.id)
        except Exception:
            # One broken record must not keep the others waiting.
            log.exception("analysis %d could not be mended", item.id)
    return len(items)


def _mend(item: analyses_table.AnalysisItem) -> None:
    # First, so that what cannot be mended stands behind the others the next time.
    steps.postpone_check(item)
    match item.status:
        case "queued":
            queues.send_message(queues.DISPATCH, {"analysis_id": int(item.id)})
        case "pending":
            steps.end_analysis(item, "timed_out", "The service did not answer in time.", leaving=("pending",))
        case "completed":
            write_back(item)
        case "deleted":
            finish_deletion(item)
