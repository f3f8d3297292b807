"""Spectra: one item of their source each, and one for the file that it was read from."""

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


class SpectrumFileItem(Part):
    """The file that a spectrum was read from (parts ``spectrum_file#…``): it is seldom read, and may be large."""

    text = PackedAttribute()


def _file_part(number: int) -> str:
    return id_index.id_part("spectrum_file", number)


def packed_size(value: Any) -> int:
    """Return how many bytes the fields, or the file, of a spectrum take in an item."""
    return len(SpectrumItem.fields.serialize(value))


def insert_spectrum(
    source_id: str,
    number: int,
    fields: dict[str, Any],
    group_ids: set[int],
    owner_id: int,
    original_file: str | None = None,
) -> None:
    """Add a spectrum under its id, with the file that it was read from.

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
        if original_file is not None:
            write.save(SpectrumFileItem(source_id, _file_part(number), text=original_file))


def find_spectrum(number: int) -> SpectrumItem | None:
    """Return a spectrum by its id, or None if there is none."""
    place = id_index.find_id_place(SPECTRUM, number)
    if place is None or place.part != id_index.id_part(SPECTRUM, number):
        return None
    return SpectrumItem.find(place.source_id, place.part)


def find_spectra(source_id: str) -> list[SpectrumItem]:
    """Return the spectra of a source, by id."""
    return list(iterate_spectra(source_id))


def iterate_spectra(source_id: str) -> Iterable[SpectrumItem]:
    """Return the spectra of a source, by id, reading them as they are used."""
    return SpectrumItem.query(source_id, SpectrumItem.part.startswith(f"{SPECTRUM}#"), consistent_read=True)


def find_many_spectra(places: Iterable[PlaceItem]) -> dict[int, SpectrumItem]:
    """Return the spectra at some places that exist, by id."""
    items = SpectrumItem.find_many((place.source_id, place.part) for place in places)
    return {item.id: item for item in items}


def find_original_files(items: Iterable[SpectrumItem]) -> dict[int, str]:
    """Return the files that spectra were read from, by the id of the spectrum; the others have none."""
    files = SpectrumFileItem.find_many((item.source_id, _file_part(item.id)) for item in items)
    return {int(file.part.rpartition("#")[2]): file.text for file in files}


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
        write.delete(SpectrumFileItem(item.source_id, _file_part(item.id)))
