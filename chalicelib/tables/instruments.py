"""Telescopes and instruments."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.tables.base import AlreadyExists, IntegerAttribute, Registry, id_key, next_id, timestamp


class InstrumentItem(Registry):
    """A telescope or an instrument, by its ``kind``."""

    id = IntegerAttribute()
    name = UnicodeAttribute()
    fields = JSONAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)


def insert_instrument(kind: str, name: str, fields: dict[str, object]) -> int:
    """Add an instrument or a telescope; return its id."""
    number = next_id(kind)
    item = InstrumentItem(kind, id_key(number), id=number, name=name, fields=fields)
    item.save_if(InstrumentItem.key.does_not_exist(), AlreadyExists())
    return number


def find_instrument(kind: str, number: int) -> InstrumentItem | None:
    """Return an instrument or a telescope, or None if there is none with this id."""
    return InstrumentItem.find(kind, id_key(number))


def find_instruments(kind: str) -> list[InstrumentItem]:
    """Return all instruments, or all telescopes, by id."""
    return list(InstrumentItem.query(kind))
