"""Who is in a group, who administrates it, who may save to it."""

from typing import Any

from chalicelib.access import Requester, must_have
from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.people.shared_groups import BUSY, administrated, check_room, check_shared, seen
from chalicelib.schemas.people import Acl, MemberChange, NewMember
from chalicelib.tables import memberships as table
from chalicelib.tables import people as people_table
from chalicelib.tables.base import LostRace

__all__ = ["add", "change", "remove"]


def add(requester: Requester, group_id: int, wanted: NewMember) -> dict[str, Any]:
    """Put a user into a group that the requester administrates.

    Raises
    ------
    InvalidError
        If there is no such user, or they are in the group already.
    """
    administrated(requester, group_id)
    user = people_table.user(wanted.userID)
    if user is None:
        raise InvalidError(f"userID: there is no user {wanted.userID}.")
    if table.member(group_id, wanted.userID):
        raise InvalidError(
            f"userID: user {wanted.userID} is in group {group_id} already; "
            f"PATCH /api/groups/{group_id}/users changes what they may do in it."
        )
    check_room(user)
    try:
        table.join(group_id, user, wanted.admin, wanted.canSave)
    except LostRace:
        raise BusyError(BUSY) from None
    return {"group_id": group_id, "user_id": wanted.userID, "admin": wanted.admin}


def change(requester: Requester, group_id: int, wanted: MemberChange) -> None:
    """Change what a member may do in a group that the requester administrates."""
    group = administrated(requester, group_id)
    member = _member(group_id, wanted.userID)
    admin = bool(member.admin) if wanted.admin is None else wanted.admin
    can_save = bool(member.can_save) if wanted.canSave is None else wanted.canSave
    if member.admin and not admin:
        _check_another(group)
    try:
        table.alter(group_id, member, admin, can_save)
    except LostRace:
        raise BusyError(BUSY) from None


def remove(requester: Requester, group_id: int, user_id: int) -> None:
    """Take a user out of a group that the requester administrates, or the requester themselves.

    Raises
    ------
    UnauthorizedError
        If it is another user, and the token may not manage groups.
    ForbiddenError
        If they are not in it, or are the last who administrates it.
    """
    if user_id == requester.user_id:
        group = seen(requester, group_id)
        check_shared(group)
    else:
        must_have(requester, Acl.MANAGE_GROUPS)
        group = administrated(requester, group_id)
    member = _member(group_id, user_id)
    if member.admin:
        _check_another(group)
    try:
        table.leave(group_id, member)
    except LostRace:
        raise BusyError(BUSY) from None


def _member(group_id: int, user_id: int) -> table.MemberItem:
    member = table.member(group_id, user_id)
    if member is None:
        raise ForbiddenError(
            f"User {user_id} is not in group {group_id}. GET /api/groups/{group_id} lists who is."
        )
    return member


def _check_another(group: people_table.GroupItem) -> None:
    """Keep an administrator in every group: without one, nobody in it could let anyone in or out."""
    if group.admins <= 1:
        raise ForbiddenError(
            f"Nobody else administrates group {int(group.id)}: make another member its administrator first "
            f"(PATCH /api/groups/{int(group.id)}/users), or delete the group."
        )
