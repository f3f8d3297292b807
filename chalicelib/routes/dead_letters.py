"""Dead letters: messages whose processing failed too often; for administrators."""

from typing import Any

from chalicelib import queues
from chalicelib.errors import NotFoundError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import QueueName
from chalicelib.schemas.dead_letters import DeadLetters, Moved
from chalicelib.schemas.people import Acl

routes = Routes(__name__, __doc__)

MAX_MOVED = 100
"""Most messages that one request moves: it has to answer within seconds."""


@routes.get("/dead_letters", Acl.SYSTEM_ADMIN, answers=DeadLetters)
def list_dead_letters(call: Call) -> dict[str, Any]:
    """List the dead letters of each queue, without removing them.

    In dispatch and fit they are normal for a moment: a function reads them and marks each analysis as
    failed. Those that stay there, and all in jobs, need somebody to fix the cause.
    """
    return {"queues": [_queue_to_json(queue) for queue in queues.WORKED]}


@routes.post("/dead_letters/{queue}/redrive", Acl.SYSTEM_ADMIN, answers=Moved)
def redrive_queue(call: Call, queue: QueueName) -> dict[str, int]:
    """Send the dead letters of a queue back to it, at most a hundred.

    Fix the cause first. If a hundred were moved, there may be more: repeat the request.
    """
    if queue not in queues.WORKED:
        raise NotFoundError(f"There is no queue {queue[:40]!r}; the queues are {', '.join(queues.WORKED)}.")
    return {"moved": queues.redrive_dead_letters(queue, MAX_MOVED)}


def _queue_to_json(queue: str) -> dict[str, Any]:
    count = queues.count_dead_letters(queue)
    # Receiving from an empty queue would take a second.
    return {"name": queue, "count": count, "messages": queues.peek_dead_letters(queue) if count else []}
