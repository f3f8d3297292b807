"""Telescopes and instruments.

A deleted instrument is only hidden: the points and spectra that were taken with it still name it.
"""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.tables.base import (
    AlreadyExists,
    IntegerAttribute,
    JsonAttribute,
    Registry,
    changes_to_actions,
    id_key,
    next_id,
    timestamp,
)


class InstrumentItem(Registry):
    """A telescope or an instrument, by its ``kind``."""

    id = IntegerAttribute()
    name = UnicodeAttribute()
    fields = JsonAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)
    deleted_at = UnicodeAttribute(null=True)


def insert_instrument(kind: str, name: str, fields: dict[str, object]) -> int:
    """Add an instrument or a telescope; return its id."""
    number = next_id(kind)
    item = InstrumentItem(kind, id_key(number), id=number, name=name, fields=fields)
    item.save_if(InstrumentItem.key.does_not_exist(), AlreadyExists())
    return number


def find_instrument(kind: str, number: int) -> InstrumentItem | None:
    """Return an instrument or a telescope, or None if there is none with this id."""
    item = InstrumentItem.find(kind, id_key(number))
    return None if item is None or item.deleted_at else item


def find_instruments(kind: str, *, with_deleted: bool = False) -> list[InstrumentItem]:
    """Return all instruments, or all telescopes, by id."""
    return [item for item in InstrumentItem.query(kind) if with_deleted or not item.deleted_at]


def update_instrument_item(item: InstrumentItem, changes: dict[str, Any]) -> None:
    """Change attributes of an instrument or a telescope.

    Raises
    ------
    StateChanged
        If another write changed or deleted it since it was read.
    """
    is_unchanged = (
        (InstrumentItem.name == item.name)
        & (InstrumentItem.fields == item.fields)
        & InstrumentItem.deleted_at.does_not_exist()
    )
    item.update_if(changes_to_actions(InstrumentItem, changes), is_unchanged)
