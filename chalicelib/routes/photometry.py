"""Photometry: light curves in, light curves out."""

from typing import Annotated, Any

from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.photometry import PhotometryQuery, PostedPhotometry
from chalicelib.sources import catalogue, photometry

routes = Routes(__name__)

Posted = Annotated[dict[str, Any], PostedPhotometry]
"""Read row by row, so that an error can name its rows."""


@routes.post("/photometry", Acl.UPLOAD_DATA, answers=dict[str, Any])
def add(call: Call, body: Posted) -> dict[str, Any]:
    """Upload photometry of one source: all rows are written, or none."""
    ids, upload_id = photometry.upload(call.requester, body, repeat=False)
    return {"ids": ids, "upload_id": upload_id}


@routes.put("/photometry", Acl.UPLOAD_DATA, answers=dict[str, Any])
def put(call: Call, body: Posted) -> dict[str, Any]:
    """Upload photometry of one source; rows that are there already are taken."""
    ids, _ = photometry.upload(call.requester, body, repeat=True)
    return {"ids": ids}


@routes.get("/sources/{source_id}/photometry", answers=list[dict[str, Any]])
def of_source(call: Call, source_id: SourceId, query: PhotometryQuery) -> list[dict[str, Any]]:
    """Read the light curve of a source, as much as you may see of it."""
    catalogue.seen(call.requester, source_id)
    return photometry.shown_of(call.requester, source_id, query.format)
