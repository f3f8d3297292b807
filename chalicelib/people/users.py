"""Users: adding, reading and listing them."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, require_permission
from chalicelib.errors import BusyError, ForbiddenError, InvalidError
from chalicelib.people import api_tokens
from chalicelib.people.groups import GROUP_BUSY, load_groups_json, require_administrated_group
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.people import Acl, NewUser, UsersQuery
from chalicelib.tables import people as people_table
from chalicelib.tables.base import ConditionFailed, NameTaken

__all__ = ["create_user", "ensure_administrator", "get_profile", "get_user", "list_users"]

PUBLIC_GROUP_NAME = "Sitewide Group"

DETAILS = ("first_name", "last_name", "affiliations", "contact_email", "contact_phone")
"""What is kept of a user besides their name, roles and groups."""


def create_user(requester: Requester, request: NewUser) -> int:
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
        group: admin
        for group, admin in request.groupIDsAndAdmin
        if admin or group != people_table.PUBLIC_GROUP
    }
    for group_id in memberships:
        require_administrated_group(requester, group_id)
    fields = sent_fields(request, "username", "roles", "groupIDsAndAdmin")
    try:
        return int(people_table.insert_user(request.username, fields, request.roles, memberships).id)
    except NameTaken:
        raise InvalidError(f"username: {request.username!r} is taken; choose another.") from None
    except ConditionFailed:
        raise BusyError(GROUP_BUSY) from None


def list_users(requester: Requester, query: UsersQuery) -> dict[str, Any]:
    """Return one page of the users, by name."""
    total = people_table.count_users()
    start = query.skipped
    users = people_table.find_user_page(start, query.numPerPage) if start < total else []
    return {"users": _shown(requester, users), "totalMatches": total}


def get_user(requester: Requester, user_id: int) -> dict[str, Any]:
    """Return a user: the requester, or anyone for those who manage users.

    Raises
    ------
    UnauthorizedError
        If it is another, and the token may not manage users.
    ForbiddenError
        If there is no such user.
    """
    if user_id != requester.user_id:
        require_permission(requester, Acl.MANAGE_USERS)
    user = people_table.find_user(user_id)
    if user is None:
        raise ForbiddenError(f"There is no user {user_id}.")
    return _shown(requester, [user])[0]


def get_profile(requester: Requester) -> dict[str, Any]:
    """Return who the requester is, and what their token allows."""
    return {**get_user(requester, requester.user_id), "permissions": sorted(requester.acls)}


def _shown(requester: Requester, users: Iterable[people_table.UserItem]) -> list[dict[str, Any]]:
    """Return users with those of their groups that the requester may see."""
    users = list(users)
    theirs = [{people_table.PUBLIC_GROUP, *map(int, user.group_ids or ())} for user in users]
    if not requester.is_admin:
        theirs = [group_ids & requester.groups for group_ids in theirs]
    found = {group["id"]: group for group in load_groups_json(set().union(*theirs))}
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
    people_table.insert_public_group(PUBLIC_GROUP_NAME)
    try:
        user = people_table.insert_user(username, {}, ["Super admin"], {})
    except ConditionFailed:
        found = people_table.find_user_by_name(username)
        if found is None:
            raise InvalidError(f"The name {username!r} is that of a group; choose another.") from None
        user = found
    return api_tokens.issue_token(int(user.id), "administrator", [acl.value for acl in Acl])
