"""Spectra of a source."""

from typing import Any

from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.errors import ForbiddenError, InvalidError, NotFoundError, TooLargeError
from chalicelib.people.groups import list_record_groups
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.spectra import PEOPLE, NewSpectrum
from chalicelib.sources import instruments, source_records, times
from chalicelib.tables import spectra as spectra_table
from chalicelib.tables.base import ConditionFailed, next_id
from chalicelib.tables.users import UserItem, find_users

__all__ = ["create_spectrum", "delete_spectrum", "get_visible_spectrum", "list_spectra", "spectra_to_json"]

MOST_BYTES = 380_000
"""What a spectrum may take in its item: DynamoDB has room for 400 kB, the rest of the record included."""


def create_spectrum(requester: Requester, request: NewSpectrum) -> int:
    """Add a spectrum; return its id. Without groups it is the uploader's alone.

    Raises
    ------
    InvalidError
        If its instrument does not exist, or somebody who is said to have had to do with it.
    TooLargeError
        If no item has room for it.
    """
    source_records.get_visible_source(requester, request.obj_id)
    if request.instrument_id not in instruments.load_instruments():
        raise InvalidError(f"instrument_id: there is no instrument {request.instrument_id}.")
    _check_people(request)
    group_ids = resolve_group_ids(requester, request.group_ids, {requester.own_group})
    fields = sent_fields(request, "obj_id", "group_ids", "followup_request_id", "assignment_id")
    fields["observed_at"] = times.parse_time("observed_at", request.observed_at).isoformat()
    _check_size(fields)
    number = next_id("spectrum")
    try:
        spectra_table.insert_spectrum(request.obj_id, number, fields, group_ids, requester.user_id)
    except ConditionFailed:
        raise NotFoundError(f"There is no source {request.obj_id!r} any more.") from None
    return number


def _check_people(request: NewSpectrum) -> None:
    named = {user_id for field in PEOPLE for user_id in getattr(request, field)}
    missing = named - find_users(named).keys() if named else set()
    if missing:
        raise InvalidError(f"{', '.join(PEOPLE)}: there is no user {min(missing)}.")


def _check_size(fields: dict[str, Any]) -> None:
    size = spectra_table.spectrum_size(fields)
    if size > MOST_BYTES:
        raise TooLargeError(
            f"The spectrum takes {size // 1000} kB, compressed; a record has room for {MOST_BYTES // 1000}. "
            "Send wider bins, or fewer digits: wavelengths and fluxes of six digits take half the room."
        )


def list_spectra(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the spectra of a source that the requester may see, in order of their ids."""
    return spectra_to_json(
        requester, [item for item in spectra_table.find_spectra(source_id) if is_visible(requester, item)]
    )


def get_visible_spectrum(requester: Requester, number: int) -> spectra_table.SpectrumItem:
    """Return a spectrum that the requester may see.

    Raises
    ------
    NotFoundError
        If there is none, or it is not theirs (the same answer).
    """
    nothing = NotFoundError(f"There is no spectrum {number} that you may see.")
    item = spectra_table.find_spectrum(number)
    if item is None or not is_visible(requester, item):
        raise nothing
    try:
        source_records.get_visible_source(requester, item.source_id)
    except NotFoundError:
        raise nothing from None
    return item


def delete_spectrum(requester: Requester, number: int) -> None:
    """Delete a spectrum: its owner, or an administrator.

    Raises
    ------
    ForbiddenError
        If it is another's.
    """
    item = get_visible_spectrum(requester, number)
    if int(item.owner_id) != requester.user_id and not requester.is_admin:
        raise ForbiddenError(f"Only who uploaded spectrum {number}, or an administrator, may delete it.")
    try:
        spectra_table.delete_spectrum_item(item)
    except ConditionFailed:
        raise NotFoundError(f"There is no spectrum {number} any more.") from None


def spectra_to_json(requester: Requester, items: list[spectra_table.SpectrumItem]) -> list[dict[str, Any]]:
    """Return spectra as the API shows them."""
    instrument_names = {number: found["name"] for number, found in instruments.load_instruments().items()}
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
        for item, groups in zip(items, list_record_groups(requester, items), strict=True)
    ]


def _users(items: list[spectra_table.SpectrumItem]) -> dict[int, UserItem]:
    named = {user_id for item in items for field in PEOPLE for user_id in item.fields.get(field) or ()}
    return find_users(named) if named else {}


def _named(users: dict[int, UserItem], user_ids: list[int] | None) -> list[dict[str, Any]]:
    found = (users[user_id] for user_id in user_ids or () if user_id in users)
    return [{"id": int(user.id), "username": user.username} for user in found]
