"""Uploading an analysis that somebody made elsewhere: a document without a callback."""

import time
from typing import Any

from chalicelib import services, settings
from chalicelib.access import Requester, groups_for, may
from chalicelib.analysis import documents, large_documents, records, write_back
from chalicelib.errors import ForbiddenError, HeliographError, UnauthorizedError
from chalicelib.schemas.analyses import Upload
from chalicelib.schemas.people import Acl
from chalicelib.sources import catalogue
from chalicelib.tables import analyses as table
from chalicelib.tables.base import next_id
from chalicelib.tables.services import ServiceItem

__all__ = ["invite", "upload"]


def upload(requester: Requester, source_id: str, service_id: int, wanted: Upload) -> dict[str, Any]:
    """Keep an uploaded document as an analysis of a source; return its id, and a note if it is empty.

    Raises
    ------
    ForbiddenError
        If the service does not take uploads, or the requester has too many analyses of the source.
    InvalidError
        If the document is malformed.
    """
    service = _open_service(requester, service_id)
    catalogue.seen(requester, source_id)
    group_ids = groups_for(requester, wanted.group_ids, requester.groups)
    analysis_id = next_id("analysis")
    stored = large_documents.take(_owner(requester), analysis_id, wanted.analysis)
    if stored.products.get("annotations") and not may(requester, Acl.ANNOTATE):
        documents.delete(stored.prefix)
        raise UnauthorizedError(
            "analysis.annotations: they need the permission 'Annotate', which the token does not have. "
            "Leave them out, or ask an administrator for a token with it."
        )
    record = records.new(
        analysis_id,
        requester,
        source_id,
        service,
        wanted,
        group_ids=group_ids,
        status="completed" if wanted.status == "success" else "failure",
        status_message=(wanted.message or "")[:5000],
        analysis_parameters=wanted.analysis_parameters,
        document=stored.prefix,
        products=stored.products,
    )
    due = record.status == "completed" and write_back.is_due(record, stored.products)
    if due:
        # Should this end before it is written back, the sweep does it.
        record.watch, record.check_at = table.WATCHED, time.time() + settings.UNSENT_AFTER
    try:
        records.add(record, full=ForbiddenError)
    except HeliographError:
        documents.delete(stored.prefix)
        raise
    if due:
        write_back.try_to_settle(record)
    note = {} if wanted.analysis else {"message": "The upload holds no analysis: no plots, no results."}
    return {"id": analysis_id, **note}


def invite(requester: Requester, source_id: str, service_id: int) -> dict[str, Any]:
    """Return where a user can put a document that is too large for a request.

    Raises
    ------
    ForbiddenError
        As `upload`.
    """
    _open_service(requester, service_id)
    catalogue.seen(requester, source_id)
    return large_documents.invite(_owner(requester))


def _owner(requester: Requester) -> str:
    return f"user-{requester.user_id}"


def _open_service(requester: Requester, service_id: int) -> ServiceItem:
    service = services.seen(requester, service_id)
    if not service.fields["upload_only"]:
        raise ForbiddenError(
            f"Analysis service {service_id} takes no uploads, it is called: "
            f"POST /api/obj/<source>/analysis/{service_id}."
        )
    if not service.enabled:
        raise ForbiddenError(f"Analysis service {service_id} is disabled by those who manage it.")
    return service
