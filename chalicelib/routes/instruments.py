"""Telescopes and instruments."""

from typing import Any

from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.schemas.base import Made
from chalicelib.schemas.instruments import NewInstrument, NewTelescope
from chalicelib.schemas.people import Acl
from chalicelib.sources import instruments

routes = Routes(__name__)


@routes.post("/telescope", Acl.SYSTEM_ADMIN, answers=Made)
def add_telescope(call: Call, body: NewTelescope) -> dict[str, int]:
    """Add a telescope."""
    return {"id": instruments.add_telescope(body)}


@routes.get("/telescope", answers=list[dict[str, Any]])
def list_telescopes(call: Call) -> list[dict[str, Any]]:
    """List the telescopes."""
    return instruments.every("telescope")


@routes.post("/instrument", Acl.SYSTEM_ADMIN, answers=Made)
def add_instrument(call: Call, body: NewInstrument) -> dict[str, int]:
    """Add an instrument, with the bandpasses that it observes in."""
    return {"id": instruments.add_instrument(body)}


@routes.get("/instrument", answers=list[dict[str, Any]])
def list_instruments(call: Call) -> list[dict[str, Any]]:
    """List the instruments."""
    return instruments.every("instrument")
