"""Sources: where they are in the sky, their redshift, and whose they are."""

from typing import Any

from msgspec import UNSET

from chalicelib import people
from chalicelib.access import Requester, groups_for, may_see
from chalicelib.errors import BusyError, InvalidError, NotFoundError
from chalicelib.schemas.base import given
from chalicelib.schemas.sources import FIELDS, NewSource, SourceChange
from chalicelib.tables import sources as table
from chalicelib.tables.base import LostRace

__all__ = ["change", "save", "seen", "shown"]

LONGEST_ID = 200

TRIES = 5
"""How often a write is tried that somebody else's write of the same record got in the way of."""


def seen(requester: Requester, source_id: str) -> table.SourceItem:
    """Return a source that the requester may see.

    Raises
    ------
    NotFoundError
        If there is none, or it is not theirs (the same answer).
    """
    source = table.get(source_id) if 0 < len(source_id) <= LONGEST_ID else None
    if source is None or not may_see(requester, source):
        raise NotFoundError(f"There is no source {source_id[:LONGEST_ID]!r} that you may see.")
    return source


def save(requester: Requester, wanted: NewSource) -> str:
    """Add a source; one that is there is updated, and saved to more groups.

    Whoever may not see the source that is there only saves it to their own groups, and makes it
    public only by asking for it.
    """
    changes = _given(wanted)
    for _ in range(TRIES):
        source = table.get(wanted.id)
        foreign = source is not None and not may_see(requester, source)
        default = requester.member_of if foreign else requester.groups
        group_ids = groups_for(requester, wanted.group_ids, default)
        try:
            if source is None:
                _check_position(wanted)
                table.add(wanted.id, changes, group_ids, requester.user_id)
            else:
                table.update(source, source.fields | ({} if foreign else changes), group_ids)
        except LostRace:
            continue
        return wanted.id
    raise BusyError(f"{wanted.id!r} is being changed by others at this moment. Try again.")


def _check_position(wanted: NewSource) -> None:
    """Refuse a new source without a position, unless it is said that none is known."""
    if UNSET in (wanted.ra, wanted.dec) or (wanted.ra is None) != (wanted.dec is None):
        raise InvalidError("ra, dec: a new source needs both, in degrees (or both null if unknown).")


def change(requester: Requester, source_id: str, wanted: SourceChange) -> None:
    """Change what is known of a source."""
    group_ids = groups_for(requester, wanted.group_ids, ())
    for _ in range(TRIES):
        source = seen(requester, source_id)
        try:
            table.update(source, source.fields | _given(wanted), group_ids)
        except LostRace:
            continue
        return
    raise BusyError(f"{source_id!r} is being changed by others at this moment. Try again.")


def _given(wanted: SourceChange) -> dict[str, Any]:
    return given(wanted, "id", "group_ids")


def shown(source: table.SourceItem) -> dict[str, Any]:
    """Return a source as the API shows it."""
    fields = {name: source.fields.get(name) for name in FIELDS}
    return {
        "id": source.source_id,
        **fields,
        "groups": people.groups({int(group) for group in source.group_ids}),
        "owner_id": int(source.owner_id),
        "created_at": source.created_at,
        "modified": source.modified,
    }
