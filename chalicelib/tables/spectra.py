"""Spectra, an item each in their source's collection."""

from typing import Any

from pynamodb.attributes import NumberAttribute, NumberSetAttribute
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables import id_index
from chalicelib.tables.base import PackedAttribute, StateChanged, transaction
from chalicelib.tables.id_index import SPECTRUM
from chalicelib.tables.sources import Part, SourceItem

__all__ = [
    "SpectrumItem",
    "delete_spectrum_item",
    "find_spectra",
    "find_spectrum",
    "insert_spectrum",
    "spectrum_size",
]


class SpectrumItem(Part):
    """A spectrum (parts ``spectrum#…``)."""

    id = NumberAttribute()
    group_ids = NumberSetAttribute()
    owner_id = NumberAttribute()
    fields = PackedAttribute()


def spectrum_size(fields: dict[str, Any]) -> int:
    """Return how many bytes the fields of a spectrum take in its item."""
    return len(SpectrumItem.fields.serialize(fields))


def insert_spectrum(
    source_id: str, number: int, fields: dict[str, Any], group_ids: set[int], owner_id: int
) -> None:
    """Add a spectrum under its id.

    Raises
    ------
    LostRace
        If its source is not there any more.
    """
    item = SpectrumItem(
        source_id,
        id_index.id_part(SPECTRUM, number),
        id=number,
        fields=fields,
        group_ids=group_ids,
        owner_id=owner_id,
    )
    with transaction() as write:
        write.check(SourceItem, source_id, "source", SourceItem.listing.exists(), StateChanged())
        write.save(item, condition=SpectrumItem.part.does_not_exist())
        id_index.save_id_place(write, SPECTRUM, number, source_id)


def find_spectrum(number: int) -> SpectrumItem | None:
    """Return a spectrum by its id."""
    place = id_index.find_id_place(SPECTRUM, number)
    if place is None or place.part != id_index.id_part(SPECTRUM, number):
        return None
    try:
        return SpectrumItem.get(place.source_id, place.part, consistent_read=True)
    except DoesNotExist:
        return None


def find_spectra(source_id: str) -> list[SpectrumItem]:
    ours = SpectrumItem.part.startswith(f"{SPECTRUM}#")
    return list(SpectrumItem.query(source_id, ours, consistent_read=True))


def delete_spectrum_item(item: SpectrumItem) -> None:
    """Delete a spectrum.

    Raises
    ------
    LostRace
        If it is not there any more.
    """
    with transaction() as write:
        write.delete(SpectrumItem(item.source_id, item.part), condition=SpectrumItem.part.exists())
        id_index.delete_id_place(write, SPECTRUM, int(item.id))
