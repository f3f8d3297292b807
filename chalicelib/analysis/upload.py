"""Uploading an analysis that somebody made elsewhere: a document without a callback."""

import time
from typing import Any

from chalicelib import services, settings
from chalicelib.access import Requester, has_permission, resolve_group_ids
from chalicelib.analysis import analysis_records, document_uploads, documents, write_back
from chalicelib.errors import ForbiddenError, HeliographError, UnauthorizedError
from chalicelib.schemas.analyses import Upload
from chalicelib.schemas.people import Acl
from chalicelib.sources import source_records
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables.base import next_id
from chalicelib.tables.services import ServiceItem

__all__ = ["create_upload", "upload_analysis"]


def upload_analysis(requester: Requester, source_id: str, service_id: int, request: Upload) -> dict[str, Any]:
    """Keep an uploaded document as an analysis of a source; return its id, and a note if it is empty.

    Raises
    ------
    ForbiddenError
        If the service does not take uploads, or the requester has too many analyses of the source.
    InvalidError
        If the document is malformed.
    """
    service = _open_service(requester, service_id)
    source_records.get_visible_source(requester, source_id)
    group_ids = resolve_group_ids(requester, request.group_ids, requester.groups)
    analysis_id = next_id("analysis")
    stored = document_uploads.accept_document(_owner(requester), analysis_id, request.analysis)
    if stored.products.get("annotations") and not has_permission(requester, Acl.ANNOTATE):
        documents.delete_document(stored.prefix)
        raise UnauthorizedError(
            "analysis.annotations: they need the permission 'Annotate', which the token does not have. "
            "Leave them out, or ask an administrator for a token with it."
        )
    record = analysis_records.build_analysis_item(
        analysis_id,
        requester,
        source_id,
        service,
        request,
        group_ids=group_ids,
        status="completed" if request.status == "success" else "failure",
        status_message=(request.message or "")[:5000],
        analysis_parameters=request.analysis_parameters,
        document=stored.prefix,
        products=stored.products,
    )
    due = record.status == "completed" and write_back.needs_write_back(record, stored.products)
    if due:
        # Should this end before it is written back, the sweep does it.
        record.watch, record.check_at = analyses_table.WATCHED, time.time() + settings.UNSENT_AFTER
    try:
        analysis_records.insert_counted_analysis(record, full=ForbiddenError)
    except HeliographError:
        documents.delete_document(stored.prefix)
        raise
    if due:
        write_back.try_write_back(record)
    note = {} if request.analysis else {"message": "The upload holds no analysis: no plots, no results."}
    return {"id": analysis_id, **note}


def create_upload(requester: Requester, source_id: str, service_id: int) -> dict[str, Any]:
    """Return where a user can put a document that is too large for a request.

    Raises
    ------
    ForbiddenError
        As `upload`.
    """
    _open_service(requester, service_id)
    source_records.get_visible_source(requester, source_id)
    return document_uploads.create_document_upload(_owner(requester))


def _owner(requester: Requester) -> str:
    return f"user-{requester.user_id}"


def _open_service(requester: Requester, service_id: int) -> ServiceItem:
    service = services.get_visible_service(requester, service_id)
    if not service.fields["upload_only"]:
        raise ForbiddenError(
            f"Analysis service {service_id} takes no uploads, it is called: "
            f"POST /api/obj/<source>/analysis/{service_id}."
        )
    if not service.enabled:
        raise ForbiddenError(f"Analysis service {service_id} is disabled by those who manage it.")
    return service
