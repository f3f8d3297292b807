"""Classifications: which class a source is of, how probably, and by which taxonomy."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import NotFoundError
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.remarks import ClassificationChange, NewClassification
from chalicelib.sources import remarks, source_records, taxonomies
from chalicelib.tables import remarks as remarks_table
from chalicelib.tables.base import next_id

__all__ = [
    "create_classification",
    "delete_classification",
    "get_classification",
    "list_classifications",
    "update_classification",
]

KIND = "classification"

STARTING = {"classification", "probability"}
"""What default analyses look at."""


def list_classifications(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the classifications of a source that the requester may see, oldest first."""
    return _shown(requester, remarks.find_visible_remarks(requester, source_id, KIND))


def get_classification(requester: Requester, number: int) -> dict[str, Any]:
    """Return a classification."""
    return _shown(requester, [_seen(requester, number)])[0]


def _shown(requester: Requester, items: Iterable[remarks_table.RemarkItem]) -> list[dict[str, Any]]:
    views = remarks.remarks_to_json(requester, items)
    for view in views:
        author = view.pop("author")
        view["author_name"] = author and author["username"]
    return views


def create_classification(requester: Requester, request: NewClassification, public_url: str) -> int:
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
    source_records.get_visible_source(requester, request.obj_id)
    group_ids = remarks.resolve_remark_groups(requester, request.group_ids)
    fields = sent_fields(request, "obj_id", "group_ids")
    taxonomies.require_known_class(requester, fields)
    number = next_id(KIND)
    source_records.queue_default_analyses(request.obj_id, public_url, classification_id=number)
    remarks_table.insert_remark(
        remarks_table.RemarkItem(
            request.obj_id,
            remarks_table.remark_part(KIND, number),
            id=number,
            group_ids=group_ids,
            owner_id=requester.user_id,
            fields=fields,
        )
    )
    return number


def update_classification(
    requester: Requester, number: int, request: ClassificationChange, public_url: str
) -> None:
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
    changes = sent_fields(request, "obj_id", "group_ids")
    if changes.keys() & {"classification", "taxonomy_id"}:
        taxonomies.require_known_class(requester, item.fields | changes)
    if any(changes[name] != item.fields.get(name) for name in STARTING & changes.keys()):
        source_records.queue_default_analyses(item.source_id, public_url, classification_id=number)
    remarks.update_own_remark(requester, item, request)


def delete_classification(requester: Requester, number: int) -> None:
    """Remove a classification."""
    remarks.delete_own_remark(requester, _seen(requester, number))


def _seen(requester: Requester, number: int) -> remarks_table.RemarkItem:
    source_id = remarks_table.find_classified_source(number)
    try:
        source_records.get_visible_source(requester, source_id or "")
    except NotFoundError:
        raise remarks.missing_remark(KIND, number) from None
    item = remarks_table.find_remark(source_id or "", remarks_table.remark_part(KIND, number))
    return remarks.require_visible_remark(requester, item, KIND, number)
