"""Taking a source away: out of one group, or whole.

A source is deleted in two steps. The request hides it, which nobody can undo; a job deletes what
belongs to it, which can be repeated. In between its id stays taken, so that nothing of the old
source can ever belong to a new one of this name.
"""

from chalicelib import queues
from chalicelib.access import Requester
from chalicelib.errors import ForbiddenError
from chalicelib.people import groups
from chalicelib.sources import source_records
from chalicelib.tables import id_index, remarks
from chalicelib.tables import sources as sources_table
from chalicelib.tables.base import ConditionFailed
from chalicelib.tables.groups import PUBLIC_GROUP
from chalicelib.tables.source_items import SourceItem

__all__ = ["delete_source", "finish_source_deletion", "is_source_hidden", "remove_source_from_group"]

SETTLED = 60
"""Seconds after which the source is hidden, or will not be, and whoever saw it before has written
what they had to write of it: no request lasts half as long."""


def remove_source_from_group(requester: Requester, source_id: str, group_id: int) -> None:
    """Take a source out of a group; those of its other groups keep it.

    Raises
    ------
    ForbiddenError
        If the requester is not in the group, the source is not in it, or in no other.
    BusyError
        If others change the source again and again.
    """
    for _ in range(source_records.TRIES):
        source = source_records.get_visible_source(requester, source_id)
        groups = sources_table.source_group_ids(source)
        if group_id not in groups or not (group_id in requester.groups or requester.is_admin):
            raise ForbiddenError(f"group_id: {source_id!r} is in no group {group_id} that you are in.")
        _check_leaving(requester, source, group_id)
        if groups == {group_id}:
            raise ForbiddenError(
                f"group_id: {source_id!r} is in no other group. Save it to another one first, or let its "
                "owner or an administrator delete it whole (without group_id)."
            )
        try:
            return sources_table.remove_group(source, group_id)
        except ConditionFailed:
            continue
    raise source_records.source_busy(source_id)


def _check_leaving(requester: Requester, source: SourceItem, group_id: int) -> None:
    """Let those take a source out of a group who may save to it; out of the public one, its owner."""
    if group_id == PUBLIC_GROUP:
        allowed = int(source.owner_id) == requester.user_id or requester.is_admin
    else:
        allowed = bool(groups.filter_savable_groups(requester, {group_id}))
    if not allowed:
        raise ForbiddenError(f"group_id: you may not take sources out of group {group_id}.")


def delete_source(requester: Requester, source_id: str) -> None:
    """Delete a source with all that belongs to it: hide it now, and leave the rest to a job.

    Raises
    ------
    ForbiddenError
        If it is somebody else's.
    BusyError
        If others change the source again and again.
    """
    for _ in range(source_records.TRIES):
        source = source_records.get_visible_source(requester, source_id)
        if int(source.owner_id) != requester.user_id and not requester.is_admin:
            raise ForbiddenError(
                "Only its owner, or an administrator, may delete a source; "
                "with ?group_id= you take it out of a group of yours."
            )
        # The job first: a hidden source that nobody deletes would keep its id for ever.
        queues.send_message(queues.JOBS, {"job": "delete_source", "source_id": source_id}, delay=SETTLED)
        try:
            return sources_table.hide_source(source)
        except ConditionFailed:
            continue
    raise source_records.source_busy(source_id)


def is_source_hidden(source_id: str) -> bool:
    """Say whether a source is being deleted."""
    source = sources_table.find_source_or_hidden(source_id)
    return source is not None and not source.listing


def finish_source_deletion(source_id: str) -> None:
    """Delete what is left of a hidden source; its id is free again. All others are left alone."""
    source = sources_table.find_source_or_hidden(source_id)
    if source is None or source.listing:
        return
    parts = sources_table.find_parts(source_id)
    id_index.delete_id_places(parts)
    remarks.delete_classification_places(parts)
    sources_table.delete_parts(source_id, parts)
    sources_table.delete_source_item(source)
