"""Spectra."""

from typing import Any

from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import SourceId
from chalicelib.schemas.base import Made
from chalicelib.schemas.people import Acl
from chalicelib.schemas.spectra import NewSpectrum
from chalicelib.sources import catalogue, spectra

routes = Routes(__name__)


@routes.post("/spectrum", Acl.UPLOAD_DATA, answers=Made)
def add(call: Call, body: NewSpectrum) -> dict[str, int]:
    """Upload a spectrum."""
    return {"id": spectra.add(call.requester, body)}


@routes.get("/sources/{source_id}/spectra", answers=dict[str, Any])
def of_source(call: Call, source_id: SourceId) -> dict[str, Any]:
    """Read the spectra of a source that you may see."""
    catalogue.seen(call.requester, source_id)
    return {"obj_id": source_id, "spectra": spectra.of(call.requester, source_id)}
