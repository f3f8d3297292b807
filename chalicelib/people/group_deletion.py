"""Delete a group: for everyone at once, from its members' records by the queue.

Once a group is marked deleted, no requester is in it (`requesters` leaves out deleted groups) and
nobody can join it. A job then removes it from the records of its members, and the default analyses that a save to
it starts.
"""

from contextlib import suppress

from chalicelib import queues
from chalicelib.access import Requester
from chalicelib.errors import RetryLater
from chalicelib.jobs import DeleteGroup
from chalicelib.people.groups import report_conflicts, require_administrated_group
from chalicelib.tables import (
    default_analyses as defaults_table,
    groups as groups_table,
    memberships as memberships_table,
)
from chalicelib.tables.base import StateChanged

MEMBERS_PER_JOB = 500
"""Members that one invocation removes; the next message removes more."""

PAUSE_SECONDS = 5
"""Seconds after which a deletion or a read that has begun has surely ended."""


def delete_group(requester: Requester, group_id: int) -> None:
    """Delete a group that the requester administrates.

    Raises
    ------
    BusyError
        If the group is changed meanwhile.
    """
    group = require_administrated_group(requester, group_id)
    # The job comes first: after a crash between the two it finds the group unmarked and does nothing.
    queues.send_job(DeleteGroup(group_id))
    with report_conflicts():
        groups_table.mark_group_deleted(group)


def finish_group_deletion(group_id: int) -> None:
    """Remove some members of a deleted group, and leave the rest to the queue.

    Parameters
    ----------
    group_id : int
        The group.

    Raises
    ------
    RetryLater
        If the group is not marked deleted yet.
    """
    if groups_table.find_group(group_id) is not None:
        raise RetryLater(f"group {group_id} is not deleted yet", PAUSE_SECONDS)
    for default in defaults_table.find_triggered_by(f"group#{group_id}"):
        defaults_table.delete_default_item(default)
    members = list(memberships_table.iterate_members(group_id, limit=MEMBERS_PER_JOB))
    # A message can be delivered twice, so another invocation may have done the same.
    for member in members:
        with suppress(StateChanged):
            memberships_table.delete_membership_of_deleted_group(group_id, member)
    if members:
        # Delayed, so that no request combines a user from before with a list of deleted groups from after.
        queues.send_job(DeleteGroup(group_id), PAUSE_SECONDS)
    else:
        with suppress(StateChanged):
            groups_table.delete_group_item(group_id)
