"""Photometry, and what is computed from it: PhotStats and periodograms."""

from typing import Annotated, Any

from chalicelib.access import resolve_group_ids
from chalicelib.errors import BusyError, ForbiddenError, InvalidError, NotFoundError, TooLargeError, UnavailableError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import PhotometryId, SourceId, UploadId
from chalicelib.routes.responses import Reply, SplicedReply
from chalicelib.schemas import photometry as schemas
from chalicelib.schemas.people import Acl
from chalicelib.schemas.periodogram import Periodogram, PeriodogramQuery
from chalicelib.schemas.phot_stat import PhotStat
from chalicelib.schemas.sharing import Sharing
from chalicelib.sources import (
    periodogram,
    phot_stat,
    photometry,
    photometry_origins,
    photometry_range,
    photometry_sharing,
    photometry_writing,
    source_records,
    source_views,
    spectra,
)
from chalicelib.sources.photometry_writing import Existing

routes = Routes(__name__, "Photometry: upload and read light curves, change and delete points.")
phot_stat_routes = Routes("phot_stat", "PhotStats: the statistics of a light curve.")
periodogram_routes = Routes("periodogram", "Periodograms.")

PostedRows = Annotated[dict[str, Any], schemas.PostedPhotometry]
"""Parsed row by row, so that an error can name the rows."""

Change = Annotated[dict[str, Any], schemas.PhotometryChange]
"""Parsed by the same rules as a row."""

WRITE_ERRORS = (NotFoundError, ForbiddenError, BusyError)
CHANGE_ERRORS = (ForbiddenError, BusyError)
PHOT_STAT = "/sources/{source_id}/phot_stat"


@routes.post("/photometry", Acl.UPLOAD_DATA, answers=schemas.Uploaded, raises=WRITE_ERRORS)
def upload_photometry(call: Call, body: PostedRows) -> dict[str, Any]:
    """Upload photometry of one source: all rows are written, or none.

    Rows that are invalid are refused, and so are observations that exist already (the same source,
    instrument, filter, origin, mjd, flux and fluxerr); the message names all of them.
    """
    ids, upload_id = photometry_writing.upload_photometry(call.requester, body, Existing.REFUSE)
    return {"ids": ids, "upload_id": upload_id}


@routes.put("/photometry", Acl.UPLOAD_DATA, answers=schemas.NewIds, raises=WRITE_ERRORS)
def refresh_photometry(call: Call, query: schemas.RefreshQuery, body: PostedRows) -> dict[str, Any]:
    """Upload photometry of one source, updating observations that exist already.

    An existing observation that you may change is also shared with the groups of the request, and takes
    its altdata, position and limiting magnitude; the observations of others stay as they are. All rows
    are written, or none.
    """
    existing = Existing.REFRESH
    if query.duplicate_ignore_flux:
        existing = Existing.OVERWRITE_FLUX if query.overwrite_flux else Existing.IGNORE_FLUX
    elif query.overwrite_flux:
        raise InvalidError("overwrite_flux: only together with duplicate_ignore_flux.")
    ids, _ = photometry_writing.upload_photometry(call.requester, body, existing)
    return {"ids": ids}


@routes.get("/sources/{source_id}/photometry", answers=list[schemas.Point], raises=(InvalidError,))
def get_light_curve(call: Call, source_id: SourceId, query: schemas.LightCurveQuery) -> list[dict[str, Any]]:
    """Return the points of a source that you can see, in order of time."""
    source_records.get_visible_source(call.requester, source_id)
    points = photometry.get_light_curve(call.requester, source_id, query.format, query.magsys)
    return source_views.keep_newest(points) if query.deduplicatePhotometry else points


@routes.get("/photometry/range", answers=list[schemas.Point], raises=(InvalidError, NotFoundError, TooLargeError))
def list_photometry_range(call: Call, query: schemas.RangeQuery, body: schemas.RangeBody) -> Reply:
    """List the photometry that you can see between two dates.

    With `obj_id`, all of that source; otherwise of a page of your sources, newest first. If there are
    more, the answer has the header `X-Next-Cursor`: send it as `cursor` for the next page.
    """
    points, cursor = photometry_range.list_points_between(call.requester, query, body)
    return Reply(points, next_cursor=cursor)


@routes.get("/photometry/origins", answers=list[str])
def list_photometry_origins(call: Call) -> list[str]:
    """List the origins of the photometry that you can see, in up to 300 of the newest sources."""
    origins, notes = photometry_origins.list_origins(call.requester)
    call.notes += notes
    return origins


@routes.post("/sharing", Acl.UPLOAD_DATA, raises=(NotFoundError, ForbiddenError, BusyError))
def share_data(call: Call, body: Sharing) -> None:
    """Share photometry and spectra with more groups.

    Their owner may; points also members of one of their groups who may share photometry, with groups that
    they are in.
    """
    group_ids = resolve_group_ids(call.requester, body.groupIDs, ())
    foreign = photometry_sharing.share_points(
        call.requester, body.photometryIDs, group_ids, skip_foreign=body.skipForeign
    )
    if foreign:
        call.notes.append(f"photometryIDs: {foreign} of {len(set(body.photometryIDs))} points are not yours to share.")
    spectra.share_spectra(call.requester, body.spectrumIDs, group_ids)


@routes.get("/photometry/{point_id}", answers=schemas.Point, raises=(InvalidError,))
def get_point(call: Call, point_id: PhotometryId, query: schemas.PhotometryQuery) -> dict[str, Any]:
    """Return a point of photometry."""
    return photometry.get_point(call.requester, point_id, query.format, query.magsys)


@routes.patch("/photometry/{point_id}", Acl.UPLOAD_DATA, raises=CHANGE_ERRORS)
def update_point(call: Call, point_id: PhotometryId, body: Change) -> None:
    """Change a point of photometry that you uploaded; omitted fields stay as they are."""
    photometry_writing.update_point(call.requester, point_id, body)


@routes.delete("/photometry/{point_id}", Acl.UPLOAD_DATA, raises=CHANGE_ERRORS)
def delete_point(call: Call, point_id: PhotometryId) -> None:
    """Delete a point of photometry that you uploaded."""
    photometry_writing.delete_point(call.requester, point_id)


@routes.delete("/photometry/bulk_delete/{upload_id}", Acl.UPLOAD_DATA, answers=str, raises=CHANGE_ERRORS)
def delete_photometry_upload(call: Call, upload_id: UploadId) -> str:
    """Delete all points of one of your uploads, by its `upload_id`."""
    count = photometry_writing.delete_photometry_upload(call.requester, upload_id)
    return f"Deleted {count} points of photometry."


@phot_stat_routes.get(PHOT_STAT, answers=PhotStat)
def get_phot_stat(call: Call, source_id: SourceId) -> dict[str, Any]:
    """Return the PhotStats of a source, for the photometry that you can see.

    They exist as soon as there is photometry, and are always up to date.
    """
    return phot_stat.get_phot_stat(call.requester, source_id)


@phot_stat_routes.post(PHOT_STAT, Acl.SYSTEM_ADMIN, raises=(InvalidError,))
def create_phot_stat(call: Call, source_id: SourceId) -> None:
    """Create the PhotStats of a source that has none: without photometry, or after they were deleted."""
    phot_stat.create_phot_stat(call.requester, source_id, again=False)


@phot_stat_routes.put(PHOT_STAT, Acl.SYSTEM_ADMIN)
def recreate_phot_stat(call: Call, source_id: SourceId) -> None:
    """Create the PhotStats of a source, replacing existing ones."""
    phot_stat.create_phot_stat(call.requester, source_id, again=True)


@phot_stat_routes.delete(PHOT_STAT, Acl.SYSTEM_ADMIN)
def delete_phot_stat(call: Call, source_id: SourceId) -> None:
    """Delete the PhotStats of a source, until they are created or its photometry changes."""
    phot_stat.delete_phot_stat(call.requester, source_id)


@periodogram_routes.get(
    "/sources/{source_id}/periodogram", answers=Periodogram, raises=(InvalidError, UnavailableError)
)
def get_periodogram(call: Call, source_id: SourceId, query: PeriodogramQuery) -> SplicedReply:
    """Search for periods in the fluxes of a source that you can see.

    A generalised Lomb-Scargle periodogram; with several filters, by the multi-phase model.
    """
    return SplicedReply(periodogram.locate_periodogram(call.requester, source_id, query))
