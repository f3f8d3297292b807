"""Sources: where they are, their redshift, and whose they are."""

from typing import Any

from chalicelib.analysis import reading
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import SourceId
from chalicelib.schemas.people import Acl
from chalicelib.schemas.sources import NewSource, SourceChange, SourceQuery
from chalicelib.sources import catalogue, photometry, spectra

routes = Routes(__name__)


@routes.post("/sources", Acl.UPLOAD_DATA, answers=dict[str, str])
def save(call: Call, body: NewSource) -> dict[str, str]:
    """Save a source; one that is there is updated, or saved to more groups."""
    return {"id": catalogue.save(call.requester, body)}


@routes.get("/sources/{source_id}", answers=dict[str, Any])
def read(call: Call, source_id: SourceId, query: SourceQuery) -> dict[str, Any]:
    """Read a source, with as much of its data as the query asks for."""
    source = catalogue.shown(catalogue.seen(call.requester, source_id))
    if query.includePhotometry:
        source["photometry"] = photometry.shown_of(call.requester, source_id, "mag")
    if query.includeSpectra:
        source["spectra"] = spectra.of(call.requester, source_id)
    if query.includeAnalyses:
        source["analyses"] = reading.shown(reading.of_source(call.requester, source_id))
    return source


@routes.patch("/sources/{source_id}", Acl.UPLOAD_DATA)
def change(call: Call, source_id: SourceId, body: SourceChange) -> None:
    """Change what is known of a source."""
    catalogue.change(call.requester, source_id, body)
