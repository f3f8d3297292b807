"""Batches: the same analysis for many sources."""

from typing import Any

from chalicelib.analysis import batches
from chalicelib.errors import ForbiddenError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import BatchId
from chalicelib.routes.responses import Reply
from chalicelib.schemas.base import NewId
from chalicelib.schemas.batches import Batch, BatchesQuery, BatchQuery, BatchSummary, NewBatch
from chalicelib.schemas.people import Acl

routes = Routes(__name__, __doc__)


@routes.post("/analysis_batch", Acl.RUN_ANALYSES, answers=NewId, raises=(ForbiddenError,), is_remembered=False)
def start_batch(call: Call, body: NewBatch) -> dict[str, int]:
    """Start the same analysis for many sources, or for all sources of a group."""
    key = call.idempotency_key
    return {"id": batches.start_batch(call.requester, body, public_url=call.public_url, idempotency_key=key)}


@routes.get("/analysis_batch", answers=list[BatchSummary])
def list_batches(call: Call, query: BatchesQuery) -> Reply:
    """List your batches, newest first, a page at a time; administrators see those of all users.

    If there are more, the answer has the header `X-Next-Cursor`: send it as `cursor` for the next page.
    """
    page = batches.list_batches(call.requester, query)
    return Reply(page.batches, next_cursor=page.cursor)


@routes.get("/analysis_batch/{batch_id}", answers=Batch)
def get_batch(call: Call, batch_id: BatchId, query: BatchQuery) -> dict[str, Any]:
    """Return a batch with its outcome for each source."""
    return batches.batch_to_json(call.requester, batches.get_own_batch(call.requester, batch_id), query)
