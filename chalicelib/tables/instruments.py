"""Telescopes and instruments."""

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables.base import Registry, id_key, next_id, timestamp, write_conditionally

__all__ = ["InstrumentItem", "find_instrument", "find_instruments", "insert_instrument"]


class InstrumentItem(Registry):
    """A telescope or an instrument, by its ``kind``."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    fields = JSONAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)


def insert_instrument(kind: str, name: str, fields: dict[str, object]) -> InstrumentItem:
    """Add an instrument or a telescope under the next id."""
    number = next_id(kind)
    item = InstrumentItem(kind, id_key(number), id=number, name=name, fields=fields)
    write_conditionally(lambda: item.save(condition=InstrumentItem.key.does_not_exist()))
    return item


def find_instrument(kind: str, number: int) -> InstrumentItem | None:
    try:
        return InstrumentItem.get(kind, id_key(number))
    except DoesNotExist:
        return None


def find_instruments(kind: str) -> list[InstrumentItem]:
    return list(InstrumentItem.query(kind))
