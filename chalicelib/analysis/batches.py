"""Batches: the same analysis of many sources, each with an outcome of its own.

A job on the queue has a range of sources. A large range is split into two jobs, a small one is
processed. A job that is delivered twice starts nothing twice: each start has an idempotency key.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib import blobs, people, queues, settings
from chalicelib.access import Requester, is_owner, resolve_group_ids
from chalicelib.analysis.analysis_lists import parse_id_cursor
from chalicelib.analysis.analysis_views import verdict_to_json
from chalicelib.analysis.batch_header import FEWEST_TOGETHER
from chalicelib.analysis.idempotency import find_earlier_id, get_earlier_id, scope_key
from chalicelib.analysis.sealed_parameters import SealedParameters, seal_parameters
from chalicelib.analysis.start import require_runnable_service, resolve_request_parameters, start_analysis
from chalicelib.blob_keys import batch_key
from chalicelib.errors import BusyError, ForbiddenError, HeliographError, InvalidError, RetryLater, UnavailableError
from chalicelib.jobs import ProcessBatch
from chalicelib.people.users import find_author_names
from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.base import parse_body, sent_fields
from chalicelib.schemas.batches import LARGEST, BatchesQuery, BatchQuery, NewBatch
from chalicelib.schemas.people import Acl
from chalicelib.sources.source_lists import iterate_group_sources
from chalicelib.tables import batches as batches_table
from chalicelib.tables.analyses import RECORDS_PER_READ, IdempotencyKeyUsed, find_analyses
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.batches import BatchItem, OutcomeItem

SOURCES_PER_JOB = 20
"""Sources that one invocation starts analyses of."""

RETRY_SECONDS = 10.0
"""Seconds after which a job is repeated."""

RECORD_SECONDS = 60.0
"""Seconds after which the record of a batch will not appear any more."""


class _Contents(msgspec.Struct):
    """What the blob of a batch holds."""

    obj_ids: list[str]
    request: NewAnalysis
    public_url: str
    as_admin: bool
    sealed: SealedParameters = {}


def start_batch(requester: Requester, request: NewBatch, *, public_url: str, idempotency_key: str | None) -> int:
    """Start an analysis of many sources; return the id of the batch.

    Raises
    ------
    ForbiddenError
        If the service or the group is not visible to the requester.
    InvalidError
        If the parameters do not fit, or there are no sources, or too many.
    """
    service = require_runnable_service(requester, request.service_id)
    secrets = resolve_request_parameters(service, request).secret
    key = scope_key(requester, idempotency_key, "batch", sent_fields(request))
    if earlier_id := find_earlier_id(key):
        return earlier_id
    source_ids = _collect_sources(requester, request)
    batch_id = batches_table.next_batch_id()
    contents = _Contents(
        source_ids,
        _without_parameters(request, secrets),
        public_url,
        requester.is_admin,
        seal_parameters(request.service_id, requester.user_id, secrets),
    )
    blobs.write_blob(batch_key(batch_id), msgspec.json.encode(contents))
    # The job before the record: a job without a record gives up, a record without a job would wait forever.
    queues.send_job(ProcessBatch(batch_id, 0, len(source_ids), sent_at=time.time()), delay=1)
    try:
        batches_table.insert_batch(batch_id, requester.user_id, int(service.id), len(source_ids), key)
    except IdempotencyKeyUsed as used:
        return get_earlier_id(key, used)
    return batch_id


def _without_parameters(request: NewBatch, names: Collection[str]) -> NewAnalysis:
    """Return what the request says of each analysis, without some of the parameters."""
    fields = sent_fields(request, "service_id", "obj_ids", "group_id", "url_parameters")
    kept = {name: value for name, value in request.parameters.items() if name not in names}
    return parse_body(NewAnalysis, {**fields, "analysis_parameters": kept})


def _collect_sources(requester: Requester, request: NewBatch) -> list[str]:
    source_ids = list(request.obj_ids or ())
    if request.group_id:
        resolve_group_ids(requester, [request.group_id], ())
        source_ids += islice(iterate_group_sources(request.group_id), LARGEST + 1)
    source_ids = list(dict.fromkeys(source_ids))
    if not source_ids:
        raise InvalidError(f"group_id: no source is saved to group {request.group_id}.")
    if len(source_ids) > LARGEST:
        raise InvalidError(f"The batch has more than {LARGEST} sources; send them in several batches.")
    return source_ids


def process_batch(job: ProcessBatch) -> None:
    """Start the analyses of a range of a batch's sources, or split the range in two.

    Parameters
    ----------
    job : ProcessBatch
        The batch and the range.

    Raises
    ------
    RetryLater
        If the batch does not exist yet, or other requests are changing the same records.
    """
    batch_id, first, last = job.batch_id, job.first, job.last
    item = batches_table.find_batch(batch_id)
    if item is None:
        return _wait_for_record(job)
    if last - first > SOURCES_PER_JOB:
        middle = (first + last) // 2
        queues.send_job(replace(job, last=middle))
        queues.send_job(replace(job, first=middle))
        return
    contents = msgspec.json.decode(blobs.read_blob(batch_key(batch_id)) or b"", type=_Contents)
    outcomes = batches_table.find_outcomes(batch_id, first, last - first)
    finished = {outcome.obj_id for outcome in outcomes}
    author = people.load_requester(item.author_id, [Acl.SYSTEM_ADMIN] if contents.as_admin else [])
    for position in range(first, last):
        source_id = contents.obj_ids[position]
        if source_id in finished:
            continue
        try:
            analysis_id, message = _start_one(item, author, position, contents)
        except (BusyError, UnavailableError) as error:
            raise RetryLater(f"batch {batch_id}: {error}", RETRY_SECONDS) from None
        batches_table.insert_outcome(batch_id, position, source_id, analysis_id, message)
    _save_refused_count(item)


def _save_refused_count(item: BatchItem) -> None:
    """Save the number of refusals once all outcomes are known; the last of several jobs sees them all."""
    known, refused = batches_table.count_outcomes(item.id)
    if known >= item.total:
        batches_table.save_refused_count(item, refused)


def _wait_for_record(job: ProcessBatch) -> None:
    if time.time() - job.sent_at < RECORD_SECONDS:
        raise RetryLater(f"batch {job.batch_id} does not exist yet", RETRY_SECONDS)


def _start_one(
    item: BatchItem, author: Requester | None, position: int, contents: _Contents
) -> tuple[int | None, str | None]:
    """Start the analysis of one source; return its id, or why it is refused."""
    if author is None:
        return None, "The user who started the batch was deleted, or their account expired."
    try:
        started = start_analysis(
            author,
            contents.obj_ids[position],
            item.service_id,
            contents.request,
            public_url=contents.public_url,
            idempotency_key=f"batch {item.id} {position}",
            key_seconds=settings.CAUSE_SECONDS,
            sealed=contents.sealed,
            batch_id=item.id if item.total >= FEWEST_TOGETHER else None,
        )
    except (BusyError, UnavailableError):
        raise
    except HeliographError as error:
        return None, str(error)
    return started.id, None


def get_own_batch(requester: Requester, batch_id: int) -> BatchItem:
    """Return a batch of the requester.

    Raises
    ------
    ForbiddenError
        If it does not exist, or another user started it (the same message).
    """
    item = batches_table.find_batch(batch_id)
    if item is None or not is_owner(requester, item.author_id):
        raise ForbiddenError(f"You have no batch {batch_id}.")
    return item


@dataclass(frozen=True)
class BatchPage:
    """A page of batches, and the cursor of the next one, if there is more."""

    batches: list[dict[str, Any]]
    cursor: int | None


def list_batches(requester: Requester, query: BatchesQuery) -> BatchPage:
    """Return a page of the requester's batches, newest first; administrators see those of all users.

    Raises
    ------
    InvalidError
        If the cursor is malformed.
    """
    before = parse_id_cursor(query.cursor)
    needed = query.skipped + query.numPerPage
    candidates = (
        batches_table.iterate_all_batches(before, needed + 1)
        if requester.is_admin
        else batches_table.iterate_author_batches(requester.user_id, before, min(needed + 1, RECORDS_PER_READ))
    )
    items = list(islice(candidates, needed + 1))
    page_items = items[query.skipped : needed]
    names = find_author_names(requester, (item.author_id for item in page_items))
    return BatchPage(
        [_summary_to_json(item, names.get(item.author_id)) for item in page_items],
        items[needed - 1].id if len(items) > needed else None,
    )


def _summary_to_json(item: BatchItem, author_name: str | None) -> dict[str, Any]:
    if item.refused is None:
        known, refused = batches_table.count_outcomes(item.id)
    else:
        known, refused = item.total, item.refused
    return {
        "id": item.id,
        "service_id": item.service_id,
        "author_id": item.author_id,
        "author_name": author_name,
        "created_at": item.created_at,
        "status": "done" if known >= item.total else "running",
        "total": item.total,
        "started": known - refused,
        "refused": refused,
    }


def batch_to_json(requester: Requester, item: BatchItem, query: BatchQuery) -> dict[str, Any]:
    """Return a batch as the API shows it, with a page of its outcomes."""
    names = find_author_names(requester, [item.author_id])
    # Counted first, so that a batch with status "done" shows all its outcomes.
    summary = _summary_to_json(item, names.get(item.author_id))
    outcomes = batches_table.find_outcomes(item.id, query.skipped, query.numPerPage)
    analyses = find_analyses(outcome.analysis_id for outcome in outcomes if outcome.analysis_id is not None)
    return {**summary, "outcomes": list(_outcomes_to_json(outcomes, analyses))}


def _outcomes_to_json(outcomes: list[OutcomeItem], analyses: dict[int, AnalysisItem]) -> Iterable[dict[str, Any]]:
    for outcome in outcomes:
        analysis = analyses.get(outcome.analysis_id or 0)
        yield {
            "obj_id": outcome.obj_id,
            "analysis_id": outcome.analysis_id,
            "status": analysis.status if analysis else None,
            "message": analysis.status_message if analysis else outcome.message,
            "verdict": verdict_to_json(analysis) if analysis else None,
        }
