"""Telescopes and instruments: what sources are observed with, and in which bandpasses."""

from typing import Any

from chalicelib.errors import InvalidError
from chalicelib.schemas.base import given
from chalicelib.schemas.instruments import NewInstrument, NewTelescope
from chalicelib.tables import instruments as table

__all__ = ["add_instrument", "add_telescope", "every", "named"]


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


def every(kind: str) -> list[dict[str, Any]]:
    """Return all telescopes, or all instruments."""
    return [
        {"id": int(item.id), "name": item.name, **item.fields, "created_at": item.created_at}
        for item in table.every(kind)
    ]


def named() -> dict[int, dict[str, Any]]:
    """Return the instruments by id."""
    return {instrument["id"]: instrument for instrument in every("instrument")}
