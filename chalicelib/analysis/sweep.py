"""Every minute: nothing waits for ever.

What is past its time ends as ``timed_out``; what is queued and was not taken is put into the
queue again; what is half deleted is deleted.
"""

import logging

from chalicelib import queues
from chalicelib.analysis.removal import finish
from chalicelib.analysis.write_back import settle
from chalicelib.tables import analyses as table
from chalicelib.tables import analysis_steps as steps
from chalicelib.tables.base import LostRace

__all__ = ["sweep"]

log = logging.getLogger(__name__)

AT_ONCE = 200


def sweep() -> int:
    """Look at everything that is overdue; return how much it was."""
    items = table.overdue(AT_ONCE)
    for item in items:
        try:
            _mend(item)
        except LostRace:
            log.info("analysis %d moved on by itself", item.id)
        except Exception:
            # One broken record must not keep the others waiting.
            log.exception("analysis %d could not be mended", item.id)
    return len(items)


def _mend(item: table.AnalysisItem) -> None:
    # First, so that what cannot be mended stands behind the others the next time.
    steps.looked_at(item)
    match item.status:
        case "queued":
            queues.send(queues.DISPATCH, {"analysis_id": int(item.id)})
        case "pending":
            steps.end(item, "timed_out", "The service did not answer in time.", leaving=("pending",))
        case "completed":
            settle(item)
        case "deleted":
            finish(item)
