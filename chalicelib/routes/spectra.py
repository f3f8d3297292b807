"""Spectra."""

from typing import Any

from chalicelib.errors import ForbiddenError, NotFoundError, TooLargeError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import SourceId, SpectrumId
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.spectra import NewSpectrum, SourceSpectra, Spectrum
from chalicelib.sources import source_records, spectra

routes = Routes(__name__)


@routes.post(
    "/spectrum", Acl.UPLOAD_DATA, answers=NewId, raises=(NotFoundError, ForbiddenError, TooLargeError)
)
def upload_spectrum(call: Call, body: NewSpectrum) -> dict[str, int]:
    """Upload a spectrum."""
    return {"id": spectra.create_spectrum(call.requester, body)}


@routes.get("/spectrum/{spectrum_id}", answers=Spectrum)
def get_spectrum(call: Call, spectrum_id: SpectrumId) -> dict[str, Any]:
    """Read a spectrum."""
    requester = call.requester
    return spectra.spectra_to_json(requester, [spectra.get_visible_spectrum(requester, spectrum_id)])[0]


@routes.delete("/spectrum/{spectrum_id}", Acl.UPLOAD_DATA, raises=(ForbiddenError,))
def delete_spectrum(call: Call, spectrum_id: SpectrumId) -> None:
    """Delete a spectrum that you uploaded."""
    spectra.delete_spectrum(call.requester, spectrum_id)


@routes.get("/sources/{source_id}/spectra", answers=SourceSpectra)
def list_spectra(call: Call, source_id: SourceId) -> dict[str, Any]:
    """Read the spectra of a source that you may see."""
    source_records.get_visible_source(call.requester, source_id)
    return {"obj_id": source_id, "spectra": spectra.list_spectra(call.requester, source_id)}
