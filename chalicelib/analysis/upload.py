"""Uploading an analysis that was made elsewhere: a document without a callback."""

import time
from typing import Any

from chalicelib import blobs, services, settings
from chalicelib.access import Requester, has_permission
from chalicelib.analysis import write_back
from chalicelib.analysis.analysis_records import build_analysis_item, insert_counted_analysis
from chalicelib.analysis.callback import MAX_MESSAGE
from chalicelib.analysis.document_storage import create_document_upload, store_document
from chalicelib.analysis.group_choice import choose_group_ids
from chalicelib.analysis.idempotency import find_earlier_id, get_earlier_id, scope_key
from chalicelib.analysis.service_inputs import collect_inputs
from chalicelib.errors import ForbiddenError, HeliographError, UnauthorizedError
from chalicelib.schemas.analyses import Upload
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.people import Acl
from chalicelib.sources.source_records import get_visible_source
from chalicelib.tables.analyses import IdempotencyKeyUsed
from chalicelib.tables.analysis_items import choose_watch
from chalicelib.tables.base import next_id
from chalicelib.tables.services import ServiceItem


def upload_analysis(
    requester: Requester, source_id: str, service_id: int, request: Upload, idempotency_key: str | None = None
) -> dict[str, Any]:
    """Store an uploaded document as an analysis; return its id, and a message if it is empty.

    By default it belongs to the groups that may see all data that the service's kind of analysis takes. A second
    request with the same idempotency key gets the id of the first.

    Raises
    ------
    ForbiddenError
        If the service takes no uploads, or the requester has reached the cap for the source.
    InvalidError
        If the document is malformed.
    """
    service = _require_upload_service(requester, service_id)
    source = get_visible_source(requester, source_id)
    key = scope_key(requester, idempotency_key, "upload", [source_id, service_id, sent_fields(request)])
    if earlier_id := find_earlier_id(key):
        return _describe_upload(earlier_id, request)
    data = collect_inputs(requester, source, service.fields.input_data_types, None)
    group_ids = choose_group_ids(requester, request.group_ids, data.audience)
    analysis_id = next_id("analysis")
    stored = store_document(_upload_namespace(requester), analysis_id, request.analysis)
    if stored.products.annotations and not has_permission(requester, Acl.ANNOTATE):
        blobs.delete_blobs(stored.prefix)
        raise UnauthorizedError(
            "analysis.annotations: the token lacks the permission 'Annotate'. "
            "Leave them out, or ask an administrator for a token with it."
        )
    item = build_analysis_item(
        analysis_id,
        requester,
        source_id,
        service,
        request,
        group_ids=group_ids,
        status="completed" if request.status == "success" else "failure",
        status_message=(request.message or "")[:MAX_MESSAGE],
        analysis_parameters=request.analysis_parameters,
        document=stored.prefix,
        stored_products=stored.products,
    )
    has_work = item.status == "completed" and write_back.needs_write_back(item, stored.products)
    if has_work:
        # If this is interrupted before it is written back, the sweep does it.
        item.watch = choose_watch(item.status, item.id)
        item.check_at = time.time() + settings.CHECK_AFTER
    try:
        insert_counted_analysis(item, key, cap_error=ForbiddenError)
    except IdempotencyKeyUsed as used:
        blobs.delete_blobs(stored.prefix)
        return _describe_upload(get_earlier_id(key, used), request)
    except HeliographError:
        blobs.delete_blobs(stored.prefix)
        raise
    if has_work:
        write_back.try_write_back(item)
    return _describe_upload(analysis_id, request)


def _describe_upload(analysis_id: int, request: Upload) -> dict[str, Any]:
    if request.analysis:
        return {"id": analysis_id}
    return {"id": analysis_id, "message": "The upload holds no analysis: no plots, no results."}


def create_upload(requester: Requester, source_id: str, service_id: int, size: int | None) -> dict[str, Any]:
    """Return an upload URL for a document that is too large for a request, of `size` bytes if that is known.

    Raises
    ------
    ForbiddenError
        As `upload_analysis`.
    """
    _require_upload_service(requester, service_id)
    get_visible_source(requester, source_id)
    return create_document_upload(_upload_namespace(requester), size)


def _upload_namespace(requester: Requester) -> str:
    return f"user-{requester.user_id}"


def _require_upload_service(requester: Requester, service_id: int) -> ServiceItem:
    service = services.get_visible_service(requester, service_id)
    if not service.fields.upload_only:
        raise ForbiddenError(
            f"Analysis service {service_id} takes no uploads; it is sent data: "
            f"POST /api/obj/<source>/analysis/{service_id}."
        )
    services.require_enabled(service)
    return service
