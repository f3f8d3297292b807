"""Sources: where they are in the sky, their redshift, and whose they are."""

import uuid
from collections.abc import Iterable
from typing import Any

from msgspec import UNSET

from chalicelib import queues
from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.errors import BusyError, ForbiddenError, InvalidError, NotFoundError
from chalicelib.people import groups
from chalicelib.people.groups import list_record_groups
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.sources import FIELDS, NewSource, SourceChange
from chalicelib.tables import sources as sources_table
from chalicelib.tables.base import ConditionFailed

__all__ = [
    "TRIES",
    "get_visible_source",
    "queue_default_analyses",
    "save_source",
    "source_busy",
    "sources_to_json",
    "update_source",
]

LONGEST_ID = 200

TRIES = 5
"""How often a write is tried that somebody else's write of the same record got in the way of."""

SETTLED = 5
"""Seconds after which what is announced is written, or will not be."""


def get_visible_source(requester: Requester, source_id: str) -> sources_table.SourceItem:
    """Return a source that the requester may see.

    Raises
    ------
    NotFoundError
        If there is none, or it is not theirs (the same answer).
    """
    source = sources_table.find_source(source_id) if 0 < len(source_id) <= LONGEST_ID else None
    if source is None or not is_visible(requester, source):
        raise NotFoundError(f"There is no source {source_id[:LONGEST_ID]!r} that you may see.")
    return source


def save_source(requester: Requester, request: NewSource, public_url: str) -> str:
    """Add a source; one that is there is updated, and saved to more groups.

    Whoever may not see the source that is there only saves it to their own groups, and makes it
    public only by asking for it.

    Parameters
    ----------
    requester : Requester
        Who saves it.
    wanted : NewSource
        The request.
    public_url : str
        Where the services of analyses that start by themselves can call back.

    Raises
    ------
    BusyError
        If others change the source again and again, or it is being deleted.
    """
    changes = _given(request)
    for _ in range(TRIES):
        source = sources_table.find_source_or_hidden(request.id)
        if source is not None and not source.listing:
            raise BusyError(f"{request.id!r} is being deleted. Save it anew in a minute or two.")
        foreign = source is not None and not is_visible(requester, source)
        default = requester.member_of if foreign else requester.groups
        group_ids = _saved_to(requester, request.group_ids, default)
        try:
            if source is None:
                _check_position(request)
                queue_default_analyses(request.id, public_url, group_ids=sorted(group_ids))
                sources_table.insert_source(request.id, changes, group_ids, requester.user_id)
            else:
                _update(source, {} if foreign else changes, group_ids, public_url)
        except ConditionFailed:
            continue
        return request.id
    raise source_busy(request.id)


def update_source(requester: Requester, source_id: str, request: SourceChange, public_url: str) -> None:
    """Change what is known of a source, and save it to more groups (see `save`)."""
    group_ids = _saved_to(requester, request.group_ids, ())
    for _ in range(TRIES):
        source = get_visible_source(requester, source_id)
        try:
            _update(source, _given(request), group_ids, public_url)
        except ConditionFailed:
            continue
        return
    raise source_busy(source_id)


def _saved_to(requester: Requester, asked: list[int] | str | None, default: Iterable[int]) -> set[int]:
    """Return the groups that a source shall be saved to: of those not named, where one may save."""
    group_ids = resolve_group_ids(requester, asked, default)
    allowed = groups.filter_savable_groups(requester, group_ids)
    if asked and group_ids - allowed:
        named = ", ".join(str(group) for group in sorted(group_ids - allowed))
        raise ForbiddenError(
            f"group_ids: you may not save sources to group {named}. Ask one of its administrators."
        )
    return allowed


def _given(request: SourceChange) -> dict[str, Any]:
    return sent_fields(request, "id", "group_ids")


def _check_position(request: NewSource) -> None:
    """Refuse a new source without a position, unless it is said that none is known."""
    if UNSET in (request.ra, request.dec) or (request.ra is None) != (request.dec is None):
        raise InvalidError("ra, dec: a new source needs both, in degrees (or both null if unknown).")


def _update(
    source: sources_table.SourceItem, changes: dict[str, Any], group_ids: set[int], public_url: str
) -> None:
    fields = source.fields | changes
    if (fields["ra"] is None) != (fields["dec"] is None):
        raise InvalidError("ra, dec: give both, in degrees, or both as null if they are unknown.")
    new = group_ids - sources_table.source_group_ids(source)
    if new:
        queue_default_analyses(source.source_id, public_url, group_ids=sorted(new))
    sources_table.update_source_item(source, fields, group_ids)


def queue_default_analyses(source_id: str, public_url: str, **what: Any) -> None:
    """Let the default analyses be looked through for what is about to be written of a source.

    It is announced before it is written, so that no crash in between can lose it; if it is not
    written, nothing is found.

    Parameters
    ----------
    source_id : str
        The source.
    public_url : str
        Where services can call back.
    **what
        The ``group_ids`` that it is being saved to, or the ``classification_id``.
    """
    occasion = {"occasion": str(uuid.uuid4()), "public_url": public_url}
    job = {"job": "default_analyses", "source_id": source_id, **what, **occasion}
    queues.send_message(queues.JOBS, job, delay=SETTLED)


def source_busy(source_id: str) -> BusyError:
    """Return the error for a source that others change again and again."""
    return BusyError(f"{source_id!r} is being changed by others at this moment. Try again.")


def sources_to_json(
    requester: Requester, sources: Iterable[sources_table.SourceItem]
) -> list[dict[str, Any]]:
    """Return sources as the API shows them."""
    sources = list(sources)
    return [
        {
            "id": source.source_id,
            **{name: source.fields.get(name) for name in FIELDS},
            "groups": groups,
            "created_at": source.created_at,
            "modified": source.modified,
        }
        for source, groups in zip(sources, list_record_groups(requester, sources), strict=True)
    ]
