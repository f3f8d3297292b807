"""Index of global ids: which item of which source has the id of a point, spectrum or classification.

A place stands for all ids from its first one up to the next place: a block of photometry, a spectrum
and a classification have one place each.
"""

from collections.abc import Iterable, Iterator

from pynamodb.attributes import UnicodeAttribute

from chalicelib.tables.base import AlreadyExists, IntegerAttribute, Registry, Transaction, id_key

PHOTOMETRY = "photometry"
SPECTRUM = "spectrum"
CLASSIFICATION = "classification"


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
    upload = IntegerAttribute(null=True)

    @property
    def first_id(self) -> int:
        """The first id of the place."""
        return int(self.key)

    @property
    def part(self) -> str:
        """The part of the source that the place stands for."""
        return f"{self.kind}#{self.key}"


def id_part(kind: str, first_id: int) -> str:
    """Return the part of a source that holds an item of this kind and id."""
    return f"{kind}#{id_key(first_id)}"


def save_id_place(write: Transaction, kind: str, first_id: int, source_id: str, *, upload: int | None = None) -> None:
    """Add a place in the transaction that writes the item; raise AlreadyExists if the id is taken."""
    place = PlaceItem(kind, id_key(first_id), source_id=source_id, upload=upload)
    write.save(place, condition=PlaceItem.key.does_not_exist(), refused=AlreadyExists())


def delete_id_place(write: Transaction, kind: str, first_id: int) -> None:
    """Delete a place in the transaction that deletes the item."""
    write.delete(PlaceItem(kind, id_key(first_id)))


def find_id_place(kind: str, number: int) -> PlaceItem | None:
    """Return the place that holds an id, if the id exists."""
    up_to = PlaceItem.key <= id_key(number)
    places = PlaceItem.query(kind, up_to, scan_index_forward=False, limit=1, consistent_read=True)
    return next(iter(places), None)


def iterate_places_from(kind: str, first_id: int, at_once: int) -> Iterable[PlaceItem]:
    """Return the places from an id on, in order."""
    return PlaceItem.query(kind, PlaceItem.key >= id_key(first_id), page_size=at_once, consistent_read=True)


def iterate_places_before(kind: str, number: int | None, at_once: int) -> Iterator[PlaceItem]:
    """Return the places before an id (None: all), the last one first."""
    condition = PlaceItem.key < id_key(number) if number is not None else None
    return iter(PlaceItem.query(kind, condition, scan_index_forward=False, page_size=at_once, consistent_read=True))


def delete_id_places(parts: Iterable[str]) -> None:
    """Delete the places of some parts of a deleted source; parts without a place are ignored."""
    with PlaceItem.batch_write() as batch:
        for part in parts:
            kind, _, key = part.partition("#")
            if kind in (PHOTOMETRY, SPECTRUM, CLASSIFICATION):
                batch.delete(PlaceItem(kind, key))
