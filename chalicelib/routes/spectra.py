"""Spectra."""

from typing import Any

from chalicelib.errors import ForbiddenError, NotFoundError, TooLargeError
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import SourceId, SpectrumId
from chalicelib.schemas.base import Made
from chalicelib.schemas.people import Acl
from chalicelib.schemas.spectra import NewSpectrum, SourceSpectra, Spectrum
from chalicelib.sources import catalogue, spectra

routes = Routes(__name__)


@routes.post(
    "/spectrum", Acl.UPLOAD_DATA, answers=Made, raises=(NotFoundError, ForbiddenError, TooLargeError)
)
def add(call: Call, body: NewSpectrum) -> dict[str, int]:
    """Upload a spectrum."""
    return {"id": spectra.add(call.requester, body)}


@routes.get("/spectrum/{spectrum_id}", answers=Spectrum)
def read(call: Call, spectrum_id: SpectrumId) -> dict[str, Any]:
    """Read a spectrum."""
    requester = call.requester
    return spectra.shown(requester, [spectra.seen(requester, spectrum_id)])[0]


@routes.delete("/spectrum/{spectrum_id}", Acl.UPLOAD_DATA, raises=(ForbiddenError,))
def remove(call: Call, spectrum_id: SpectrumId) -> None:
    """Delete a spectrum that you uploaded."""
    spectra.remove(call.requester, spectrum_id)


@routes.get("/sources/{source_id}/spectra", answers=SourceSpectra)
def of_source(call: Call, source_id: SourceId) -> dict[str, Any]:
    """Read the spectra of a source that you may see."""
    catalogue.seen(call.requester, source_id)
    return {"obj_id": source_id, "spectra": spectra.of(call.requester, source_id)}
