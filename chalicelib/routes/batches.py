"""Batches: the same analysis for many sources."""

from typing import Any

from chalicelib.analysis import batches
from chalicelib.errors import ForbiddenError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import BatchId
from chalicelib.schemas.base import Made
from chalicelib.schemas.batches import Batch, BatchQuery, NewBatch
from chalicelib.schemas.people import Acl

routes = Routes(__name__)


@routes.post("/analysis_batch", Acl.RUN_ANALYSES, answers=Made, raises=(ForbiddenError,))
def add(call: Call, body: NewBatch) -> dict[str, int]:
    """Start the same analysis for many sources, or for all sources of a group."""
    key = call.headers.get("idempotency-key")
    return {"id": batches.add(call.requester, body, public_url=call.public_url, idempotency_key=key)}


@routes.get("/analysis_batch/{batch_id}", answers=Batch)
def read(call: Call, batch_id: BatchId, query: BatchQuery) -> dict[str, Any]:
    """Read what came of a batch, source by source."""
    return batches.shown(batches.seen(call.requester, batch_id), query)
