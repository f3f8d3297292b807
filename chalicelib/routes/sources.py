"""Sources, their photometry and spectra, and what they are observed with."""

from typing import Any

from chalicelib.analysis import reading
from chalicelib.errors import InvalidError
from chalicelib.routes.http import Call, Routes
from chalicelib.schemas.people import Acl
from chalicelib.schemas.sources import NewInstrument, NewSource, NewSpectrum, NewTelescope, SourceChange
from chalicelib.sources import catalogue, instruments, photometry, spectra

routes = Routes(__name__)

SPACES = ("mag", "flux", "both")


@routes.post("/sources", Acl.UPLOAD_DATA)
def save_source(call: Call) -> dict[str, str]:
    return {"id": catalogue.save(call.requester, call.read(NewSource))}


@routes.get("/sources/{source_id}")
def read_source(call: Call, source_id: str) -> dict[str, Any]:
    source = catalogue.shown(catalogue.seen(call.requester, source_id))
    if call.switch("includePhotometry"):
        source["photometry"] = _photometry(call, source_id)
    if call.switch("includeSpectra"):
        source["spectra"] = spectra.of(call.requester, source_id)
    if call.switch("includeAnalyses"):
        source["analyses"] = reading.shown(reading.of_source(call.requester, source_id))
    return source


@routes.patch("/sources/{source_id}", Acl.UPLOAD_DATA)
def change_source(call: Call, source_id: str) -> None:
    catalogue.change(call.requester, source_id, call.read(SourceChange))


@routes.get("/sources/{source_id}/photometry")
def read_photometry(call: Call, source_id: str) -> list[dict[str, Any]]:
    catalogue.seen(call.requester, source_id)
    return _photometry(call, source_id)


def _photometry(call: Call, source_id: str) -> list[dict[str, Any]]:
    space = call.query.get("format", "mag")
    if space not in SPACES:
        raise InvalidError(f"format: {space[:40]!r} is not known; choose one of {', '.join(SPACES)}.")
    if call.query.get("magsys", "ab").lower() != "ab":
        raise InvalidError("magsys: only the AB system is given; write ab.")
    named = instruments.named()
    rows = photometry.points(call.requester, source_id)
    return [{"obj_id": source_id, **photometry.shown(row, space, named)} for row in rows]


@routes.post("/photometry", Acl.UPLOAD_DATA)
def add_photometry(call: Call) -> dict[str, Any]:
    ids, upload_id = photometry.upload(call.requester, call.body, repeat=False)
    return {"ids": ids, "upload_id": upload_id}


@routes.put("/photometry", Acl.UPLOAD_DATA)
def put_photometry(call: Call) -> dict[str, Any]:
    ids, _ = photometry.upload(call.requester, call.body, repeat=True)
    return {"ids": ids}


@routes.post("/spectrum", Acl.UPLOAD_DATA)
def add_spectrum(call: Call) -> dict[str, int]:
    return {"id": spectra.add(call.requester, call.read(NewSpectrum))}


@routes.get("/sources/{source_id}/spectra")
def read_spectra(call: Call, source_id: str) -> dict[str, Any]:
    catalogue.seen(call.requester, source_id)
    return {"obj_id": source_id, "spectra": spectra.of(call.requester, source_id)}


@routes.post("/telescope", Acl.SYSTEM_ADMIN)
def add_telescope(call: Call) -> dict[str, int]:
    return {"id": instruments.add_telescope(call.read(NewTelescope))}


@routes.get("/telescope")
def list_telescopes(call: Call) -> list[dict[str, Any]]:
    return instruments.every("telescope")


@routes.post("/instrument", Acl.SYSTEM_ADMIN)
def add_instrument(call: Call) -> dict[str, int]:
    return {"id": instruments.add_instrument(call.read(NewInstrument))}


@routes.get("/instrument")
def list_instruments(call: Call) -> list[dict[str, Any]]:
    return instruments.every("instrument")
