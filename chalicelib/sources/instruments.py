"""Telescopes and instruments, with the bandpasses that they observe in."""

from typing import Any, Literal

from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.instruments import NewInstrument, NewTelescope, TelescopesQuery
from chalicelib.tables.instruments import InstrumentItem, find_instrument, find_instruments, insert_instrument

Kind = Literal["telescope", "instrument"]


def create_telescope(request: NewTelescope) -> int:
    """Add a telescope; return its id."""
    return insert_instrument("telescope", request.name, sent_fields(request, "name"))


def create_instrument(request: NewInstrument) -> int:
    """Add an instrument; return its id.

    Raises
    ------
    InvalidError
        If its telescope does not exist.
    """
    telescope_id = request.telescope_id
    if telescope_id is not None and find_instrument("telescope", telescope_id) is None:
        raise InvalidError(f"telescope_id: there is no telescope {telescope_id}. Add one with POST /api/telescope.")
    return insert_instrument("instrument", request.name, sent_fields(request, "name"))


def list_instruments(kind: Kind, name: str | None = None) -> list[dict[str, Any]]:
    """Return all telescopes or all instruments, or those of a name."""
    return [_instrument_to_json(item) for item in find_instruments(kind) if name in (None, item.name)]


def list_telescopes(query: TelescopesQuery) -> list[dict[str, Any]]:
    """Return the telescopes of a name, between latitudes and longitudes."""
    return [
        telescope
        for telescope in list_instruments("telescope", query.name)
        if _is_between(telescope["lat"], query.latitudeMin, query.latitudeMax)
        and _is_between(telescope["lon"], query.longitudeMin, query.longitudeMax)
    ]


def _is_between(value: float | None, low: float | None, high: float | None) -> bool:
    if (low, high) == (None, None):
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def get_instrument(kind: Kind, number: int) -> dict[str, Any]:
    """Return a telescope or an instrument.

    Raises
    ------
    NotFoundError
        If there is none with this id.
    """
    item = find_instrument(kind, number)
    if item is None:
        raise NotFoundError(f"There is no {kind} {number}. GET /api/{kind} lists those that exist.")
    return _instrument_to_json(item)


def _instrument_to_json(item: InstrumentItem) -> dict[str, Any]:
    return {"id": item.id, "name": item.name, **item.fields, "created_at": item.created_at}


def load_instruments() -> dict[int, dict[str, Any]]:
    """Return the instruments by id."""
    return {instrument["id"]: instrument for instrument in list_instruments("instrument")}
