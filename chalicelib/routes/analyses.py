"""Analyses: start, upload, read, cancel, delete."""

from typing import Any

from chalicelib.analysis import listing, reading, removal, rerun, start, upload
from chalicelib.errors import NotFoundError, TooLargeError, UnavailableError
from chalicelib.routes.http import Answer, Call, Spliced
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import AnalysisId, ServiceId, SourceId
from chalicelib.schemas.analyses import (
    AnalysesQuery,
    Analysis,
    AnalysisQuery,
    Invitation,
    NewAnalysis,
    Rerun,
    Status,
    Upload,
)
from chalicelib.schemas.analysis_fields import Document
from chalicelib.schemas.base import Made
from chalicelib.schemas.people import Acl
from chalicelib.sources import catalogue
from chalicelib.tables.analyses import AnalysisItem

routes = Routes(__name__)

STARTING = (NotFoundError, TooLargeError, UnavailableError)
"""What may keep an analysis from starting besides what its signature says."""


@routes.post("/obj/{source_id}/analysis/{number}", Acl.RUN_ANALYSES, answers=Made, raises=STARTING)
def begin(call: Call, source_id: SourceId, number: ServiceId, body: NewAnalysis) -> dict[str, int]:
    """Start an analysis of a source by a service.

    It is durably queued when this answers; the service is sent what you may see of the source.
    """
    analysis_id = start.start(
        call.requester,
        source_id,
        number,
        body,
        public_url=call.public_url,
        idempotency_key=call.headers.get("idempotency-key"),
    )
    return {"id": analysis_id}


@routes.post(
    "/obj/{source_id}/analysis_upload/{number}",
    Acl.RUN_ANALYSES,
    answers=dict[str, Any],
    raises=(UnavailableError,),
)
def bring(call: Call, source_id: SourceId, number: ServiceId, body: Upload) -> dict[str, Any]:
    """Upload an analysis that was made elsewhere, to a service that takes uploads."""
    return upload.upload(call.requester, source_id, number, body)


@routes.post("/obj/{source_id}/analysis_upload/{number}/upload", Acl.RUN_ANALYSES, answers=Invitation)
def invite(call: Call, source_id: SourceId, number: ServiceId) -> dict[str, Any]:
    """Ask where to PUT a document over 6 MB; the upload then names its `upload_id`."""
    return upload.invite(call.requester, source_id, number)


@routes.get("/obj/analysis", answers=list[Analysis])
def every(call: Call, query: AnalysesQuery) -> Answer:
    """List the analyses that you may see, newest first, a page at a time.

    The header `X-Next-Cursor` is there when there is more: send it back as `cursor`.
    """
    page = listing.everywhere(call.requester, query)
    headers = {"X-Next-Cursor": str(page.cursor)} if page.cursor else {}
    return Answer(reading.shown(call.requester, page.items), headers=headers)


@routes.get("/obj/{source_id}/analysis", answers=list[Analysis])
def of_source(call: Call, source_id: SourceId, query: AnalysesQuery) -> list[dict[str, Any]]:
    """List the analyses of a source, all of them, newest first, with their model light curves."""
    catalogue.seen(call.requester, source_id)
    return reading.shown(call.requester, listing.of_source(call.requester, source_id, query), curves=True)


@routes.get("/obj/{source_id}/analysis/{number}", answers=Analysis, beside={"analysis": Document})
def read_of_source(
    call: Call, source_id: SourceId, number: AnalysisId, query: AnalysisQuery
) -> Answer | Spliced:
    """Read an analysis of a source, with its document if asked for."""
    return _shown(call, reading.seen(call.requester, number, source_id), query)


@routes.get("/obj/analysis/{analysis_id}", answers=Analysis, beside={"analysis": Document})
def read(call: Call, analysis_id: AnalysisId, query: AnalysisQuery) -> Answer | Spliced:
    """Read an analysis, with its document if asked for."""
    return _shown(call, reading.seen(call.requester, analysis_id), query)


@routes.get("/obj/analysis/{analysis_id}/status", answers=Status)
def status(call: Call, analysis_id: AnalysisId) -> dict[str, Any]:
    """Read how far an analysis is: one cheap read, for polling."""
    return reading.status(reading.seen(call.requester, analysis_id))


@routes.delete("/obj/analysis/{analysis_id}", Acl.RUN_ANALYSES)
def remove(call: Call, analysis_id: AnalysisId) -> None:
    """Delete an analysis, its blobs too."""
    removal.delete(call.requester, analysis_id)


@routes.post("/obj/analysis/{analysis_id}/cancel", Acl.RUN_ANALYSES)
def cancel(call: Call, analysis_id: AnalysisId) -> None:
    """End an analysis that waits; a callback that comes later is refused."""
    removal.cancel(call.requester, analysis_id)


@routes.post("/obj/analysis/{analysis_id}/rerun", Acl.RUN_ANALYSES, answers=Made, raises=STARTING)
def again(call: Call, analysis_id: AnalysisId, body: Rerun) -> dict[str, int]:
    """Start an analysis again, as it was but for what the body says; it gets an id of its own."""
    key = call.headers.get("idempotency-key")
    started = rerun.rerun(call.requester, analysis_id, body, public_url=call.public_url, idempotency_key=key)
    return {"id": started}


def _shown(call: Call, item: AnalysisItem, query: AnalysisQuery) -> Answer | Spliced:
    (view,) = reading.shown(call.requester, [item])
    if query.includeFilename:
        view["filename"] = f"analysis_{view['id']}.json" if item.document else None
    if not query.includeAnalysisData:
        return Answer(view)
    if item.document is None:
        return Answer({**view, "data": {}}, beside={"analysis": {}})
    return Spliced(f"{item.document}document.json", view, within="data", beside="analysis")
