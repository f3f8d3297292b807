"""Telescopes and instruments, with the bandpasses that they observe in."""

from typing import Any, Literal

from msgspec import UnsetType

from chalicelib.errors import BusyError, InvalidError, NotFoundError
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.instruments import (
    InstrumentChange,
    NewInstrument,
    NewTelescope,
    TelescopeChange,
    TelescopesQuery,
)
from chalicelib.tables.base import StateChanged, timestamp
from chalicelib.tables.instruments import (
    InstrumentItem,
    find_instrument,
    find_instruments,
    insert_instrument,
    update_instrument_item,
)

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
    _require_telescope(request.telescope_id)
    return insert_instrument("instrument", request.name, sent_fields(request, "name"))


def _require_telescope(telescope_id: int | UnsetType | None) -> None:
    if isinstance(telescope_id, int) and find_instrument("telescope", telescope_id) is None:
        raise InvalidError(f"telescope_id: there is no telescope {telescope_id}. Add one with POST /api/telescope.")


def update_telescope(number: int, request: TelescopeChange) -> None:
    """Change a telescope (see `delete_instrument` for errors)."""
    _update("telescope", number, request)


def update_instrument(number: int, request: InstrumentChange) -> None:
    """Change an instrument (see `delete_instrument` for errors).

    Raises
    ------
    InvalidError
        If its telescope does not exist.
    """
    _require_telescope(request.telescope_id)
    _update("instrument", number, request)


def _update(kind: Kind, number: int, request: TelescopeChange | InstrumentChange) -> None:
    item = _get_item(kind, number)
    fields = {**item.fields, **sent_fields(request)}
    _write(item, {"name": fields.pop("name", item.name), "fields": fields})


def delete_telescope(number: int) -> None:
    """Delete a telescope without instruments (see `delete_instrument` for errors).

    Raises
    ------
    InvalidError
        If instruments are mounted on it.
    """
    item = _get_item("telescope", number)
    mounted = [str(other.id) for other in find_instruments("instrument") if other.fields["telescope_id"] == number]
    if mounted:
        raise InvalidError(
            f"Telescope {number} has the instruments {', '.join(mounted)}; delete them first, or change their "
            "telescope_id."
        )
    _write(item, {"deleted_at": timestamp()})


def delete_instrument(number: int) -> None:
    """Delete an instrument: nothing new can be taken with it, and what was taken still names it.

    Raises
    ------
    NotFoundError
        If there is none with this id.
    BusyError
        If another write changed it at the same time.
    """
    _write(_get_item("instrument", number), {"deleted_at": timestamp()})


def _write(item: InstrumentItem, changes: dict[str, Any]) -> None:
    try:
        update_instrument_item(item, changes)
    except StateChanged:
        raise BusyError("Another request changed this at the same time. Read it again, then change it.") from None


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
    return _instrument_to_json(_get_item(kind, number))


def _get_item(kind: Kind, number: int) -> InstrumentItem:
    item = find_instrument(kind, number)
    if item is None:
        raise NotFoundError(f"There is no {kind} {number}. GET /api/{kind} lists those that exist.")
    return item


def _instrument_to_json(item: InstrumentItem) -> dict[str, Any]:
    return {"id": item.id, "name": item.name, **item.fields, "created_at": item.created_at}


def load_instruments(*, with_deleted: bool = False) -> dict[int, dict[str, Any]]:
    """Return the instruments by id, for stored data with the deleted ones."""
    return {item.id: _instrument_to_json(item) for item in find_instruments("instrument", with_deleted=with_deleted)}
