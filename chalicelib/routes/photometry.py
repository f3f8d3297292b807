"""Photometry: light curves in, light curves out, and single points of them."""

from typing import Annotated, Any

from chalicelib.errors import BusyError, ForbiddenError, InvalidError, NotFoundError, TooLargeError
from chalicelib.routes.http import Call, Reply
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import PathPart, PhotometryId, SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.photometry import (
    NewIds,
    PhotometryChange,
    PhotometryQuery,
    Point,
    PostedPhotometry,
    RangeBody,
    RangeQuery,
    Uploaded,
)
from chalicelib.sources import photometry, photometry_writing, source_records

routes = Routes(__name__)

Posted = Annotated[dict[str, Any], PostedPhotometry]
"""Read row by row, so that an error can name its rows."""

Change = Annotated[dict[str, Any], PhotometryChange]
"""Read as a row is, by the same rules."""

UploadId = Annotated[str, PathPart("upload", NotFoundError)]

WRITING = (NotFoundError, ForbiddenError, BusyError)
"""What may keep photometry from being written besides what is wrong in it."""


@routes.post("/photometry", Acl.UPLOAD_DATA, answers=Uploaded, raises=WRITING)
def upload_photometry(call: Call, body: Posted) -> dict[str, Any]:
    """Upload photometry of one source: all rows are written, or none.

    An observation that is there already (the same source, instrument, filter, origin, mjd, flux and
    fluxerr) is refused, as rows are that are wrong; the message names them all.
    """
    ids, upload_id = photometry_writing.upload_photometry(call.requester, body, refresh=False)
    return {"ids": ids, "upload_id": upload_id}


@routes.put("/photometry", Acl.UPLOAD_DATA, answers=NewIds, raises=WRITING)
def refresh_photometry(call: Call, body: Posted) -> dict[str, Any]:
    """Upload photometry of one source; observations that are there already are refreshed.

    Those that you may change are shared with the groups named, too, and take the altdata, the position and
    the limiting magnitude given; others' stay as they are. All rows are written, or none.
    """
    ids, _ = photometry_writing.upload_photometry(call.requester, body, refresh=True)
    return {"ids": ids}


@routes.get("/sources/{source_id}/photometry", answers=list[Point], raises=(InvalidError,))
def get_light_curve(call: Call, source_id: SourceId, query: PhotometryQuery) -> list[dict[str, Any]]:
    """Read the light curve of a source in order of time, as much as you may see of it."""
    source_records.get_visible_source(call.requester, source_id)
    return photometry.get_light_curve(call.requester, source_id, query.format, query.magsys)


@routes.get("/photometry/range", answers=list[Point], raises=(InvalidError, NotFoundError, TooLargeError))
def list_photometry_range(call: Call, query: RangeQuery, body: RangeBody) -> Reply:
    """List the photometry that you may see between two dates.

    Of one source (`obj_id`) it is all; else it is that of a page of your sources, newest first, and
    the header `X-Next-Cursor` is there when there are more: send it back as `cursor`.
    """
    points, cursor = photometry.list_points_between(call.requester, query, body)
    return Reply(points, headers={"X-Next-Cursor": cursor} if cursor else {})


@routes.get("/photometry/{point_id}", answers=Point, raises=(InvalidError,))
def get_point(call: Call, point_id: PhotometryId, query: PhotometryQuery) -> dict[str, Any]:
    """Read a point of photometry."""
    return photometry.get_point(call.requester, point_id, query.format, query.magsys)


@routes.patch("/photometry/{point_id}", Acl.UPLOAD_DATA, raises=(ForbiddenError, BusyError))
def update_point(call: Call, point_id: PhotometryId, body: Change) -> None:
    """Change a point of photometry that you uploaded; what is left out stays as it was."""
    photometry_writing.update_point(call.requester, point_id, body)


@routes.delete("/photometry/{point_id}", Acl.UPLOAD_DATA, raises=(ForbiddenError, BusyError))
def delete_point(call: Call, point_id: PhotometryId) -> None:
    """Delete a point of photometry that you uploaded."""
    photometry_writing.delete_point(call.requester, point_id)


@routes.delete(
    "/photometry/bulk_delete/{upload_id}", Acl.UPLOAD_DATA, answers=str, raises=(ForbiddenError, BusyError)
)
def delete_photometry_upload(call: Call, upload_id: UploadId) -> str:
    """Delete all points of one of your uploads, by the `upload_id` that it was answered with."""
    count = photometry_writing.delete_photometry_upload(call.requester, upload_id)
    return f"Deleted {count} points of photometry."
