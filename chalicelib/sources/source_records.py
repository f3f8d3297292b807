"""Sources: their position, redshift and groups."""

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET

from chalicelib import queues
from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.errors import BusyError, ForbiddenError, InvalidError, NotFoundError
from chalicelib.jobs import StartDefaultAnalyses
from chalicelib.people import groups
from chalicelib.people.groups import records_to_json
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.sources import FIELDS, NewSource, SourceChange
from chalicelib.sources.source_distances import compute_distances, galactic_coordinates
from chalicelib.tables import sources as sources_table
from chalicelib.tables.base import retry_on_conflict
from chalicelib.tables.sources import SourceItem

LONGEST_ID = 200

NOT_CLEARED = (
    "{}: left as it was, since null and blanks are no values for a source that exists. PATCH with null clears it."
)

ANNOUNCEMENT_SECONDS = 5
"""Seconds after which an announced write has happened, or will not."""


def get_visible_source(requester: Requester, source_id: str, missing: NotFoundError | None = None) -> SourceItem:
    """Return a source that the requester may see.

    Parameters
    ----------
    requester : Requester
        The requester.
    source_id : str
        The source.
    missing : NotFoundError, optional
        The error to raise instead of one that names the source.

    Raises
    ------
    NotFoundError
        If it does not exist or is not visible (the same message).
    """
    source = sources_table.find_source(source_id) if 0 < len(source_id) <= LONGEST_ID else None
    if source is None or not is_visible(requester, source):
        raise missing or NotFoundError(f"There is no source {source_id[:LONGEST_ID]!r} that you may see.")
    return source


def save_source(requester: Requester, request: NewSource, public_url: str) -> list[str]:
    """Add a source, or update an existing one and save it to more groups; return what to know of it.

    Of an existing source only those fields change that have a value in the request: null and blank text, lists and
    objects are none (`update_source` clears fields). It is saved to those groups only that the request names.
    A source that the requester cannot see is refused: whoever guesses a name would read its position, redshift and
    data.

    Parameters
    ----------
    requester : Requester
        Who saves it.
    request : NewSource
        The request.
    public_url : str
        The URL that services call back, if default analyses start.

    Raises
    ------
    ForbiddenError
        If the requester cannot see the source.
    BusyError
        If other writes changed the source in each attempt, or it is being deleted.
    """

    def attempt() -> list[str]:
        source = sources_table.find_source_or_hidden(request.id)
        if source is not None and not source.listing:
            raise BusyError(f"{request.id!r} is being deleted. Save it again in a minute or two.")
        changes = sent_fields(request, "id", "group_ids")
        if source is None:
            _require_position(request)
            group_ids = _savable_group_ids(requester, request.group_ids, requester.groups)
            queue_default_analyses(request.id, public_url, group_ids=group_ids)
            sources_table.insert_source(request.id, changes, group_ids, requester.user_id)
            return []
        if not is_visible(requester, source):
            raise ForbiddenError(
                f"id: {request.id!r} is the id of a source of groups that you are not in. "
                "Ask one of their members to save it to a group of yours, or choose another id."
            )
        values = {name: value for name, value in changes.items() if not _is_blank(value)}
        _update(source, values, _savable_group_ids(requester, request.group_ids, ()), public_url)
        blanks = [name for name in changes if name not in values]
        return [NOT_CLEARED.format(", ".join(blanks))] if blanks else []

    return retry_on_conflict(attempt, busy_message(request.id))


def _is_blank(value: Any) -> bool:
    """Say whether a value says nothing; 0 and false do."""
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())


def update_source(requester: Requester, source_id: str, request: SourceChange, public_url: str) -> None:
    """Change fields of a source, and save it to more groups (see `save_source`)."""
    group_ids = _savable_group_ids(requester, request.group_ids, ())
    changes = sent_fields(request, "id", "group_ids")

    def attempt() -> None:
        _update(get_visible_source(requester, source_id), changes, group_ids, public_url)

    retry_on_conflict(attempt, busy_message(source_id))


def _savable_group_ids(requester: Requester, requested: list[int] | str | None, default: Iterable[int]) -> set[int]:
    """Return the groups to save a source to: those requested, or the default ones that allow saving."""
    group_ids = resolve_group_ids(requester, requested, default)
    savable = groups.filter_savable_groups(requester, group_ids)
    if requested and group_ids - savable:
        refused = ", ".join(map(str, sorted(group_ids - savable)))
        raise ForbiddenError(f"group_ids: you may not save sources to group {refused}. Ask one of its administrators.")
    return savable


def _require_position(request: NewSource) -> None:
    if UNSET in (request.ra, request.dec) or (request.ra is None) != (request.dec is None):
        raise InvalidError("ra, dec: a new source needs both, in degrees (or both null if unknown).")


def _update(source: SourceItem, changes: dict[str, Any], group_ids: set[int], public_url: str) -> None:
    fields = source.fields | changes
    if (fields["ra"] is None) != (fields["dec"] is None):
        raise InvalidError("ra, dec: give both, in degrees, or both as null if they are unknown.")
    new = group_ids - source.group_ids
    if new:
        queue_default_analyses(source.source_id, public_url, group_ids=new)
    sources_table.update_source_item(source, fields, group_ids)


def queue_default_analyses(
    source_id: str, public_url: str, *, group_ids: Iterable[int] = (), classification_id: int | None = None
) -> None:
    """Queue the default analyses that an event starts; to be called before the event is written.

    A crash between the two then loses no event. If the write fails, the job finds no event and does
    nothing.

    Parameters
    ----------
    source_id : str
        The source.
    public_url : str
        The URL that services call back.
    group_ids : iterable of int, optional
        The groups that the source is saved to.
    classification_id : int, optional
        The classification that it gets, in place of groups.
    """
    job = StartDefaultAnalyses(source_id, public_url, sorted(group_ids), classification_id)
    queues.send_job(job, ANNOUNCEMENT_SECONDS)


def busy_message(source_id: str) -> str:
    """Return the message for a source that other writes changed in each attempt."""
    return f"Other requests are changing {source_id!r}. Try again."


def sources_to_json(requester: Requester, sources: Iterable[SourceItem]) -> list[dict[str, Any]]:
    """Return sources as the API shows them, with the time of their first save in each group."""
    records = records_to_json(requester, sources, _source_to_json)
    for record in records:
        record["groups"] = [{**group, "saved_at": record["created_at"]} for group in record["groups"]]
    return records


def _source_to_json(source: SourceItem) -> dict[str, Any]:
    fields = {name: source.fields.get(name) for name in FIELDS}
    longitude, latitude = galactic_coordinates(fields["ra"], fields["dec"])
    return {
        "id": source.source_id,
        **fields,
        **compute_distances(fields["redshift"], fields["altdata"])._asdict(),
        "gal_lon": longitude,
        "gal_lat": latitude,
    }
