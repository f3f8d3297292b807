"""Deleting a group: for everyone at once, from its members' records one by one.

From the moment in which it is hidden, no requester is in it any more (`requesters` leaves out what
is being deleted), and nobody can join. What members' records still hold of it goes by the queue.
"""

from collections.abc import Callable
from contextlib import suppress

from chalicelib import queues
from chalicelib.access import Requester
from chalicelib.errors import BusyError, RetryLater
from chalicelib.people.groups import GROUP_BUSY, require_administrated_group
from chalicelib.tables import group_steps as steps
from chalicelib.tables import memberships
from chalicelib.tables import people as people_table
from chalicelib.tables.base import ConditionFailed

__all__ = ["delete_group", "finish_group_deletion"]

BATCH = 500
"""Members that one invocation takes out of a group; the rest is left to the next message."""

SOON = 5
"""Seconds until a deletion, or a read that is under way, is surely through."""


def delete_group(requester: Requester, group_id: int) -> None:
    """Delete a group that the requester administrates.

    Raises
    ------
    BusyError
        If somebody else changes it at this moment.
    """
    group = require_administrated_group(requester, group_id)
    # The job first: if this ends between the two, the job finds the group there and does nothing.
    queues.send_message(queues.JOBS, {"job": "delete_group", "group_id": group_id})
    try:
        steps.hide_group(group)
    except ConditionFailed:
        raise BusyError(GROUP_BUSY) from None


def finish_group_deletion(group_id: int, pause: Callable[[float], None]) -> None:
    """Take members out of a deleted group, some of them now, the rest by the queue.

    Parameters
    ----------
    group_id : int
        The group.
    pause : callable
        Says after how many seconds the queue shall bring the message again.

    Raises
    ------
    RetryLater
        If the group is still there.
    """
    if people_table.find_group(group_id) is not None:
        pause(SOON)
        raise RetryLater(f"group {group_id} is not deleted yet")
    found = list(memberships.iterate_members(group_id, limit=BATCH))
    # A message may come twice, and two invocations may meet: whoever comes second finds it done.
    for member in found:
        with suppress(ConditionFailed):
            memberships.remove_from_hidden_group(group_id, member)
    if found:
        # Nobody is left when a later look finds nobody. Later, so that no request holds a user as they
        # were before, together with a list of what is being deleted as it is afterwards.
        queues.send_message(queues.JOBS, {"job": "delete_group", "group_id": group_id}, delay=SOON)
    else:
        with suppress(ConditionFailed):
            steps.delete_hidden_group(group_id)
