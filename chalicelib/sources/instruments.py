"""Telescopes and instruments: what sources are observed with, and in which bandpasses."""

from typing import Any, Literal

from chalicelib.errors import InvalidError, NotFoundError
from chalicelib.schemas.base import given
from chalicelib.schemas.instruments import NewInstrument, NewTelescope
from chalicelib.tables import instruments as table

__all__ = ["add_instrument", "add_telescope", "every", "named", "one"]

Kind = Literal["telescope", "instrument"]


def add_telescope(wanted: NewTelescope) -> int:
    """Add a telescope; return its id."""
    return int(table.add("telescope", wanted.name, given(wanted, "name")).id)


def add_instrument(wanted: NewInstrument) -> int:
    """Add an instrument; return its id.

    Raises
    ------
    InvalidError
        If its telescope does not exist.
    """
    if wanted.telescope_id is not None and table.get("telescope", wanted.telescope_id) is None:
        raise InvalidError(f"telescope_id: there is no telescope {wanted.telescope_id}; POST /api/telescope.")
    return int(table.add("instrument", wanted.name, given(wanted, "name")).id)


def every(kind: Kind) -> list[dict[str, Any]]:
    """Return all telescopes, or all instruments."""
    return [_shown(item) for item in table.every(kind)]


def one(kind: Kind, number: int) -> dict[str, Any]:
    """Return a telescope or an instrument.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    item = table.get(kind, number)
    if item is None:
        raise NotFoundError(f"There is no {kind} {number}; GET /api/{kind} lists those that there are.")
    return _shown(item)


def _shown(item: table.InstrumentItem) -> dict[str, Any]:
    return {"id": int(item.id), "name": item.name, **item.fields, "created_at": item.created_at}


def named() -> dict[int, dict[str, Any]]:
    """Return the instruments by id."""
    return {instrument["id"]: instrument for instrument in every("instrument")}
