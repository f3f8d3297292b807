"""Analyses: start, upload, read, cancel, delete."""

from typing import Any

from chalicelib.analysis import (
    analysis_deletion,
    analysis_lists,
    analysis_sharing,
    analysis_views,
    group_choice,
    rerun,
    start,
    upload,
)
from chalicelib.blob_keys import DOCUMENT
from chalicelib.errors import BusyError, NotFoundError, TooLargeError, UnavailableError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import AnalysisId, ServiceId, SourceId
from chalicelib.routes.responses import Reply, SplicedReply
from chalicelib.schemas import analyses as schemas
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import Acl
from chalicelib.sources import source_records
from chalicelib.tables.analysis_items import AnalysisItem

routes = Routes(__name__, __doc__)

START_ERRORS = (NotFoundError, TooLargeError, UnavailableError)
"""Errors of starting an analysis that do not follow from the signature."""

WARNINGS = {"warnings": schemas.Warnings}
"""Beside ``data`` of a started analysis."""


@routes.post(
    "/obj/{source_id}/analysis/{number}",
    Acl.RUN_ANALYSES,
    answers=NewId,
    beside=WARNINGS,
    raises=START_ERRORS,
    is_remembered=False,
)
def start_analysis(call: Call, source_id: SourceId, number: ServiceId, body: schemas.NewAnalysis) -> Reply:
    """Start an analysis of a source by a service.

    When this answers, the analysis is durably queued. The service receives the data that you can see. The
    analysis belongs to those of your groups that may see all of these data, or to you alone. If you name
    groups that may see less, `warnings` beside `data` say so.
    """
    key = call.idempotency_key
    url = call.public_url
    started = start.start_analysis(call.requester, source_id, number, body, public_url=url, idempotency_key=key)
    return Reply({"id": started.id}, beside={"warnings": started.warnings})


@routes.get("/obj/{source_id}/analysis_groups/{number}", answers=list[schemas.AnalysisGroup], raises=(NotFoundError,))
def preview_groups(
    call: Call, source_id: SourceId, number: ServiceId, query: schemas.AnalysisGroupsQuery
) -> list[dict[str, Any]]:
    """List your groups: which may see all data that would be sent, and which an analysis gets by default."""
    return group_choice.preview_groups(call.requester, source_id, number, query)


@routes.post(
    "/obj/{source_id}/analysis_upload/{number}",
    Acl.RUN_ANALYSES,
    answers=dict[str, Any],
    raises=(UnavailableError,),
    is_remembered=False,
)
def upload_analysis(call: Call, source_id: SourceId, number: ServiceId, body: schemas.Upload) -> dict[str, Any]:
    """Upload the result of an analysis, for a service that takes uploads.

    A request that is repeated with the same `Idempotency-Key` uploads it once.
    """
    return upload.upload_analysis(call.requester, source_id, number, body, call.idempotency_key)


@routes.post(
    "/obj/{source_id}/analysis_upload/{number}/upload", Acl.RUN_ANALYSES, answers=schemas.UploadUrl, is_remembered=False
)
def create_upload_url(call: Call, source_id: SourceId, number: ServiceId, body: schemas.NewUploadUrl) -> dict[str, Any]:
    """Create a URL to upload a document over 4.4 MB; the upload request then names its `upload_id`.

    With its `size`, the URL takes a document of exactly so many bytes.
    """
    return upload.create_upload(call.requester, source_id, number, body.size)


@routes.get("/obj/analysis", answers=list[schemas.Analysis], raises=(NotFoundError,))
def list_analyses(call: Call, query: schemas.AnalysesQuery) -> Reply:
    """List the analyses that you can see, newest first, a page at a time.

    If there are more, the answer has the header `X-Next-Cursor`: send it as `cursor` for the next page.
    """
    if query.objID:
        source_records.get_visible_source(call.requester, query.objID)
    page = analysis_lists.list_analyses(call.requester, query)
    return Reply(
        analysis_views.analyses_to_json(call.requester, page.items, with_details=query.includeDetails),
        next_cursor=page.cursor,
    )


@routes.get("/obj/{source_id}/analysis", answers=list[schemas.Analysis])
def list_source_analyses(call: Call, source_id: SourceId, query: schemas.AnalysesQuery) -> list[dict[str, Any]]:
    """List all analyses of a source, newest first, with their model light curves."""
    source_records.get_visible_source(call.requester, source_id)
    items = analysis_lists.list_source_analyses(call.requester, source_id, query)
    return analysis_views.analyses_to_json(call.requester, items, with_curves=True, with_details=query.includeDetails)


@routes.get("/obj/{source_id}/analysis/{number}", answers=schemas.Analysis, beside={"analysis": schemas.Document})
def get_source_analysis(
    call: Call, source_id: SourceId, number: AnalysisId, query: schemas.AnalysisQuery
) -> Reply | SplicedReply:
    """Return an analysis of a source, with its document if requested."""
    item = analysis_views.get_visible_analysis(call.requester, number, source_id)
    return _analysis_reply(call, item, query)


@routes.get("/obj/analysis/{analysis_id}", answers=schemas.Analysis, beside={"analysis": schemas.Document})
def get_analysis(call: Call, analysis_id: AnalysisId, query: schemas.AnalysisQuery) -> Reply | SplicedReply:
    """Return an analysis, with its document if requested."""
    return _analysis_reply(call, analysis_views.get_visible_analysis(call.requester, analysis_id), query)


@routes.get("/obj/analysis/{analysis_id}/status", answers=schemas.Status)
def get_analysis_status(call: Call, analysis_id: AnalysisId) -> dict[str, Any]:
    """Return the status of an analysis: one cheap read, for polling."""
    return analysis_views.status_to_json(analysis_views.get_visible_analysis(call.requester, analysis_id))


@routes.patch("/obj/analysis/{analysis_id}", Acl.RUN_ANALYSES, beside=WARNINGS, raises=(BusyError,))
def update_analysis(call: Call, analysis_id: AnalysisId, body: schemas.AnalysisChange) -> Reply:
    """Change which groups see an analysis that you started or uploaded.

    They see all of it: also the photometry in its figures and files, even where they do not see that
    photometry at the source; `warnings` beside `data` name such groups. Annotations that it wrote to the
    source keep their groups.
    """
    warnings = analysis_sharing.update_analysis(call.requester, analysis_id, body)
    return Reply(beside={"warnings": warnings})


@routes.delete("/obj/analysis/{analysis_id}", Acl.RUN_ANALYSES)
def delete_analysis(call: Call, analysis_id: AnalysisId) -> None:
    """Delete an analysis and its stored files."""
    analysis_deletion.delete_analysis(call.requester, analysis_id)


@routes.post("/obj/analysis/{analysis_id}/cancel", Acl.RUN_ANALYSES)
def cancel_analysis(call: Call, analysis_id: AnalysisId) -> None:
    """Cancel an analysis that is queued or pending; later callbacks are refused."""
    analysis_deletion.cancel_analysis(call.requester, analysis_id)


@routes.post(
    "/obj/analysis/{analysis_id}/rerun",
    Acl.RUN_ANALYSES,
    answers=NewId,
    beside=WARNINGS,
    raises=START_ERRORS,
    is_remembered=False,
)
def rerun_analysis(call: Call, analysis_id: AnalysisId, body: schemas.Rerun) -> Reply:
    """Run an analysis again, as a new analysis, with the changes in the body.

    It belongs to the groups of the earlier one, as far as they may see all data that are sent this time.
    """
    key = call.idempotency_key
    url = call.public_url
    started = rerun.rerun_analysis(call.requester, analysis_id, body, public_url=url, idempotency_key=key)
    return Reply({"id": started.id}, beside={"warnings": started.warnings})


def _analysis_reply(call: Call, item: AnalysisItem, query: schemas.AnalysisQuery) -> Reply | SplicedReply:
    """Return the answer with an analysis and the parts that the query requests."""
    (view,) = analysis_views.analyses_to_json(
        call.requester, [item], with_curves=query.includeDetails, with_details=query.includeDetails
    )
    if query.includeFilename:
        view["filename"] = f"analysis_{view['id']}.json" if item.document else None
    if not query.includeAnalysisData:
        return Reply(view)
    if item.document is None:
        return Reply({**view, "data": {}}, beside={"analysis": {}})
    return SplicedReply(f"{item.document}{DOCUMENT}", view, within="data", beside="analysis")
