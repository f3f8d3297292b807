"""Groups: which there are, making and changing them, and who may do so."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.errors import BusyError, ForbiddenError, InvalidError, UnauthorizedError
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.people import GroupChange, NewGroup
from chalicelib.tables import group_steps as steps
from chalicelib.tables import memberships
from chalicelib.tables import people as people_table
from chalicelib.tables.base import ConditionFailed, NameTaken

__all__ = [
    "GROUP_BUSY",
    "create_group",
    "describe_group",
    "filter_savable_groups",
    "get_visible_group",
    "list_groups",
    "load_groups_json",
    "require_administrated_group",
    "require_shared_group",
    "update_group",
]  # fmt: skip

GROUP_BUSY = "The group, or somebody in it, is being changed by others at this moment. Try again."

SINGLE_USER = "A single-user group belongs to its user alone, and stays as it is."


def load_groups_json(group_ids: Iterable[int]) -> list[dict[str, Any]]:
    """Return groups as records show them; those that there are not are left out."""
    return [_shown(group) for group in people_table.find_groups(group_ids)]


def list_groups(requester: Requester) -> dict[str, Any]:
    """Return the groups in SkyPortal's three lists; administrators see every group."""
    mine = load_groups_json(requester.groups)
    every = [_shown(group) for group in people_table.find_shared_groups()] if requester.is_admin else mine
    shared = [group for group in every if not group["single_user_group"]]
    return {"user_groups": mine, "user_accessible_groups": shared, "all_groups": shared}


def get_visible_group(requester: Requester, group_id: int) -> people_table.GroupItem:
    """Return a group that the requester may see.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs (the same answer).
    """
    group = people_table.find_group(group_id) if is_visible(requester, [group_id]) else None
    if group is None:
        raise ForbiddenError(
            f"There is no group {group_id} that you may see. GET /api/groups lists those that you may."
        )
    return group


def describe_group(requester: Requester, group_id: int, *, with_users: bool) -> dict[str, Any]:
    """Return a group, with its members if asked for; everyone is in the public group."""
    view = _shown(get_visible_group(requester, group_id))
    if with_users and group_id != people_table.PUBLIC_GROUP:
        view["users"] = [_member(member) for member in memberships.iterate_members(group_id)]
    return view


def require_administrated_group(requester: Requester, group_id: int) -> people_table.GroupItem:
    """Return a shared group whose members the requester may change, or which they may delete.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs to change (the same answer); if `check_shared`
        refuses it.
    """
    group = _administrated(requester, group_id)
    require_shared_group(group)
    return group


def _administrated(requester: Requester, group_id: int) -> people_table.GroupItem:
    group = people_table.find_group(group_id)
    if group is None or not (requester.is_admin or _is_admin_of(requester, group_id)):
        raise ForbiddenError(f"There is no group {group_id} that you administrate.")
    return group


def require_shared_group(group: people_table.GroupItem) -> None:
    """Refuse single-user groups and the public group: who is in them never changes.

    Raises
    ------
    ForbiddenError
        If the group is one of these.
    """
    if group.single_user:
        raise ForbiddenError(SINGLE_USER)
    if int(group.id) == people_table.PUBLIC_GROUP:
        raise ForbiddenError("Everyone is in the public group, and nobody leaves it.")


def create_group(requester: Requester, request: NewGroup) -> int:
    """Add a group with the requester in it; return the id.

    Raises
    ------
    InvalidError
        If the name is taken, or one of the administrators is not there or is in too many groups.
    """
    admins = _admins(requester, request.group_admins)
    fields = sent_fields(request, "name", "group_admins", "private")
    try:
        return int(people_table.insert_group(request.name, fields, admins).id)
    except NameTaken:
        raise _taken(request.name) from None
    except ConditionFailed:
        raise BusyError(GROUP_BUSY) from None


def _admins(requester: Requester, others: list[int]) -> list[people_table.UserItem]:
    users = people_table.find_users({requester.user_id, *others})
    if requester.user_id not in users:
        raise UnauthorizedError("Your user does not exist any more.")
    for user_id in others:
        if user_id not in users:
            raise InvalidError(f"group_admins: there is no user {user_id}.")
    for user in users.values():
        require_room_for_group(user)
    return list(users.values())


def require_room_for_group(user: people_table.UserItem) -> None:
    """Refuse to put a user into one group more than they may be in.

    Raises
    ------
    InvalidError
        If they are in `table.GROUPS_PER_USER` already.
    """
    if len(user.group_ids or ()) >= people_table.GROUPS_PER_USER:
        raise InvalidError(
            f"User {int(user.id)} is in {people_table.GROUPS_PER_USER} groups, more are not possible; "
            "they have to leave one (DELETE /api/groups/<id>/users/<user_id>)."
        )


def update_group(requester: Requester, group_id: int, request: GroupChange) -> None:
    """Change a group that the requester administrates; the public one is the administrators'.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs to change; if it is a single-user group.
    InvalidError
        If the new name is taken.
    """
    group = _administrated(requester, group_id)
    if group.single_user:
        raise ForbiddenError(SINGLE_USER)
    values = sent_fields(request, "private")
    if not values:
        return
    try:
        steps.update_group_item(group, values)
    except NameTaken:
        raise _taken(values["name"]) from None
    except ConditionFailed:
        raise BusyError(GROUP_BUSY) from None


def filter_savable_groups(requester: Requester, group_ids: Iterable[int]) -> set[int]:
    """Return those of the groups that the requester may save sources to.

    That is everyone in the public group, and members whose ``can_save`` is set.
    """
    asked = set(group_ids)
    if requester.is_admin:
        return asked
    found = memberships.find_memberships(requester.user_id, asked)
    return asked & {
        people_table.PUBLIC_GROUP,
        *(number for number, member in found.items() if member.can_save),
    }


def _is_admin_of(requester: Requester, group_id: int) -> bool:
    member = memberships.find_member(group_id, requester.user_id)
    return member is not None and bool(member.admin)


def _taken(name: str) -> InvalidError:
    return InvalidError(f"name: {name!r} is taken, by a group or a user; choose another name.")


def _shown(group: people_table.GroupItem) -> dict[str, Any]:
    return {
        "id": int(group.id),
        "name": group.name,
        "nickname": group.nickname,
        "description": group.description,
        "private": int(group.id) != people_table.PUBLIC_GROUP,
        "single_user_group": bool(group.single_user),
        "created_at": group.created_at,
    }


def _member(member: memberships.MemberItem) -> dict[str, Any]:
    return {
        "id": int(member.key),
        "username": member.username,
        "admin": bool(member.admin),
        "can_save": bool(member.can_save),
    }
