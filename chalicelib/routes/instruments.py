"""Telescopes and instruments."""

from typing import Any

from chalicelib.errors import BusyError, InvalidError
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import InstrumentId, TelescopeId
from chalicelib.schemas.base import NewId
from chalicelib.schemas.instruments import (
    Instrument,
    InstrumentChange,
    InstrumentsQuery,
    NewInstrument,
    NewTelescope,
    Telescope,
    TelescopeChange,
    TelescopesQuery,
)
from chalicelib.schemas.people import Acl
from chalicelib.sources import instruments

routes = Routes(__name__, __doc__)


@routes.post("/telescope", Acl.SYSTEM_ADMIN, answers=NewId)
def create_telescope(call: Call, body: NewTelescope) -> dict[str, int]:
    """Add a telescope."""
    return {"id": instruments.create_telescope(body)}


@routes.get("/telescope", answers=list[Telescope])
def list_telescopes(call: Call, query: TelescopesQuery) -> list[dict[str, Any]]:
    """List the telescopes."""
    return instruments.list_telescopes(query)


@routes.get("/telescope/{telescope_id}", answers=Telescope)
def get_telescope(call: Call, telescope_id: TelescopeId) -> dict[str, Any]:
    """Return a telescope."""
    return instruments.get_instrument("telescope", telescope_id)


@routes.put("/telescope/{telescope_id}", Acl.SYSTEM_ADMIN, raises=(BusyError,))
def update_telescope(call: Call, telescope_id: TelescopeId, body: TelescopeChange) -> None:
    """Change a telescope; omitted fields stay as they are."""
    instruments.update_telescope(telescope_id, body)


@routes.delete("/telescope/{telescope_id}", Acl.SYSTEM_ADMIN, raises=(InvalidError, BusyError))
def delete_telescope(call: Call, telescope_id: TelescopeId) -> None:
    """Delete a telescope that has no instruments."""
    instruments.delete_telescope(telescope_id)


@routes.post("/instrument", Acl.SYSTEM_ADMIN, answers=NewId, raises=(InvalidError,))
def create_instrument(call: Call, body: NewInstrument) -> dict[str, int]:
    """Add an instrument, with its bandpasses."""
    return {"id": instruments.create_instrument(body)}


@routes.get("/instrument", answers=list[Instrument])
def list_instruments(call: Call, query: InstrumentsQuery) -> list[dict[str, Any]]:
    """List the instruments."""
    return instruments.list_instruments("instrument", query.name)


@routes.get("/instrument/{instrument_id}", answers=Instrument)
def get_instrument(call: Call, instrument_id: InstrumentId) -> dict[str, Any]:
    """Return an instrument."""
    return instruments.get_instrument("instrument", instrument_id)


@routes.put("/instrument/{instrument_id}", Acl.SYSTEM_ADMIN, raises=(InvalidError, BusyError))
def update_instrument(call: Call, instrument_id: InstrumentId, body: InstrumentChange) -> None:
    """Change an instrument; omitted fields stay as they are."""
    instruments.update_instrument(instrument_id, body)


@routes.delete("/instrument/{instrument_id}", Acl.SYSTEM_ADMIN, raises=(BusyError,))
def delete_instrument(call: Call, instrument_id: InstrumentId) -> None:
    """Delete an instrument; points and spectra that were taken with it still name it."""
    instruments.delete_instrument(instrument_id)
