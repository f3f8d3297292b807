"""Telescopes and instruments: what sources are observed with, and in which bandpasses."""

from typing import Any, Literal

from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.instruments import NewInstrument, NewTelescope
from chalicelib.tables import instruments as instruments_table

__all__ = ["add_instrument", "add_telescope", "get_instrument", "list_instruments", "load_instruments"]

Kind = Literal["telescope", "instrument"]


def add_telescope(request: NewTelescope) -> int:
    """Add a telescope; return its id."""
    return int(
        instruments_table.insert_instrument("telescope", request.name, sent_fields(request, "name")).id
    )


def add_instrument(request: NewInstrument) -> int:
    """Add an instrument; return its id.

    Raises
    ------
    InvalidError
        If its telescope does not exist.
    """
    if (
        request.telescope_id is not None
        and instruments_table.find_instrument("telescope", request.telescope_id) is None
    ):
        raise InvalidError(
            f"telescope_id: there is no telescope {request.telescope_id}; POST /api/telescope."
        )
    return int(
        instruments_table.insert_instrument("instrument", request.name, sent_fields(request, "name")).id
    )


def list_instruments(kind: Kind) -> list[dict[str, Any]]:
    """Return all telescopes, or all instruments."""
    return [_shown(item) for item in instruments_table.find_instruments(kind)]


def get_instrument(kind: Kind, number: int) -> dict[str, Any]:
    """Return a telescope or an instrument.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    item = instruments_table.find_instrument(kind, number)
    if item is None:
        raise NotFoundError(f"There is no {kind} {number}; GET /api/{kind} lists those that there are.")
    return _shown(item)


def _shown(item: instruments_table.InstrumentItem) -> dict[str, Any]:
    return {"id": int(item.id), "name": item.name, **item.fields, "created_at": item.created_at}


def load_instruments() -> dict[int, dict[str, Any]]:
    """Return the instruments by id."""
    return {instrument["id"]: instrument for instrument in list_instruments("instrument")}
