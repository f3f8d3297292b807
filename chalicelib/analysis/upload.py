"""Uploading an analysis that somebody made elsewhere: a document without a callback."""

from typing import Any

from chalicelib import services
from chalicelib.access import Requester, groups_for
from chalicelib.analysis import documents, records
from chalicelib.errors import ForbiddenError, HeliographError
from chalicelib.schemas.analyses import Upload
from chalicelib.sources import catalogue
from chalicelib.tables.base import next_id

__all__ = ["upload"]


def upload(requester: Requester, source_id: str, service_id: int, wanted: Upload) -> dict[str, Any]:
    """Keep an uploaded document as an analysis of a source; return its id, and a note if it is empty.

    Raises
    ------
    ForbiddenError
        If the service does not take uploads, or the requester has too many analyses of the source.
    InvalidError
        If the document is malformed.
    """
    service = services.seen(requester, service_id)
    if not service.fields["upload_only"]:
        raise ForbiddenError(
            f"Analysis service {service_id} takes no uploads, it is called: "
            f"POST /api/obj/<source>/analysis/{service_id}."
        )
    if not service.enabled:
        raise ForbiddenError(f"Analysis service {service_id} is disabled by those who manage it.")
    catalogue.seen(requester, source_id)
    group_ids = groups_for(requester, wanted.group_ids, requester.groups)
    document = documents.read(wanted.analysis)
    analysis_id = next_id("analysis")
    prefix = documents.store(analysis_id, document)
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
        document=prefix,
        products=document.products,
    )
    try:
        records.add(record, full=ForbiddenError)
    except HeliographError:
        documents.delete(prefix)
        raise
    note = {} if document.analysis else {"message": "The upload holds no analysis: no plots, no results."}
    return {"id": analysis_id, **note}
