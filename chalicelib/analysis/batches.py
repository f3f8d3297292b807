"""Batches: the same analysis for many sources, each with its own outcome.

A job on the queue has a range of sources. A large range is cut in two jobs, a small one is worked
off; a job that comes twice starts nothing twice, since every start carries a key of its own.
"""

import json
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

from chalicelib import blobs, people, queues, settings
from chalicelib.access import Requester, resolve_group_ids
from chalicelib.analysis import start as starting
from chalicelib.errors import (
    BusyError,
    ForbiddenError,
    HeliographError,
    InvalidError,
    RetryLater,
    UnavailableError,
)
from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.base import parse_body, sent_fields
from chalicelib.schemas.batches import LARGEST, BatchQuery, NewBatch
from chalicelib.schemas.people import Acl
from chalicelib.sources import source_lists
from chalicelib.tables import analyses
from chalicelib.tables import batches as batches_table

__all__ = ["batch_to_json", "get_own_batch", "process_batch", "start_batch"]

AT_ONCE = 20
"""Sources that one invocation starts analyses of."""

SOON, GIVEN_UP_AFTER = 10.0, 60.0
"""Seconds after which to look again for the record of a batch; and after which it will never come."""


def start_batch(
    requester: Requester, wanted: NewBatch, *, public_url: str, idempotency_key: str | None
) -> int:
    """Start an analysis of many sources; return the id of the batch.

    Raises
    ------
    ForbiddenError
        If the service or the group is not the requester's.
    InvalidError
        If the parameters do not fit, or there are no sources, or too many.
    """
    service = starting.require_runnable_service(requester, wanted.service_id)
    starting.split_parameters(service, wanted)
    key = starting.scoped_idempotency_key(requester, idempotency_key, "batch")
    if key and (earlier := analyses.find_earlier_id(key)):
        return earlier
    sources = _sources(requester, wanted)
    number = batches_table.next_batch_id()
    request = sent_fields(wanted, "service_id", "obj_ids", "group_id")
    document = {
        "obj_ids": sources,
        "request": request,
        "public_url": settings.get_public_url() or public_url,
        "as_admin": requester.is_admin,
    }
    blobs.write_blob(_key(number), json.dumps(document).encode(), "application/json")
    # The job first: if this ends before the record is there, the job finds none and gives up.
    job = {"job": "batch", "batch_id": number, "first": 0, "last": len(sources), "sent_at": time.time()}
    queues.send_message(queues.JOBS, job, delay=1)
    try:
        batches_table.insert_batch(number, requester.user_id, int(service.id), len(sources), key)
    except analyses.IdempotencyKeyUsed as used:
        return used.earlier_id
    return number


def _sources(requester: Requester, request: NewBatch) -> list[str]:
    named = list(request.obj_ids or ())
    if request.group_id:
        resolve_group_ids(requester, [request.group_id], ())
        named += islice(source_lists.iterate_group_sources(request.group_id), LARGEST + 1)
    found = list(dict.fromkeys(named))
    if not found:
        raise InvalidError(f"group_id: no source is saved to group {request.group_id}.")
    if len(found) > LARGEST:
        raise InvalidError(f"More than {LARGEST} sources are meant; send them in several batches.")
    return found


def process_batch(job: dict[str, Any], pause: Callable[[float], None]) -> None:
    """Start the analyses of a range of a batch's sources, or cut the range in two.

    Parameters
    ----------
    job : dict
        The ``batch_id``, the range from ``first`` to before ``last``, and when it was ``sent_at``.
    pause : callable
        Says after how many seconds the queue shall bring the job again.

    Raises
    ------
    RetryLater
        If the batch is not there yet, or others are changing the same records.
    """
    number, first, last = job["batch_id"], job["first"], job["last"]
    item = batches_table.find_batch(number)
    if item is None:
        return _wait_for(job, pause)
    if last - first > AT_ONCE:
        middle = (first + last) // 2
        for begin, end in ((first, middle), (middle, last)):
            queues.send_message(queues.JOBS, {**job, "first": begin, "last": end})
        return
    document = json.loads(blobs.read_blob(_key(number)) or b"{}")
    known = {outcome.obj_id for outcome in batches_table.find_outcomes(number, first, last - first)}
    acls = [Acl.SYSTEM_ADMIN] if document["as_admin"] else []
    author = people.load_requester(int(item.author_id), acls)
    for place in range(first, last):
        source_id = document["obj_ids"][place]
        if source_id not in known:
            _start(item, author, place, source_id, document, pause)


def _wait_for(job: dict[str, Any], pause: Callable[[float], None]) -> None:
    if time.time() - job["sent_at"] < GIVEN_UP_AFTER:
        pause(SOON)
        raise RetryLater(f"batch {job['batch_id']} is not there yet")


def _start(
    item: batches_table.BatchItem,
    author: Requester | None,
    place: int,
    source_id: str,
    document: dict[str, Any],
    pause: Callable[[float], None],
) -> None:
    try:
        analysis_id, message = _started(item, author, place, source_id, document)
        batches_table.insert_outcome(int(item.id), place, source_id, analysis_id, message)
    except (BusyError, UnavailableError) as reason:
        pause(SOON)
        raise RetryLater(f"batch {int(item.id)}: {reason}") from None


def _started(
    item: batches_table.BatchItem,
    author: Requester | None,
    place: int,
    source_id: str,
    document: dict[str, Any],
) -> tuple[int | None, str | None]:
    """Start the analysis of one source; return its id, or why it does not start."""
    if author is None:
        return None, "The user who started the batch does not exist any more."
    try:
        analysis_id = starting.start_analysis(
            author,
            source_id,
            int(item.service_id),
            parse_body(NewAnalysis, document["request"]),
            public_url=document["public_url"],
            idempotency_key=f"batch {int(item.id)} {place}",
        )
    except (BusyError, UnavailableError):
        raise
    except HeliographError as error:
        return None, str(error)
    return analysis_id, None


def get_own_batch(requester: Requester, number: int) -> batches_table.BatchItem:
    """Return a batch of the requester's.

    Raises
    ------
    ForbiddenError
        If there is none, or it is somebody else's (the same answer).
    """
    item = batches_table.find_batch(number)
    if item is None or not (int(item.author_id) == requester.user_id or requester.is_admin):
        raise ForbiddenError(f"There is no batch {number} of yours.")
    return item


def batch_to_json(item: batches_table.BatchItem, query: BatchQuery) -> dict[str, Any]:
    """Return a batch as the API shows it, with a page of its outcomes."""
    # Counted first: a batch that is done shows all its outcomes.
    known, refused = batches_table.count_outcomes(int(item.id))
    outcomes = batches_table.find_outcomes(int(item.id), query.skipped, query.numPerPage)
    there = analyses.find_analyses([int(o.analysis_id) for o in outcomes if o.analysis_id is not None])
    return {
        "id": int(item.id),
        "service_id": int(item.service_id),
        "author_id": int(item.author_id),
        "created_at": item.created_at,
        "status": "done" if known >= item.total else "running",
        "total": int(item.total),
        "started": known - refused,
        "refused": refused,
        "outcomes": [_outcome(outcome, there) for outcome in outcomes],
    }


def _outcome(outcome: batches_table.OutcomeItem, there: dict[int, analyses.AnalysisItem]) -> dict[str, Any]:
    number = None if outcome.analysis_id is None else int(outcome.analysis_id)
    analysis = there.get(number) if number is not None else None
    return {
        "obj_id": outcome.obj_id,
        "analysis_id": number,
        "status": analysis.status if analysis else None,
        "message": analysis.status_message if analysis else outcome.message,
    }


def _key(number: int) -> str:
    return f"batches/{number}.json"
