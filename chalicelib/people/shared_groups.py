"""Groups: which there are, making and changing them, and who may do so."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, may_see
from chalicelib.errors import BusyError, ForbiddenError, InvalidError, UnauthorizedError
from chalicelib.schemas.base import given
from chalicelib.schemas.people import GroupChange, NewGroup
from chalicelib.tables import group_steps as steps
from chalicelib.tables import memberships
from chalicelib.tables import people as table
from chalicelib.tables.base import LostRace

__all__ = [
    "BUSY", "add", "administrated", "change", "check_shared", "groups", "may_save_to", "read", "seen",
    "seen_by",
]  # fmt: skip

BUSY = "The group, or somebody in it, is being changed by others at this moment. Try again."

SINGLE_USER = "A single-user group belongs to its user alone, and stays as it is."


def groups(group_ids: Iterable[int]) -> list[dict[str, Any]]:
    """Return groups as records show them; those that there are not are left out."""
    return [_shown(group) for group in table.groups(group_ids)]


def seen_by(requester: Requester) -> dict[str, Any]:
    """Return the groups in SkyPortal's three lists; administrators see every group."""
    mine = groups(requester.groups)
    every = [_shown(group) for group in table.all_groups()] if requester.is_admin else mine
    shared = [group for group in every if not group["single_user_group"]]
    return {"user_groups": mine, "user_accessible_groups": shared, "all_groups": shared}


def seen(requester: Requester, group_id: int) -> table.GroupItem:
    """Return a group that the requester may see.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs (the same answer).
    """
    group = table.group(group_id) if may_see(requester, [group_id]) else None
    if group is None:
        raise ForbiddenError(
            f"There is no group {group_id} that you may see. GET /api/groups lists those that you may."
        )
    return group


def read(requester: Requester, group_id: int, *, with_users: bool) -> dict[str, Any]:
    """Return a group, with its members if asked for; everyone is in the public group."""
    view = _shown(seen(requester, group_id))
    if with_users and group_id != table.PUBLIC_GROUP:
        view["users"] = [_member(member) for member in memberships.members(group_id)]
    return view


def administrated(requester: Requester, group_id: int) -> table.GroupItem:
    """Return a shared group whose members the requester may change, or which they may delete.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs to change (the same answer); if `check_shared`
        refuses it.
    """
    group = _administrated(requester, group_id)
    check_shared(group)
    return group


def _administrated(requester: Requester, group_id: int) -> table.GroupItem:
    group = table.group(group_id)
    if group is None or not (requester.is_admin or _is_admin_of(requester, group_id)):
        raise ForbiddenError(f"There is no group {group_id} that you administrate.")
    return group


def check_shared(group: table.GroupItem) -> None:
    """Refuse single-user groups and the public group: who is in them never changes.

    Raises
    ------
    ForbiddenError
        If the group is one of these.
    """
    if group.single_user:
        raise ForbiddenError(SINGLE_USER)
    if int(group.id) == table.PUBLIC_GROUP:
        raise ForbiddenError("Everyone is in the public group, and nobody leaves it.")


def add(requester: Requester, wanted: NewGroup) -> int:
    """Add a group with the requester in it; return the id.

    Raises
    ------
    InvalidError
        If the name is taken, or one of the administrators is not there or is in too many groups.
    """
    admins = _admins(requester, wanted.group_admins)
    fields = given(wanted, "name", "group_admins", "private")
    try:
        return int(table.add_group(wanted.name, fields, admins).id)
    except LostRace as lost:
        raise _taken(wanted.name) if 0 in lost.refused else BusyError(BUSY) from None


def _admins(requester: Requester, others: list[int]) -> list[table.UserItem]:
    users = table.users({requester.user_id, *others})
    if requester.user_id not in users:
        raise UnauthorizedError("Your user does not exist any more.")
    for user_id in others:
        if user_id not in users:
            raise InvalidError(f"group_admins: there is no user {user_id}.")
    for user in users.values():
        check_room(user)
    return list(users.values())


def check_room(user: table.UserItem) -> None:
    """Refuse to put a user into one group more than they may be in.

    Raises
    ------
    InvalidError
        If they are in `table.GROUPS_PER_USER` already.
    """
    if len(user.group_ids or ()) >= table.GROUPS_PER_USER:
        raise InvalidError(
            f"User {int(user.id)} is in {table.GROUPS_PER_USER} groups, more are not possible; "
            "they have to leave one (DELETE /api/groups/<id>/users/<user_id>)."
        )


def change(requester: Requester, group_id: int, wanted: GroupChange) -> None:
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
    values = given(wanted, "private")
    if not values:
        return
    try:
        steps.change(group, values)
    except LostRace as lost:
        renamed = values.get("name", group.name) != group.name
        raise _taken(values["name"]) if renamed and 1 in lost.refused else BusyError(BUSY) from None


def may_save_to(requester: Requester, group_ids: Iterable[int]) -> set[int]:
    """Return those of the groups that the requester may save sources to.

    That is everyone in the public group, and members whose ``can_save`` is set.
    """
    asked = set(group_ids)
    if requester.is_admin:
        return asked
    found = memberships.of_user(requester.user_id, asked)
    return asked & {table.PUBLIC_GROUP, *(number for number, member in found.items() if member.can_save)}


def _is_admin_of(requester: Requester, group_id: int) -> bool:
    member = memberships.member(group_id, requester.user_id)
    return member is not None and bool(member.admin)


def _taken(name: str) -> InvalidError:
    return InvalidError(f"name: {name!r} is taken, by a group or a user; choose another name.")


def _shown(group: table.GroupItem) -> dict[str, Any]:
    return {
        "id": int(group.id),
        "name": group.name,
        "nickname": group.nickname,
        "description": group.description,
        "private": int(group.id) != table.PUBLIC_GROUP,
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
