"""Spectra.

SkyPortal's present name of their address is ``/spectra``; its older clients use ``/spectrum``.
"""

from typing import Any

from chalicelib.errors import BusyError, ForbiddenError, NotFoundError, TooLargeError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import SourceId, SpectrumId
from chalicelib.routes.responses import Reply
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.spectra import (
    BulkSpectra,
    NewSpectrum,
    NewSpectrumFile,
    ParsedSpectrum,
    SourceSpectra,
    SourceSpectraQuery,
    SpectraQuery,
    SpectraSelection,
    Spectrum,
    SpectrumChange,
    SpectrumFile,
    SpectrumList,
    SpectrumQuery,
    SpectrumRangeQuery,
)
from chalicelib.sources import source_records, spectra, spectrum_bulk, spectrum_files, spectrum_search

routes = Routes(__name__, __doc__)

UPLOAD_ERRORS = (NotFoundError, ForbiddenError, TooLargeError)
CHANGE_ERRORS = (ForbiddenError, TooLargeError, BusyError)
SPECTRUM, ALIAS = "/spectra/{spectrum_id}", "/spectrum/{spectrum_id}"


@routes.post("/spectra", Acl.UPLOAD_DATA, alias="/spectrum", answers=NewId, raises=UPLOAD_ERRORS)
def upload_spectrum(call: Call, body: NewSpectrum) -> dict[str, int]:
    """Upload a spectrum."""
    return {"id": spectra.create_spectrum(call.requester, body)}


@routes.post("/spectra/ascii", Acl.UPLOAD_DATA, alias="/spectrum/ascii", answers=NewId, raises=UPLOAD_ERRORS)
def upload_spectrum_file(call: Call, body: NewSpectrumFile) -> dict[str, int]:
    """Upload a spectrum as the text of an ASCII file, which is kept.

    The header becomes `altdata`. A file with a value that cannot be read, rows of unequal length or
    wavelengths that do not increase is refused; the message names the lines.
    """
    return {"id": spectrum_files.create_spectrum_of_file(call.requester, body)}


@routes.post(
    "/spectra/parse/ascii", Acl.UPLOAD_DATA, alias="/spectrum/parse/ascii", answers=ParsedSpectrum, is_remembered=False
)
def parse_spectrum_file(call: Call, body: SpectrumFile) -> dict[str, Any]:
    """Return what the text of an ASCII file says, without storing it."""
    return spectrum_files.parse_spectrum_file(body)


@routes.post("/spectra/bulk", answers=BulkSpectra, raises=(ForbiddenError,), is_remembered=False)
def collect_spectra(call: Call, body: SpectraSelection) -> dict[str, Any]:
    """Return the spectra of many sources, with the times that phases are counted from; nothing is stored.

    At most 300 sources are read, the newest unless `obj_ids` names them, and 1,000,000 numbers answered.
    """
    answer = spectrum_bulk.collect_spectra(call.requester, body)
    call.notes += answer.notes
    return answer.data


@routes.get("/spectra", alias="/spectrum", answers=SpectrumList, raises=(ForbiddenError,))
def list_all_spectra(call: Call, query: SpectraQuery) -> Reply:
    """List the spectra that you can see, of all sources, a page at a time.

    Pages go from the newest upload to the oldest; the spectra of a page are in order of observation. A
    page ends early at 1,000,000 numbers, or after 1000 spectra that were compared. If there may be more,
    `notes` says so, and the answer has the header `X-Next-Cursor`: send it as `cursor` for the next page.
    """
    page = spectrum_search.list_all_spectra(call.requester, query)
    call.notes += page.notes
    return Reply(page.spectra, next_cursor=page.cursor)


@routes.get("/spectra/range", alias="/spectrum/range", answers=list[Spectrum])
def list_spectra_between(call: Call, query: SpectrumRangeQuery) -> Reply:
    """List the spectra that you can see between two dates, a page at a time as in `GET /spectra`."""
    page = spectrum_search.list_spectra_between(call.requester, query)
    call.notes += page.notes
    return Reply(page.spectra, next_cursor=page.cursor)


@routes.get(SPECTRUM, alias=ALIAS, answers=Spectrum)
def get_spectrum(call: Call, spectrum_id: SpectrumId, query: SpectrumQuery) -> dict[str, Any]:
    """Return a spectrum."""
    item = spectra.get_visible_spectrum(call.requester, spectrum_id)
    return spectra.spectra_to_json(call.requester, [item], original_files=query.includeOriginalFile)[0]


@routes.put(SPECTRUM, Acl.UPLOAD_DATA, alias=ALIAS, raises=CHANGE_ERRORS)
def update_spectrum(call: Call, spectrum_id: SpectrumId, body: SpectrumChange) -> None:
    """Change a spectrum that you uploaded; omitted fields stay as they are.

    It is also shared with the groups of `group_ids`, and stays shared with those that it had.
    """
    spectra.update_spectrum(call.requester, spectrum_id, body)


@routes.delete(SPECTRUM, Acl.UPLOAD_DATA, alias=ALIAS, raises=(ForbiddenError,))
def delete_spectrum(call: Call, spectrum_id: SpectrumId) -> None:
    """Delete a spectrum that you uploaded."""
    spectra.delete_spectrum(call.requester, spectrum_id)


@routes.get("/sources/{source_id}/spectra", answers=SourceSpectra)
def list_spectra(call: Call, source_id: SourceId, query: SourceSpectraQuery) -> dict[str, Any]:
    """Return the spectra of a source that you can see."""
    source_records.get_visible_source(call.requester, source_id)
    return {"obj_id": source_id, "spectra": spectra.list_sorted_spectra(call.requester, source_id, query)}
