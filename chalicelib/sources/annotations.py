"""Annotations: values by keys, of which a source has one set for each origin."""

from typing import Any

from msgspec import UNSET

from chalicelib.access import Requester, may_see
from chalicelib.errors import InvalidError
from chalicelib.schemas.base import given
from chalicelib.schemas.remarks import AnnotationChange, NewAnnotation
from chalicelib.sources import catalogue, remarks
from chalicelib.tables import remarks as table
from chalicelib.tables import sources as source_table
from chalicelib.tables.base import LostRace, next_id

__all__ = ["add", "change", "of", "one", "remove", "upsert"]

KIND = "annotation"


def of(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the annotations of a source that the requester may see, oldest first."""
    return remarks.shown(requester, remarks.of(requester, source_id, KIND))


def one(requester: Requester, source_id: str, number: int) -> dict[str, Any]:
    """Return an annotation."""
    return remarks.shown(requester, [_seen(requester, source_id, number)])[0]


def add(requester: Requester, source_id: str, wanted: NewAnnotation) -> int:
    """Annotate a source; return the annotation's id.

    Raises
    ------
    InvalidError
        If the source has an annotation of this origin.
    """
    catalogue.seen(requester, source_id)
    remarks.check_source(wanted, source_id)
    item = _new(
        source_id,
        given(wanted, "obj_id", "group_ids"),
        remarks.groups(requester, wanted.group_ids),
        requester.user_id,
    )
    try:
        table.add(item)
    except LostRace:
        raise _taken(requester, item) from None
    return int(item.id)


def _new(source_id: str, fields: dict[str, Any], group_ids: set[int], author_id: int) -> table.RemarkItem:
    return table.RemarkItem(
        source_id,
        table.place(KIND, fields["origin"]),
        id=next_id(KIND),
        group_ids=group_ids,
        owner_id=author_id,
        fields=fields,
    )


def _taken(requester: Requester, item: table.RemarkItem) -> InvalidError:
    origin = item.fields["origin"]
    there = table.get(item.source_id, item.part)
    if there is None or not may_see(requester, there):
        return InvalidError(f"origin: there is an annotation of {origin!r} already; choose another origin.")
    return InvalidError(
        f"origin: there is an annotation of {origin!r} already; change it "
        f"(PUT /api/sources/{item.source_id}/annotations/{int(there.id)})."
    )


def change(requester: Requester, source_id: str, number: int, wanted: AnnotationChange) -> None:
    """Change an annotation; its origin stays.

    Raises
    ------
    InvalidError
        If it shall get another origin.
    """
    item = _seen(requester, source_id, number)
    if wanted.origin is not UNSET and wanted.origin != item.fields["origin"]:
        raise InvalidError(
            f"origin: it is {item.fields['origin']!r} and cannot change; add another annotation."
        )
    remarks.change(requester, item, wanted)


def remove(requester: Requester, source_id: str, number: int) -> None:
    """Remove an annotation."""
    remarks.remove(requester, _seen(requester, source_id, number))


def _seen(requester: Requester, source_id: str, number: int) -> table.RemarkItem:
    catalogue.seen(requester, source_id)
    there = (item for item in table.of_source(source_id, KIND) if int(item.id) == number)
    return remarks.visible(requester, next(there, None), KIND, number)


def upsert(
    source_id: str,
    origin: str,
    data: dict[str, Any],
    *,
    group_ids: set[int],
    author_id: int,
    service_id: int,
    analysis_id: int,
) -> bool:
    """Write what an analysis says of a source, over nothing but what its service wrote before.

    Parameters
    ----------
    source_id : str
        The source.
    origin : str
        What the annotation is known by.
    data : dict
        What it says.
    group_ids : set of int
        The groups that see it.
    author_id : int
        Who started the analysis.
    service_id, analysis_id : int
        The service, and the analysis: an older one overwrites no newer one.

    Returns
    -------
    bool
        Whether it was written: not if the source is gone, or somebody else's annotation has the
        origin.

    Raises
    ------
    BusyError
        If others change it again and again.
    """
    fields = {"origin": origin, "data": data}
    for _ in range(catalogue.TRIES):
        if source_table.get(source_id) is None:
            return False
        there = table.get(source_id, table.place(KIND, origin))
        if there is not None and not _may_follow(there, service_id, analysis_id):
            return False
        new = _new(source_id, fields, group_ids, author_id)
        new.service_id, new.analysis_id = service_id, analysis_id
        try:
            _write(new, there)
        except LostRace:
            continue
        return True
    raise catalogue.busy(source_id)


def _write(new: table.RemarkItem, there: table.RemarkItem | None) -> None:
    """Add an annotation, or put what it says into the one that is there, which keeps its id."""
    if there is None:
        return table.add(new)
    kept = ("fields", "group_ids", "owner_id", "analysis_id")
    table.update(there, **{name: getattr(new, name) for name in kept})


def _may_follow(there: table.RemarkItem, service_id: int, analysis_id: int) -> bool:
    return there.service_id == service_id and (there.analysis_id or 0) <= analysis_id
