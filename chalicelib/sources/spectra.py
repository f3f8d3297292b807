"""Spectra of a source."""

from typing import Any

from chalicelib.access import Requester, is_visible, require_owner, resolve_group_ids
from chalicelib.errors import InvalidError, NotFoundError, TooLargeError
from chalicelib.people.groups import records_to_json
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.spectra import PEOPLE, NewSpectrum
from chalicelib.sources.instruments import load_instruments
from chalicelib.sources.source_records import get_visible_source
from chalicelib.sources.times import parse_time
from chalicelib.tables import spectra as spectra_table
from chalicelib.tables.base import StateChanged, next_id
from chalicelib.tables.sources import SourceMissing
from chalicelib.tables.spectra import SpectrumItem
from chalicelib.tables.users import find_users

MOST_BYTES = 380_000
"""Size of a spectrum in its item: DynamoDB has room for 400 kB, with the rest of the record."""


def create_spectrum(requester: Requester, request: NewSpectrum) -> int:
    """Add a spectrum; return its id. Without ``group_ids`` only the uploader sees it.

    Raises
    ------
    InvalidError
        If its instrument, or one of the users that it names, does not exist.
    TooLargeError
        If no item has room for it.
    """
    get_visible_source(requester, request.obj_id)
    if request.instrument_id not in load_instruments():
        raise InvalidError(f"instrument_id: there is no instrument {request.instrument_id}.")
    _require_people(request)
    group_ids = resolve_group_ids(requester, request.group_ids, ()) | {requester.own_group}
    fields = sent_fields(request, "obj_id", "group_ids", "followup_request_id", "assignment_id")
    fields["observed_at"] = parse_time("observed_at", request.observed_at).isoformat()
    _require_room(fields)
    number = next_id("spectrum")
    try:
        spectra_table.insert_spectrum(request.obj_id, number, fields, group_ids, requester.user_id)
    except SourceMissing:
        raise NotFoundError(f"The source {request.obj_id!r} was deleted.") from None
    return number


def _require_people(request: NewSpectrum) -> None:
    user_ids = {user_id for field in PEOPLE for user_id in getattr(request, field)}
    missing = user_ids - find_users(user_ids).keys()
    if missing:
        raise InvalidError(f"{', '.join(PEOPLE)}: there is no user {min(missing)}.")


def _require_room(fields: dict[str, Any]) -> None:
    size = spectra_table.spectrum_size(fields)
    if size > MOST_BYTES:
        raise TooLargeError(
            f"The spectrum takes {size // 1000} kB, compressed; a record has room for {MOST_BYTES // 1000}. "
            "Send wider bins, or fewer digits: wavelengths and fluxes of six digits take half the room."
        )


def list_spectra(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the spectra of a source that the requester may see, by id."""
    items = spectra_table.find_spectra(source_id)
    return spectra_to_json(requester, [item for item in items if is_visible(requester, item)])


def get_visible_spectrum(requester: Requester, number: int) -> SpectrumItem:
    """Return a spectrum that the requester may see.

    Raises
    ------
    NotFoundError
        If it does not exist or is not visible (the same message).
    """
    missing = NotFoundError(f"There is no spectrum {number} that you may see.")
    item = spectra_table.find_spectrum(number)
    if item is None or not is_visible(requester, item):
        raise missing
    get_visible_source(requester, item.source_id, missing)
    return item


def delete_spectrum(requester: Requester, number: int) -> None:
    """Delete a spectrum, as its owner or an administrator.

    Raises
    ------
    ForbiddenError
        If it is another user's.
    """
    item = get_visible_spectrum(requester, number)
    message = f"Only the uploader of spectrum {number}, or an administrator, may delete it."
    require_owner(requester, item.owner_id, message)
    try:
        spectra_table.delete_spectrum_item(item)
    except StateChanged:
        raise NotFoundError(f"The spectrum {number} was deleted.") from None


def spectra_to_json(requester: Requester, items: list[SpectrumItem]) -> list[dict[str, Any]]:
    """Return spectra as the API shows them."""
    instruments = load_instruments()
    user_ids = {user_id for item in items for field in PEOPLE for user_id in item.fields.get(field) or ()}
    users = {number: {"id": number, "username": user.username} for number, user in find_users(user_ids).items()}

    def to_json(item: SpectrumItem) -> dict[str, Any]:
        return {
            "id": item.id,
            "obj_id": item.source_id,
            **{name: value for name, value in item.fields.items() if name not in PEOPLE},
            **{
                json_name: [users[user_id] for user_id in item.fields.get(field) or () if user_id in users]
                for field, json_name in PEOPLE.items()
            },
            "instrument_name": instruments.get(item.fields["instrument_id"], {}).get("name"),
            "owner_id": item.owner_id,
        }

    return records_to_json(requester, items, to_json)
