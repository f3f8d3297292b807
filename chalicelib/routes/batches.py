"""Batches: the same analysis for many sources."""

from typing import Any

from chalicelib.analysis import batches
from chalicelib.errors import ForbiddenError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import BatchId
from chalicelib.schemas.base import NewId
from chalicelib.schemas.batches import Batch, BatchQuery, NewBatch
from chalicelib.schemas.people import Acl

routes = Routes(__name__, __doc__)


@routes.post("/analysis_batch", Acl.RUN_ANALYSES, answers=NewId, raises=(ForbiddenError,))
def start_batch(call: Call, body: NewBatch) -> dict[str, int]:
    """Start the same analysis for many sources, or for all sources of a group."""
    key = call.idempotency_key
    return {"id": batches.start_batch(call.requester, body, public_url=call.public_url, idempotency_key=key)}


@routes.get("/analysis_batch/{batch_id}", answers=Batch)
def get_batch(call: Call, batch_id: BatchId, query: BatchQuery) -> dict[str, Any]:
    """Return a batch with its outcome for each source."""
    return batches.batch_to_json(batches.get_own_batch(call.requester, batch_id), query)
