"""Delete a user: for everyone at once, from groups and tokens step by step.

Once a user is marked deleted, no token of theirs works, their name is free, and they can join no group.
The same transaction ends their memberships as an administrator, so that it cannot leave a group to
nobody. The other memberships and the tokens follow, at most some in one step; the queue does the rest.
Records stay: they show the user's id, without a name.
"""

from contextlib import suppress

from chalicelib import queues
from chalicelib.access import Requester
from chalicelib.errors import BusyError, ForbiddenError, RetryLater
from chalicelib.jobs import DeleteUser
from chalicelib.people.administrators import get_changeable_user, require_other_administrator
from chalicelib.people.permissions import BUSY
from chalicelib.tables import api_tokens as api_tokens_table, memberships as memberships_table, users as users_table
from chalicelib.tables.base import ConditionFailed, StateChanged, retry_on_conflict
from chalicelib.tables.favorites import delete_some_favorites
from chalicelib.tables.groups import find_groups
from chalicelib.tables.people_items import GroupItem, UserItem

MOST_ADMINISTRATED = 40
"""Most groups that a user administrates: leaving them fits into one transaction of 100 writes."""

PARTS_PER_STEP = 100
"""Memberships, tokens and favourites that one step deletes."""

PAUSE_SECONDS = 5
"""Seconds after which a deletion that has begun has surely ended."""


def delete_user(requester: Requester, user_id: int) -> None:
    """Delete a user; for one whose deletion was interrupted, continue it.

    Raises
    ------
    ForbiddenError
        If there is no such user, they are the requester or the last system administrator, or they alone
        administrate a group with other members.
    UnauthorizedError
        If the user is a system administrator, and the requester is none.
    BusyError
        If the user, or a group that they administrate, is changed meanwhile.
    """
    if user_id == requester.user_id:
        raise ForbiddenError("You cannot delete yourself: ask someone else who manages users.")
    is_marked = users_table.find_deleted_user(user_id) is not None
    if not is_marked:
        _prepare_deletion(requester, user_id)
    # The job comes first: after a crash between the two it finds the user unmarked and does nothing.
    queues.send_job(DeleteUser(user_id), PAUSE_SECONDS)
    if not is_marked:
        retry_on_conflict(
            lambda: users_table.mark_user_deleted(*_prepare_deletion(requester, user_id)), BUSY.format(user_id)
        )
    # What fails here is left to the job.
    with suppress(ConditionFailed, BusyError):
        _delete_parts(user_id)


def finish_user_deletion(user_id: int) -> None:
    """Delete some of what is left of a deleted user, and leave the rest to the queue.

    Parameters
    ----------
    user_id : int
        The user.

    Raises
    ------
    RetryLater
        If the user is not marked deleted yet.
    """
    if users_table.find_user(user_id) is not None:
        raise RetryLater(f"user {user_id} is not deleted yet", PAUSE_SECONDS)
    if not _delete_parts(user_id):
        queues.send_job(DeleteUser(user_id), PAUSE_SECONDS)


def _prepare_deletion(requester: Requester, user_id: int) -> tuple[UserItem, list[GroupItem], int | None]:
    """Return the arguments of `mark_user_deleted`, or raise if the user must stay."""
    user = get_changeable_user(requester, user_id)
    administrator_changes = require_other_administrator(user)
    members = memberships_table.find_memberships(user_id, set(user.group_ids) - {user.own_group})
    groups = find_groups(group_id for group_id, member in members.items() if member.admin)
    orphans = [group.id for group in groups if group.admins <= 1 and _has_other_members(group.id, user_id)]
    if orphans:
        numbers = ", ".join(map(str, orphans))
        raise ForbiddenError(
            f"Nobody but user {user_id} administrates group {numbers}, which has other members: make one of them its "
            f"administrator first (PATCH /api/groups/{orphans[0]}/users), or delete the group."
        )
    if len(groups) > MOST_ADMINISTRATED:
        raise ForbiddenError(
            f"User {user_id} administrates {len(groups)} groups; to be deleted, they may administrate at most "
            f"{MOST_ADMINISTRATED}. Remove them from some first (DELETE /api/groups/<id>/users/{user_id})."
        )
    return user, groups, administrator_changes


def _has_other_members(group_id: int, user_id: int) -> bool:
    return any(int(member.key) != user_id for member in memberships_table.iterate_members(group_id, limit=2))


def _delete_parts(user_id: int) -> bool:
    """Delete some memberships and tokens of a deleted user; return whether nothing is left."""
    user = users_table.find_deleted_user(user_id)
    if user is None:
        return True
    group_ids = sorted(user.group_ids or ())[:PARTS_PER_STEP]
    members = memberships_table.find_memberships(user_id, group_ids)
    for group_id in group_ids:
        with suppress(StateChanged):
            memberships_table.delete_membership_of_deleted_user(group_id, user, members.get(group_id))
    tokens = api_tokens_table.find_user_tokens(user_id)
    for token in tokens[:PARTS_PER_STEP]:
        with suppress(StateChanged):
            api_tokens_table.delete_token(token)
    favorites = delete_some_favorites(user_id, PARTS_PER_STEP)
    if len(tokens) > PARTS_PER_STEP or favorites == PARTS_PER_STEP:
        return False
    try:
        users_table.delete_user_item(user_id)
    except StateChanged:
        return users_table.find_deleted_user(user_id) is None
    return True
