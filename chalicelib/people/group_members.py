"""Who is in a group, who administrates it, who may save to it."""

from typing import Any

from chalicelib.access import Requester, require_permission
from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.people.groups import (
    GROUP_BUSY,
    get_visible_group,
    require_administrated_group,
    require_room_for_group,
    require_shared_group,
)
from chalicelib.schemas.people import Acl, MemberChange, NewMember
from chalicelib.tables import memberships as memberships_table
from chalicelib.tables import people as people_table
from chalicelib.tables.base import ConditionFailed

__all__ = ["add_member", "remove_member", "update_member"]


def add_member(requester: Requester, group_id: int, request: NewMember) -> dict[str, Any]:
    """Put a user into a group that the requester administrates.

    Raises
    ------
    InvalidError
        If there is no such user, or they are in the group already.
    """
    require_administrated_group(requester, group_id)
    user = people_table.find_user(request.userID)
    if user is None:
        raise InvalidError(f"userID: there is no user {request.userID}.")
    if memberships_table.find_member(group_id, request.userID):
        raise InvalidError(
            f"userID: user {request.userID} is in group {group_id} already; "
            f"PATCH /api/groups/{group_id}/users changes what they may do in it."
        )
    require_room_for_group(user)
    try:
        memberships_table.insert_membership(group_id, user, request.admin, request.canSave)
    except ConditionFailed:
        raise BusyError(GROUP_BUSY) from None
    return {"group_id": group_id, "user_id": request.userID, "admin": request.admin}


def update_member(requester: Requester, group_id: int, request: MemberChange) -> None:
    """Change what a member may do in a group that the requester administrates."""
    group = require_administrated_group(requester, group_id)
    member = _member(group_id, request.userID)
    admin = bool(member.admin) if request.admin is None else request.admin
    can_save = bool(member.can_save) if request.canSave is None else request.canSave
    if member.admin and not admin:
        _check_another(group)
    try:
        memberships_table.update_membership(group_id, member, admin, can_save)
    except ConditionFailed:
        raise BusyError(GROUP_BUSY) from None


def remove_member(requester: Requester, group_id: int, user_id: int) -> None:
    """Take a user out of a group that the requester administrates, or the requester themselves.

    Raises
    ------
    UnauthorizedError
        If it is another user, and the token may not manage groups.
    ForbiddenError
        If they are not in it, or are the last who administrates it.
    """
    if user_id == requester.user_id:
        group = get_visible_group(requester, group_id)
        require_shared_group(group)
    else:
        require_permission(requester, Acl.MANAGE_GROUPS)
        group = require_administrated_group(requester, group_id)
    member = _member(group_id, user_id)
    if member.admin:
        _check_another(group)
    try:
        memberships_table.delete_membership(group_id, member)
    except ConditionFailed:
        raise BusyError(GROUP_BUSY) from None


def _member(group_id: int, user_id: int) -> memberships_table.MemberItem:
    member = memberships_table.find_member(group_id, user_id)
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
