"""Spectra, an item each in their source's collection."""

from typing import Any

from pynamodb.attributes import NumberAttribute, NumberSetAttribute

from chalicelib.tables.base import PackedAttribute, conditional, id_key
from chalicelib.tables.sources import Part

__all__ = ["SpectrumItem", "add", "of_source"]


class SpectrumItem(Part):
    """A spectrum (parts ``spectrum#…``)."""

    id = NumberAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    fields = PackedAttribute()


def add(source_id: str, number: int, fields: dict[str, Any], group_ids: set[int], owner_id: int) -> None:
    """Add a spectrum under its id."""
    item = SpectrumItem(
        source_id,
        f"spectrum#{id_key(number)}",
        id=number,
        fields=fields,
        group_ids=group_ids,
        owner_id=owner_id,
    )
    conditional(lambda: item.save(condition=SpectrumItem.part.does_not_exist()))


def of_source(source_id: str) -> list[SpectrumItem]:
    return list(
        SpectrumItem.query(source_id, SpectrumItem.part.startswith("spectrum#"), consistent_read=True)
    )
