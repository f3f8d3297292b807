"""Members of groups: add, change and remove them."""

from typing import Any

from chalicelib.access import Requester, require_permission
from chalicelib.errors import ForbiddenError, HiddenError, InvalidError
from chalicelib.people.groups import (
    get_visible_group,
    report_conflicts,
    require_administrated_group,
    require_room_for_group,
    require_shared_group,
)
from chalicelib.schemas.people import Acl, MemberChange, NewMember
from chalicelib.tables import memberships as memberships_table
from chalicelib.tables.people_items import GroupItem, MemberItem, MemberRights
from chalicelib.tables.users import find_user


def add_member(requester: Requester, group_id: int, request: NewMember) -> dict[str, Any]:
    """Add a user to a group that the requester administrates.

    Raises
    ------
    UnauthorizedError
        If they do not administrate it, and their token may not manage groups at all.
    InvalidError
        If there is no such user, or they are in the group already.
    """
    try:
        require_administrated_group(requester, group_id)
    except ForbiddenError:
        require_permission(requester, Acl.MANAGE_GROUPS)
        raise
    user = find_user(request.userID)
    if user is None:
        raise InvalidError(f"userID: there is no user {request.userID}.")
    if memberships_table.find_member(group_id, request.userID):
        raise InvalidError(
            f"userID: user {request.userID} is in group {group_id} already; "
            f"PATCH /api/groups/{group_id}/users changes what they may do in it."
        )
    require_room_for_group(user)
    with report_conflicts():
        rights = MemberRights(request.admin, request.canSave, request.canSharePhotometry)
        memberships_table.insert_membership(group_id, user, rights)
    return {"group_id": group_id, "user_id": request.userID, "admin": request.admin}


def update_member(requester: Requester, group_id: int, request: MemberChange) -> None:
    """Change what a member may do in a group that the requester administrates."""
    group = require_administrated_group(requester, group_id)
    member = _get_member(group_id, request.userID)
    rights = MemberRights(
        admin=member.admin if request.admin is None else request.admin,
        can_save=member.can_save if request.canSave is None else request.canSave,
        can_share_photometry=(
            member.can_share_photometry if request.canSharePhotometry is None else request.canSharePhotometry
        ),
    )
    if member.admin and not rights.admin:
        _require_other_administrator(group)
    with report_conflicts():
        memberships_table.update_membership(group_id, member, rights)


def remove_member(requester: Requester, group_id: int, user_id: int) -> None:
    """Remove the requester from a group, or a user from a group that the requester administrates.

    Raises
    ------
    ForbiddenError
        If they are not in the group, or are its last administrator.
    """
    if user_id == requester.user_id:
        group = get_visible_group(requester, group_id)
        require_shared_group(group)
    else:
        group = require_administrated_group(requester, group_id)
    member = _get_member(group_id, user_id)
    if member.admin:
        _require_other_administrator(group)
    with report_conflicts():
        memberships_table.delete_membership(group_id, member)


def _get_member(group_id: int, user_id: int) -> MemberItem:
    member = memberships_table.find_member(group_id, user_id)
    if member is None:
        raise HiddenError(f"User {user_id} is not in group {group_id}. GET /api/groups/{group_id} lists its members.")
    return member


def _require_other_administrator(group: GroupItem) -> None:
    # Without an administrator no member could add or remove others.
    if group.admins <= 1:
        raise ForbiddenError(
            f"Nobody else administrates group {group.id}: make another member its administrator first "
            f"(PATCH /api/groups/{group.id}/users), or delete the group."
        )
