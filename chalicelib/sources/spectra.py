"""Spectra of a source."""

from typing import Any

from chalicelib.access import Requester, groups_for, may_see
from chalicelib.errors import ForbiddenError, InvalidError, NotFoundError, TooLargeError
from chalicelib.people import sharing
from chalicelib.schemas.base import given
from chalicelib.schemas.spectra import PEOPLE, NewSpectrum
from chalicelib.sources import catalogue, instruments, times
from chalicelib.tables import people
from chalicelib.tables import spectra as table
from chalicelib.tables.base import LostRace, next_id

__all__ = ["add", "of", "remove", "seen", "shown"]

MOST_BYTES = 380_000
"""What a spectrum may take in its item: DynamoDB has room for 400 kB, the rest of the record included."""


def add(requester: Requester, wanted: NewSpectrum) -> int:
    """Add a spectrum; return its id. Without groups it is the uploader's alone.

    Raises
    ------
    InvalidError
        If its instrument does not exist, or somebody who is said to have had to do with it.
    TooLargeError
        If no item has room for it.
    """
    catalogue.seen(requester, wanted.obj_id)
    if wanted.instrument_id not in instruments.named():
        raise InvalidError(f"instrument_id: there is no instrument {wanted.instrument_id}.")
    _check_people(wanted)
    group_ids = groups_for(requester, wanted.group_ids, {requester.own_group})
    fields = given(wanted, "obj_id", "group_ids", "followup_request_id", "assignment_id")
    fields["observed_at"] = times.read("observed_at", wanted.observed_at).isoformat()
    _check_size(fields)
    number = next_id("spectrum")
    try:
        table.add(wanted.obj_id, number, fields, group_ids, requester.user_id)
    except LostRace:
        raise NotFoundError(f"There is no source {wanted.obj_id!r} any more.") from None
    return number


def _check_people(wanted: NewSpectrum) -> None:
    named = {user_id for field in PEOPLE for user_id in getattr(wanted, field)}
    missing = named - people.users(named).keys() if named else set()
    if missing:
        raise InvalidError(f"{', '.join(PEOPLE)}: there is no user {min(missing)}.")


def _check_size(fields: dict[str, Any]) -> None:
    size = table.size(fields)
    if size > MOST_BYTES:
        raise TooLargeError(
            f"The spectrum takes {size // 1000} kB, compressed; a record has room for {MOST_BYTES // 1000}. "
            "Send wider bins, or fewer digits: wavelengths and fluxes of six digits take half the room."
        )


def of(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the spectra of a source that the requester may see, in order of their ids."""
    return shown(requester, [item for item in table.of_source(source_id) if may_see(requester, item)])


def seen(requester: Requester, number: int) -> table.SpectrumItem:
    """Return a spectrum that the requester may see.

    Raises
    ------
    NotFoundError
        If there is none, or it is not theirs (the same answer).
    """
    nothing = NotFoundError(f"There is no spectrum {number} that you may see.")
    item = table.get(number)
    if item is None or not may_see(requester, item):
        raise nothing
    try:
        catalogue.seen(requester, item.source_id)
    except NotFoundError:
        raise nothing from None
    return item


def remove(requester: Requester, number: int) -> None:
    """Delete a spectrum: its owner, or an administrator.

    Raises
    ------
    ForbiddenError
        If it is another's.
    """
    item = seen(requester, number)
    if int(item.owner_id) != requester.user_id and not requester.is_admin:
        raise ForbiddenError(f"Only who uploaded spectrum {number}, or an administrator, may delete it.")
    try:
        table.remove(item)
    except LostRace:
        raise NotFoundError(f"There is no spectrum {number} any more.") from None


def shown(requester: Requester, items: list[table.SpectrumItem]) -> list[dict[str, Any]]:
    """Return spectra as the API shows them."""
    instrument_names = {number: found["name"] for number, found in instruments.named().items()}
    users = _users(items)
    return [
        {
            "id": int(item.id),
            "obj_id": item.source_id,
            **{name: value for name, value in item.fields.items() if name not in PEOPLE},
            **{shown_as: _named(users, item.fields.get(field)) for field, shown_as in PEOPLE.items()},
            "instrument_name": instrument_names.get(item.fields["instrument_id"]),
            "owner_id": int(item.owner_id),
            "groups": groups,
            "created_at": item.created_at,
            "modified": item.modified,
        }
        for item, groups in zip(items, sharing.groups_of(requester, items), strict=True)
    ]


def _users(items: list[table.SpectrumItem]) -> dict[int, people.UserItem]:
    named = {user_id for item in items for field in PEOPLE for user_id in item.fields.get(field) or ()}
    return people.users(named) if named else {}


def _named(users: dict[int, people.UserItem], user_ids: list[int] | None) -> list[dict[str, Any]]:
    found = (users[user_id] for user_id in user_ids or () if user_id in users)
    return [{"id": int(user.id), "username": user.username} for user in found]
