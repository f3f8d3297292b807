"""Users: create, find and list them."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, has_permission, require_permission
from chalicelib.errors import ForbiddenError, InvalidError
from chalicelib.people.api_tokens import issue_token
from chalicelib.people.groups import list_record_groups, report_conflicts, require_administrated_group
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.people import Acl, NewUser, UsersQuery
from chalicelib.tables import users as users_table
from chalicelib.tables.base import NameTaken
from chalicelib.tables.groups import insert_public_group
from chalicelib.tables.people_items import PUBLIC_GROUP, UserItem

PUBLIC_GROUP_NAME = "Sitewide Group"

DETAILS = ("first_name", "last_name", "affiliations", "contact_email", "contact_phone")
"""What is stored of a user besides their name, roles and groups."""

CONTACT = ("contact_email", "contact_phone")
"""Details that only those see who manage users."""


def create_user(requester: Requester, request: NewUser) -> int:
    """Create a user in the groups named and in a group of their own; return the id.

    Raises
    ------
    InvalidError
        If the name is taken.
    ForbiddenError
        If the requester does not administrate one of the groups.
    BusyError
        If one of the groups is changed meanwhile.
    """
    # Everyone is in the public group: to name it changes nothing.
    memberships = {group_id: admin for group_id, admin in request.groupIDsAndAdmin if admin or group_id != PUBLIC_GROUP}
    for group_id in memberships:
        require_administrated_group(requester, group_id)
    fields = sent_fields(request, "username", "roles", "groupIDsAndAdmin")
    with report_conflicts(f"username: {request.username!r} is taken; choose another."):
        return users_table.insert_user(request.username, fields, request.roles, memberships).id


def list_users(requester: Requester, query: UsersQuery) -> dict[str, Any]:
    """Return one page of the users, by name."""
    start = query.skipped
    if query.username or query.role:
        matches = [user for user in users_table.iterate_users() if _matches(user, query)]
        users, total = matches[start : start + query.numPerPage], len(matches)
    else:
        total = users_table.count_users()
        users = users_table.find_user_page(start, query.numPerPage) if start < total else []
    return {"users": _users_to_json(requester, users), "totalMatches": total}


def _matches(user: UserItem, query: UsersQuery) -> bool:
    has_name = (query.username or "").lower() in user.username.lower()
    return has_name and (not query.role or query.role in (user.roles or ()))


def get_user(requester: Requester, user_id: int) -> dict[str, Any]:
    """Return the requester, or any user if the token may manage users.

    Raises
    ------
    UnauthorizedError
        If it is another user, and the token may not manage users.
    ForbiddenError
        If there is no such user.
    """
    if user_id != requester.user_id:
        require_permission(requester, Acl.MANAGE_USERS)
    user = users_table.find_user(user_id)
    if user is None:
        raise ForbiddenError(f"There is no user {user_id}.")
    return _users_to_json(requester, [user])[0]


def get_profile(requester: Requester) -> dict[str, Any]:
    """Return the requester, with the permissions of their token."""
    return {**get_user(requester, requester.user_id), "permissions": sorted(requester.acls)}


def ensure_administrator(username: str) -> str:
    """Create the public group and an administrator, unless they exist.

    Returns
    -------
    str
        The text of a new token of the administrator, with every permission.
    """
    insert_public_group(PUBLIC_GROUP_NAME)
    try:
        user: UserItem | None = users_table.insert_user(username, {}, ["Super admin"], {})
    except NameTaken:
        user = users_table.find_user_by_name(username)
    if user is None:
        raise InvalidError(f"The name {username!r} is that of a group; choose another.")
    return issue_token(user.id, "administrator", [acl.value for acl in Acl])


def _users_to_json(requester: Requester, users: Iterable[UserItem]) -> list[dict[str, Any]]:
    """Return users with those of their groups that the requester may see."""
    users = list(users)
    manages = has_permission(requester, Acl.MANAGE_USERS)
    groups = list_record_groups(requester, [{PUBLIC_GROUP, *(user.group_ids or ())} for user in users])
    return [
        {
            "id": user.id,
            "username": user.username,
            **{name: (user.fields or {}).get(name) for name in DETAILS},
            **({} if manages or user.id == requester.user_id else dict.fromkeys(CONTACT)),
            "affiliations": (user.fields or {}).get("affiliations") or [],
            "roles": sorted(user.roles or ()),
            "groups": user_groups,
            "created_at": user.created_at,
        }
        for user, user_groups in zip(users, groups, strict=True)
    ]
