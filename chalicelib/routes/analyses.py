"""Analyses: start, upload, read, cancel, delete."""

from typing import Any

from chalicelib.analysis import analysis_deletion, analysis_lists, analysis_views, rerun, start, upload
from chalicelib.blob_keys import DOCUMENT
from chalicelib.errors import NotFoundError, TooLargeError, UnavailableError
from chalicelib.routes.http import Call, Reply, SplicedReply
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import AnalysisId, ServiceId, SourceId
from chalicelib.schemas.analyses import (
    AnalysesQuery,
    Analysis,
    AnalysisQuery,
    NewAnalysis,
    Rerun,
    Status,
    Upload,
    UploadUrl,
)
from chalicelib.schemas.analyses import Document
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import Acl
from chalicelib.sources import source_records
from chalicelib.tables.analyses import AnalysisItem

routes = Routes(__name__)

STARTING = (NotFoundError, TooLargeError, UnavailableError)
"""What may keep an analysis from starting besides what its signature says."""


@routes.post("/obj/{source_id}/analysis/{number}", Acl.RUN_ANALYSES, answers=NewId, raises=STARTING)
def start_analysis(call: Call, source_id: SourceId, number: ServiceId, body: NewAnalysis) -> dict[str, int]:
    """Start an analysis of a source by a service.

    It is durably queued when this answers; the service is sent what you may see of the source.
    """
    analysis_id = start.start_analysis(
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
def upload_analysis(call: Call, source_id: SourceId, number: ServiceId, body: Upload) -> dict[str, Any]:
    """Upload an analysis that was made elsewhere, to a service that takes uploads."""
    return upload.upload_analysis(call.requester, source_id, number, body)


@routes.post("/obj/{source_id}/analysis_upload/{number}/upload", Acl.RUN_ANALYSES, answers=UploadUrl)
def create_upload_url(call: Call, source_id: SourceId, number: ServiceId) -> dict[str, Any]:
    """Ask where to PUT a document over 6 MB; the upload then names its `upload_id`."""
    return upload.create_upload(call.requester, source_id, number)


@routes.get("/obj/analysis", answers=list[Analysis])
def list_analyses(call: Call, query: AnalysesQuery) -> Reply:
    """List the analyses that you may see, newest first, a page at a time.

    The header `X-Next-Cursor` is there when there is more: send it back as `cursor`.
    """
    page = analysis_lists.list_analyses(call.requester, query)
    headers = {"X-Next-Cursor": str(page.cursor)} if page.cursor else {}
    return Reply(analysis_views.analyses_to_json(call.requester, page.items), headers=headers)


@routes.get("/obj/{source_id}/analysis", answers=list[Analysis])
def list_source_analyses(call: Call, source_id: SourceId, query: AnalysesQuery) -> list[dict[str, Any]]:
    """List the analyses of a source, all of them, newest first, with their model light curves."""
    source_records.get_visible_source(call.requester, source_id)
    return analysis_views.analyses_to_json(
        call.requester,
        analysis_lists.list_source_analyses(call.requester, source_id, query),
        with_curves=True,
    )


@routes.get("/obj/{source_id}/analysis/{number}", answers=Analysis, beside={"analysis": Document})
def get_source_analysis(
    call: Call, source_id: SourceId, number: AnalysisId, query: AnalysisQuery
) -> Reply | SplicedReply:
    """Read an analysis of a source, with its document if asked for."""
    return _shown(call, analysis_views.get_visible_analysis(call.requester, number, source_id), query)


@routes.get("/obj/analysis/{analysis_id}", answers=Analysis, beside={"analysis": Document})
def get_analysis(call: Call, analysis_id: AnalysisId, query: AnalysisQuery) -> Reply | SplicedReply:
    """Read an analysis, with its document if asked for."""
    return _shown(call, analysis_views.get_visible_analysis(call.requester, analysis_id), query)


@routes.get("/obj/analysis/{analysis_id}/status", answers=Status)
def get_analysis_status(call: Call, analysis_id: AnalysisId) -> dict[str, Any]:
    """Read how far an analysis is: one cheap read, for polling."""
    return analysis_views.status_to_json(analysis_views.get_visible_analysis(call.requester, analysis_id))


@routes.delete("/obj/analysis/{analysis_id}", Acl.RUN_ANALYSES)
def delete_analysis(call: Call, analysis_id: AnalysisId) -> None:
    """Delete an analysis, its blobs too."""
    analysis_deletion.delete_analysis(call.requester, analysis_id)


@routes.post("/obj/analysis/{analysis_id}/cancel", Acl.RUN_ANALYSES)
def cancel_analysis(call: Call, analysis_id: AnalysisId) -> None:
    """End an analysis that waits; a callback that comes later is refused."""
    analysis_deletion.cancel_analysis(call.requester, analysis_id)


@routes.post("/obj/analysis/{analysis_id}/rerun", Acl.RUN_ANALYSES, answers=NewId, raises=STARTING)
def rerun_analysis(call: Call, analysis_id: AnalysisId, body: Rerun) -> dict[str, int]:
    """Start an analysis again, as it was but for what the body says; it gets an id of its own."""
    key = call.headers.get("idempotency-key")
    started = rerun.rerun_analysis(
        call.requester, analysis_id, body, public_url=call.public_url, idempotency_key=key
    )
    return {"id": started}


def _shown(call: Call, item: AnalysisItem, query: AnalysisQuery) -> Reply | SplicedReply:
    (view,) = analysis_views.analyses_to_json(call.requester, [item])
    if query.includeFilename:
        view["filename"] = f"analysis_{view['id']}.json" if item.document else None
    if not query.includeAnalysisData:
        return Reply(view)
    if item.document is None:
        return Reply({**view, "data": {}}, beside={"analysis": {}})
    return SplicedReply(f"{item.document}{DOCUMENT}", view, within="data", beside="analysis")
