"""Dead letters: messages that failed again and again, for administrators."""

from typing import Any

from chalicelib import queues
from chalicelib.errors import NotFoundError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import QueueName
from chalicelib.schemas.dead_letters import DeadLetters, Moved
from chalicelib.schemas.people import Acl

routes = Routes(__name__)

QUEUES = (queues.DISPATCH, queues.FIT, queues.JOBS)

MOST_MOVED = 100
"""Messages that one request sends back: an answer has to come within seconds."""


@routes.get("/dead_letters", Acl.SYSTEM_ADMIN, answers=DeadLetters)
def list_dead_letters(call: Call) -> dict[str, Any]:
    """Look at the dead letters of each queue; they stay there.

    Of dispatch and fit they are normal for moments: a function reads them, and tells each analysis why it
    failed. What stays there, and all that is in jobs, waits for somebody to mend the cause.
    """
    return {"queues": [_seen(queue) for queue in QUEUES]}


@routes.post("/dead_letters/{queue}/redrive", Acl.SYSTEM_ADMIN, answers=Moved)
def redrive_queue(call: Call, queue: QueueName) -> dict[str, int]:
    """Send the dead letters of a queue back to it, a hundred at most.

    Mend first what made them fail. If as many were moved, there may be more; ask again.
    """
    if queue not in QUEUES:
        raise NotFoundError(f"There is no queue {queue[:40]!r}; there are {', '.join(QUEUES)}.")
    return {"moved": queues.redrive_dead_letters(queue, MOST_MOVED)}


def _seen(queue: str) -> dict[str, Any]:
    count = queues.count_dead_letters(queue)
    # Looking takes a second where there is nothing.
    return {"name": queue, "count": count, "messages": queues.peek_dead_letters(queue) if count else []}
