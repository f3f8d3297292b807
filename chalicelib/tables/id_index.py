"""Where the ids of photometry and of spectra lead: ids are global, what they name lies with its source.

A place stands for all ids from its first one on, up to the next place: a block of photometry has one,
a spectrum has one.
"""

from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.tables.base import Registry, Transaction, id_key

__all__ = [
    "PHOTOMETRY",
    "SPECTRUM",
    "PlaceItem",
    "delete_id_place",
    "delete_id_places",
    "find_id_place",
    "id_part",
    "iterate_places_from",
    "save_id_place",
]

PHOTOMETRY, SPECTRUM = "photometry", "spectrum"


class PlaceItem(Registry):
    """A place, by its kind and its first id.

    Attributes
    ----------
    source_id : str
        The source that the ids belong to.
    upload : int, optional
        The first id of the upload that wrote them.
    """

    source_id = UnicodeAttribute()
    upload = NumberAttribute(null=True)

    @property
    def part(self) -> str:
        """Where in the source's collection it is."""
        return f"{self.kind}#{self.key}"


def id_part(kind: str, first_id: int) -> str:
    """Return where in its source's collection something is."""
    return f"{kind}#{id_key(first_id)}"


def save_id_place(
    write: Transaction, kind: str, first_id: int, source_id: str, *, upload: int | None = None
) -> None:
    """Let ids lead somewhere, in the transaction that writes what is there."""
    place = PlaceItem(kind, id_key(first_id), source_id=source_id, upload=upload)
    write.save(place, condition=PlaceItem.key.does_not_exist())


def delete_id_place(write: Transaction, kind: str, first_id: int) -> None:
    """Let ids lead nowhere again, in the transaction that deletes what was there."""
    write.delete(PlaceItem(kind, id_key(first_id)))


def find_id_place(kind: str, number: int) -> PlaceItem | None:
    """Return the place that an id may be found at."""
    upto = PlaceItem.key <= id_key(number)
    found = PlaceItem.query(kind, upto, scan_index_forward=False, limit=1, consistent_read=True)
    return next(iter(found), None)


def iterate_places_from(kind: str, first_id: int, at_once: int) -> Iterable[PlaceItem]:
    """Return the places from an id on, in order."""
    return PlaceItem.query(kind, PlaceItem.key >= id_key(first_id), page_size=at_once, consistent_read=True)


def delete_id_places(parts: Iterable[str]) -> None:
    """Let the ids of a deleted source lead nowhere.

    Parameters
    ----------
    parts : iterable of str
        What there was in the source's collection.
    """
    split = (found.split("#", 1) for found in parts if "#" in found)
    with PlaceItem.batch_write() as batch:
        for kind, key in split:
            if kind in (PHOTOMETRY, SPECTRUM):
                batch.delete(PlaceItem(kind, key))
