"""Removing a source from a group, and deleting a source.

A source is deleted in two steps. The request hides it, which cannot be undone; a job deletes
everything that belongs to it, which can be repeated. In between its id stays taken, so that nothing
of the old source can belong to a new one with this id.
"""

from chalicelib import blobs, queues
from chalicelib.access import Requester, is_owner, require_owner
from chalicelib.blob_keys import attachments_prefix
from chalicelib.errors import ForbiddenError, HiddenError
from chalicelib.jobs import DeleteSource
from chalicelib.people import groups
from chalicelib.sources.source_records import busy_message, get_visible_source
from chalicelib.tables import id_index, sources as sources_table
from chalicelib.tables.base import retry_on_conflict
from chalicelib.tables.people_items import PUBLIC_GROUP
from chalicelib.tables.sources import SourceItem

DELETION_SECONDS = 60
"""Seconds after which the source is hidden or will not be, and every request that saw it has ended:
none lasts half as long."""


def remove_source_from_group(requester: Requester, source_id: str, group_id: int) -> None:
    """Remove a source from a group; it stays in its other groups.

    Raises
    ------
    ForbiddenError
        If the requester is not in the group, the source is not in it, or in no other.
    BusyError
        If other writes changed the source in each attempt.
    """

    def attempt() -> None:
        source = get_visible_source(requester, source_id)
        if group_id not in source.group_ids or not (group_id in requester.groups or requester.is_admin):
            raise HiddenError(f"group_id: {source_id!r} is in no group {group_id} that you are in.")
        _require_removable(requester, source, group_id)
        if source.group_ids == {group_id}:
            raise ForbiddenError(
                f"group_id: {source_id!r} is in no other group. Save it to another one first, or let its "
                "owner or an administrator delete it (without group_id)."
            )
        sources_table.remove_group(source, group_id)

    retry_on_conflict(attempt, busy_message(source_id))


def _require_removable(requester: Requester, source: SourceItem, group_id: int) -> None:
    """Require the permission to save to the group; for the public group, to own the source."""
    if group_id == PUBLIC_GROUP:
        allowed = is_owner(requester, source.owner_id)
    else:
        allowed = bool(groups.filter_savable_groups(requester, {group_id}))
    if not allowed:
        raise ForbiddenError(f"group_id: you may not remove sources from group {group_id}.")


def delete_source(requester: Requester, source_id: str) -> None:
    """Delete a source with everything that belongs to it: hide it now, and queue the rest.

    Raises
    ------
    ForbiddenError
        If the requester neither owns it nor is an administrator.
    BusyError
        If other writes changed the source in each attempt.
    """

    def attempt() -> None:
        source = get_visible_source(requester, source_id)
        require_owner(
            requester,
            source.owner_id,
            "Only its owner or an administrator may delete a source; "
            "with ?group_id= you remove it from a group of yours.",
        )
        # The job first: a crash in between must not leave a hidden source that no job deletes.
        queues.send_job(DeleteSource(source_id), DELETION_SECONDS)
        sources_table.hide_source(source)

    retry_on_conflict(attempt, busy_message(source_id))


def is_source_hidden(source_id: str) -> bool:
    """Say whether a source is being deleted."""
    source = sources_table.find_source_or_hidden(source_id)
    return source is not None and not source.listing


def finish_source_deletion(source_id: str) -> None:
    """Delete what is left of a hidden source, so that its id is free again; others are left alone."""
    source = sources_table.find_source_or_hidden(source_id)
    if source is None or source.listing:
        return
    parts = sources_table.find_parts(source_id)
    id_index.delete_id_places(parts)
    blobs.delete_blobs(attachments_prefix(source_id))
    sources_table.delete_parts(source_id, parts)
    sources_table.delete_source_item(source)
