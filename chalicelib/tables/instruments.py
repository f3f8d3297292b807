"""Telescopes and instruments."""

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables.base import Registry, conditional, id_key, next_id, timestamp

__all__ = ["InstrumentItem", "add", "every", "get"]


class InstrumentItem(Registry):
    """A telescope or an instrument, by its ``kind``."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    fields = JSONAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)


def add(kind: str, name: str, fields: dict[str, object]) -> InstrumentItem:
    """Add an instrument or a telescope under the next id."""
    number = next_id(kind)
    item = InstrumentItem(kind, id_key(number), id=number, name=name, fields=fields)
    conditional(lambda: item.save(condition=InstrumentItem.key.does_not_exist()))
    return item


def get(kind: str, number: int) -> InstrumentItem | None:
    try:
        return InstrumentItem.get(kind, id_key(number))
    except DoesNotExist:
        return None


def every(kind: str) -> list[InstrumentItem]:
    return list(InstrumentItem.query(kind))
