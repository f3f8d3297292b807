"""Users: adding, reading and listing them."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, must_have
from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.people import tokens
from chalicelib.people.shared_groups import BUSY, administrated, groups
from chalicelib.schemas.base import given
from chalicelib.schemas.people import Acl, NewUser, UsersQuery
from chalicelib.tables import people as table
from chalicelib.tables.base import LostRace

__all__ = ["add", "ensure_administrator", "page", "profile", "read"]

PUBLIC_GROUP_NAME = "Sitewide Group"

DETAILS = ("first_name", "last_name", "affiliations", "contact_email", "contact_phone")
"""What is kept of a user besides their name, roles and groups."""


def add(requester: Requester, wanted: NewUser) -> int:
    """Add a user, in the groups named and in a group of their own; return the id.

    Raises
    ------
    InvalidError
        If the name is taken.
    ForbiddenError
        If the requester does not administrate one of the groups.
    """
    # Everyone is in the public group: to name it changes nothing.
    memberships = {
        group: admin for group, admin in wanted.groupIDsAndAdmin if admin or group != table.PUBLIC_GROUP
    }
    for group_id in memberships:
        administrated(requester, group_id)
    fields = given(wanted, "username", "roles", "groupIDsAndAdmin")
    try:
        return int(table.add_user(wanted.username, fields, wanted.roles, memberships).id)
    except LostRace as lost:
        if {0, 1} & set(lost.refused):
            raise InvalidError(f"username: {wanted.username!r} is taken; choose another.") from None
        raise BusyError(BUSY) from None


def page(requester: Requester, query: UsersQuery) -> dict[str, Any]:
    """Return one page of the users, by name."""
    total = table.how_many_users()
    start = query.skipped
    users = table.page_of_users(start, query.numPerPage) if start < total else []
    return {"users": _shown(requester, users), "totalMatches": total}


def read(requester: Requester, user_id: int) -> dict[str, Any]:
    """Return a user: the requester, or anyone for those who manage users.

    Raises
    ------
    UnauthorizedError
        If it is another, and the token may not manage users.
    ForbiddenError
        If there is no such user.
    """
    if user_id != requester.user_id:
        must_have(requester, Acl.MANAGE_USERS)
    user = table.user(user_id)
    if user is None:
        raise ForbiddenError(f"There is no user {user_id}.")
    return _shown(requester, [user])[0]


def profile(requester: Requester) -> dict[str, Any]:
    """Return who the requester is, and what their token allows."""
    return {**read(requester, requester.user_id), "permissions": sorted(requester.acls)}


def _shown(requester: Requester, users: Iterable[table.UserItem]) -> list[dict[str, Any]]:
    """Return users with those of their groups that the requester may see."""
    users = list(users)
    theirs = [{table.PUBLIC_GROUP, *map(int, user.group_ids or ())} for user in users]
    if not requester.is_admin:
        theirs = [group_ids & requester.groups for group_ids in theirs]
    found = {group["id"]: group for group in groups(set().union(*theirs))}
    return [
        {
            "id": int(user.id),
            "username": user.username,
            **{name: (user.fields or {}).get(name) for name in DETAILS},
            "affiliations": (user.fields or {}).get("affiliations") or [],
            "roles": sorted(user.roles or ()),
            "groups": [found[number] for number in sorted(group_ids) if number in found],
            "created_at": user.created_at,
        }
        for user, group_ids in zip(users, theirs, strict=True)
    ]


def ensure_administrator(username: str) -> str:
    """Make the public group and an administrator, unless they are there, and a new token of theirs.

    Returns
    -------
    str
        The text of a new token with every permission.
    """
    table.add_public_group(PUBLIC_GROUP_NAME)
    try:
        user = table.add_user(username, {}, ["Super admin"], {})
    except LostRace:
        found = table.user_named(username)
        if found is None:
            raise InvalidError(f"The name {username!r} is that of a group; choose another.") from None
        user = found
    return tokens.make(int(user.id), "administrator", [acl.value for acl in Acl])
