"""Spectra of a source."""

from datetime import datetime
from statistics import median
from typing import Any

from msgspec import UNSET

from chalicelib.access import Requester, is_visible, require_owner, resolve_group_ids
from chalicelib.errors import InvalidError, NotFoundError, TooLargeError
from chalicelib.people.groups import records_to_json
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.spectra import PEOPLE, NewSpectrum, SourceSpectraQuery, SpectrumChange, check_columns
from chalicelib.sources.instruments import list_instruments, load_instruments
from chalicelib.sources.source_records import get_visible_source
from chalicelib.sources.times import parse_time
from chalicelib.tables import spectra as spectra_table
from chalicelib.tables.base import StateChanged, next_id, retry_on_conflict
from chalicelib.tables.sources import SourceMissing
from chalicelib.tables.spectra import SpectrumItem
from chalicelib.tables.users import find_users

MOST_BYTES = 380_000
"""Size of a spectrum in its item: DynamoDB has room for 400 kB, with the rest of the record."""

NOT_STORED = ("obj_id", "group_ids", "followup_request_id", "assignment_id")
"""Fields of a request that are not among the stored fields."""


def create_spectrum(
    requester: Requester, request: NewSpectrum, *, original_file: str | None = None, file_name: str | None = None
) -> int:
    """Add a spectrum; return its id. Without ``group_ids`` only the uploader sees it.

    Parameters
    ----------
    requester : Requester
        The uploader.
    request : NewSpectrum
        The spectrum.
    original_file, file_name : str, optional
        The file that it was read from, which is kept with it, and its name.

    Raises
    ------
    InvalidError
        If its instrument, or one of the users that it names, does not exist.
    TooLargeError
        If no item has room for it, or for the file.
    """
    get_visible_source(requester, request.obj_id)
    fields = _resolve_fields(sent_fields(request, *NOT_STORED))
    group_ids = resolve_group_ids(requester, request.group_ids, ()) | {requester.own_group}
    fields["original_file_filename"] = file_name
    _require_room(fields)
    if original_file is not None:
        _require_file_room(original_file)
    number = next_id("spectrum")
    owner_id = requester.user_id
    try:
        spectra_table.insert_spectrum(request.obj_id, number, fields, group_ids, owner_id, original_file)
    except SourceMissing:
        raise NotFoundError(f"The source {request.obj_id!r} was deleted.") from None
    return number


def _resolve_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a request as they are stored; instrument and users must exist."""
    if "instrument_id" in fields and fields["instrument_id"] not in load_instruments():
        raise InvalidError(f"instrument_id: there is no instrument {fields['instrument_id']}.")
    _require_people(fields)
    if "observed_at" in fields:
        fields |= {"observed_at": parse_time("observed_at", fields["observed_at"]).isoformat()}
    return fields


def _require_people(fields: dict[str, Any]) -> None:
    user_ids = {user_id for field in PEOPLE for user_id in fields.get(field, ())}
    missing = user_ids - find_users(user_ids).keys()
    if missing:
        raise InvalidError(f"{', '.join(PEOPLE)}: there is no user {min(missing)}.")


def _require_room(fields: dict[str, Any]) -> None:
    size = spectra_table.packed_size(fields)
    if size > MOST_BYTES:
        raise TooLargeError(
            f"The spectrum takes {size // 1000} kB, compressed; a record has room for {MOST_BYTES // 1000}. "
            "Send wider bins, or fewer digits: wavelengths and fluxes of six digits take half the room."
        )


def _require_file_room(text: str) -> None:
    size = spectra_table.packed_size(text)
    if size > MOST_BYTES:
        raise TooLargeError(
            f"ascii: the file takes {size // 1000} kB, compressed; a record has room for {MOST_BYTES // 1000}. "
            "Leave out columns that are not needed."
        )


def list_sorted_spectra(requester: Requester, source_id: str, query: SourceSpectraQuery) -> list[dict[str, Any]]:
    """Return the spectra of a source that the requester may see, in the order and the form of a query."""
    items = [item for item in spectra_table.find_spectra(source_id) if is_visible(requester, item)]
    spectra = spectra_to_json(requester, items, original_files=query.includeOriginalFile)
    spectra.sort(key=lambda spectrum: _get_rank(spectrum, query.sortBy), reverse=query.sortOrder == "desc")
    if query.normalization is not None:
        spectra = [_normalize(spectrum) for spectrum in spectra]
    return spectra


def _get_rank(spectrum: dict[str, Any], name: str) -> tuple[datetime, int]:
    return datetime.fromisoformat(spectrum[name]), spectrum["id"]


def _normalize(spectrum: dict[str, Any]) -> dict[str, Any]:
    """Return a spectrum in units of the median of its absolute fluxes; as it is if that is 0."""
    scale = median(map(abs, spectrum["fluxes"])) or 1.0
    errors = spectrum["errors"]
    return spectrum | {
        "fluxes": [value / scale for value in spectrum["fluxes"]],
        "errors": errors and [value / scale for value in errors],
    }


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


def share_spectra(requester: Requester, numbers: list[int], group_ids: set[int]) -> None:
    """Share spectra of the requester with further groups; repeating the request completes it.

    Raises
    ------
    NotFoundError, ForbiddenError
        If one does not exist or is not visible, or is another user's; then none is shared.
    """
    for number in numbers:
        _get_own_spectrum(requester, number, "share")
    for number in numbers:
        update_spectrum(requester, number, SpectrumChange(group_ids=sorted(group_ids)))


def update_spectrum(requester: Requester, number: int, request: SpectrumChange) -> None:
    """Change what a request names of a spectrum, and share it with further groups.

    Raises
    ------
    InvalidError
        If it would move to another source, or the changed spectrum is not valid.
    ForbiddenError
        If it is another user's.
    TooLargeError
        If no item has room for it.
    BusyError
        If other writes changed it in each attempt.
    """
    _get_own_spectrum(requester, number, "change")
    changes = _resolve_fields(sent_fields(request, *NOT_STORED))

    def attempt() -> None:
        item = _get_own_spectrum(requester, number, "change")
        if request.obj_id not in (UNSET, item.source_id):
            raise InvalidError(
                f"obj_id: the spectrum belongs to {item.source_id!r} and cannot move. Upload it to the other "
                "source, then delete this one."
            )
        fields = item.fields | changes
        _require_columns(fields)
        _require_room(fields)
        group_ids = item.group_ids | resolve_group_ids(requester, request.group_ids, ())
        spectra_table.update_spectrum_item(item, fields, group_ids)

    retry_on_conflict(attempt, f"Other requests are changing spectrum {number}. Try again.")


def _require_columns(fields: dict[str, Any]) -> None:
    try:
        check_columns(fields["wavelengths"], fields["fluxes"], fields["errors"])
    except ValueError as error:
        raise InvalidError(f"{error}.") from None


def _get_own_spectrum(requester: Requester, number: int, action: str) -> SpectrumItem:
    item = get_visible_spectrum(requester, number)
    message = f"Only the uploader of spectrum {number}, or an administrator, may {action} it."
    require_owner(requester, item.owner_id, message)
    return item


def delete_spectrum(requester: Requester, number: int) -> None:
    """Delete a spectrum, as its owner or an administrator.

    Raises
    ------
    ForbiddenError
        If it is another user's.
    """
    item = _get_own_spectrum(requester, number, "delete")
    try:
        spectra_table.delete_spectrum_item(item)
    except StateChanged:
        raise NotFoundError(f"The spectrum {number} was deleted.") from None


def spectra_to_json(
    requester: Requester, items: list[SpectrumItem], *, original_files: bool = False
) -> list[dict[str, Any]]:
    """Return spectra as the API shows them, with `original_files` also the files that they were read from."""
    files = spectra_table.find_original_files(items) if original_files else {}
    instruments = load_instruments(with_deleted=True)
    telescopes = {telescope["id"]: telescope["name"] for telescope in list_instruments("telescope")}
    user_ids = {item.owner_id for item in items}
    user_ids |= {user_id for item in items for field in PEOPLE for user_id in item.fields.get(field) or ()}
    users = {number: {"id": number, "username": user.username} for number, user in find_users(user_ids).items()}

    def to_json(item: SpectrumItem) -> dict[str, Any]:
        instrument = instruments.get(item.fields["instrument_id"], {})
        telescope_id = instrument.get("telescope_id")
        return {
            "id": item.id,
            "obj_id": item.source_id,
            **{name: value for name, value in item.fields.items() if name not in PEOPLE},
            **{
                json_name: [users[user_id] for user_id in item.fields.get(field) or () if user_id in users]
                for field, json_name in PEOPLE.items()
            },
            "instrument_name": instrument.get("name"),
            "telescope_id": telescope_id,
            "telescope_name": telescopes.get(telescope_id),
            "original_file_filename": item.fields.get("original_file_filename"),
            "followup_request_id": None,
            "assignment_id": None,
            "owner_id": item.owner_id,
            "owner": users.get(item.owner_id),
            **({"original_file_string": files.get(item.id)} if original_files else {}),
        }

    return records_to_json(requester, items, to_json)
