"""Classifications: which class a source is of, how probably, and by which taxonomy."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import NotFoundError
from chalicelib.schemas.base import given
from chalicelib.schemas.remarks import ClassificationChange, NewClassification
from chalicelib.sources import catalogue, remarks, taxonomies
from chalicelib.tables import remarks as table
from chalicelib.tables.base import next_id

__all__ = ["add", "change", "of", "one", "remove"]

KIND = "classification"

STARTING = {"classification", "probability"}
"""What default analyses look at."""


def of(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the classifications of a source that the requester may see, oldest first."""
    return _shown(requester, remarks.of(requester, source_id, KIND))


def one(requester: Requester, number: int) -> dict[str, Any]:
    """Return a classification."""
    return _shown(requester, [_seen(requester, number)])[0]


def _shown(requester: Requester, items: Iterable[table.RemarkItem]) -> list[dict[str, Any]]:
    views = remarks.shown(requester, items)
    for view in views:
        author = view.pop("author")
        view["author_name"] = author and author["username"]
    return views


def add(requester: Requester, wanted: NewClassification, public_url: str) -> int:
    """Classify a source; return the classification's id.

    Parameters
    ----------
    requester : Requester
        Who classifies.
    wanted : NewClassification
        The request.
    public_url : str
        Where the services of analyses that start by themselves can call back.

    Raises
    ------
    InvalidError
        If the class is none of the taxonomy.
    """
    catalogue.seen(requester, wanted.obj_id)
    group_ids = remarks.groups(requester, wanted.group_ids)
    fields = given(wanted, "obj_id", "group_ids")
    taxonomies.check_class(requester, fields)
    number = next_id(KIND)
    catalogue.announce(wanted.obj_id, public_url, classification_id=number)
    table.add(
        table.RemarkItem(
            wanted.obj_id,
            table.place(KIND, number),
            id=number,
            group_ids=group_ids,
            owner_id=requester.user_id,
            fields=fields,
        )
    )
    return number


def change(requester: Requester, number: int, wanted: ClassificationChange, public_url: str) -> None:
    """Change a classification; it may now start what it did not before.

    Parameters
    ----------
    requester : Requester
        Who changes it.
    number : int
        The classification.
    wanted : ClassificationChange
        The request.
    public_url : str
        As for `add`.

    Raises
    ------
    InvalidError
        If the class is none of the taxonomy.
    """
    item = _seen(requester, number)
    changes = given(wanted, "obj_id", "group_ids")
    if changes.keys() & {"classification", "taxonomy_id"}:
        taxonomies.check_class(requester, item.fields | changes)
    if any(changes[name] != item.fields.get(name) for name in STARTING & changes.keys()):
        catalogue.announce(item.source_id, public_url, classification_id=number)
    remarks.change(requester, item, wanted)


def remove(requester: Requester, number: int) -> None:
    """Remove a classification."""
    remarks.remove(requester, _seen(requester, number))


def _seen(requester: Requester, number: int) -> table.RemarkItem:
    source_id = table.source_of(number)
    try:
        catalogue.seen(requester, source_id or "")
    except NotFoundError:
        raise remarks.missing(KIND, number) from None
    item = table.get(source_id or "", table.place(KIND, number))
    return remarks.visible(requester, item, KIND, number)
