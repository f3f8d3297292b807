"""Spectra: one item of their source each."""

from collections.abc import Iterable
from typing import Any

from chalicelib.tables import id_index
from chalicelib.tables.base import (
    AlreadyExists,
    IntegerAttribute,
    IntegerSetAttribute,
    PackedAttribute,
    changes_to_actions,
    timestamp,
    transaction,
)
from chalicelib.tables.id_index import SPECTRUM, PlaceItem
from chalicelib.tables.sources import Part, check_source_exists


class SpectrumItem(Part):
    """A spectrum (parts ``spectrum#…``)."""

    id = IntegerAttribute()
    group_ids = IntegerSetAttribute()
    owner_id = IntegerAttribute()
    fields = PackedAttribute()


def spectrum_size(fields: dict[str, Any]) -> int:
    """Return how many bytes the fields of a spectrum take in its item."""
    return len(SpectrumItem.fields.serialize(fields))


def insert_spectrum(source_id: str, number: int, fields: dict[str, Any], group_ids: set[int], owner_id: int) -> None:
    """Add a spectrum under its id.

    Raises
    ------
    SourceMissing
        If its source was deleted.
    """
    part = id_index.id_part(SPECTRUM, number)
    item = SpectrumItem(source_id, part, id=number, fields=fields, group_ids=group_ids, owner_id=owner_id)
    with transaction() as write:
        check_source_exists(write, source_id)
        write.save(item, condition=SpectrumItem.part.does_not_exist(), refused=AlreadyExists())
        id_index.save_id_place(write, SPECTRUM, number, source_id)


def find_spectrum(number: int) -> SpectrumItem | None:
    """Return a spectrum by its id, or None if there is none."""
    place = id_index.find_id_place(SPECTRUM, number)
    if place is None or place.part != id_index.id_part(SPECTRUM, number):
        return None
    return SpectrumItem.find(place.source_id, place.part)


def find_spectra(source_id: str) -> list[SpectrumItem]:
    """Return the spectra of a source, by id."""
    condition = SpectrumItem.part.startswith(f"{SPECTRUM}#")
    return list(SpectrumItem.query(source_id, condition, consistent_read=True))


def find_many_spectra(places: Iterable[PlaceItem]) -> dict[int, SpectrumItem]:
    """Return the spectra at some places that exist, by id."""
    items = SpectrumItem.find_many((place.source_id, place.part) for place in places)
    return {item.id: item for item in items}


def update_spectrum_item(item: SpectrumItem, fields: dict[str, Any], group_ids: set[int]) -> None:
    """Change the fields and groups of a spectrum.

    Raises
    ------
    StateChanged
        If another write changed or deleted it since it was read.
    """
    changes = {"fields": fields, "group_ids": group_ids, "modified": timestamp()}
    # The time stands for a revision, which the items of earlier versions do not have.
    item.update_if(changes_to_actions(SpectrumItem, changes), SpectrumItem.modified == item.modified)


def delete_spectrum_item(item: SpectrumItem) -> None:
    """Delete a spectrum.

    Raises
    ------
    StateChanged
        If another write deleted it.
    """
    with transaction() as write:
        write.delete(SpectrumItem(item.source_id, item.part), condition=SpectrumItem.part.exists())
        id_index.delete_id_place(write, SPECTRUM, item.id)
