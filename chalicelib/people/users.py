"""Users: create, find and list them."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, has_permission, is_visible, require_permission
from chalicelib.errors import HiddenError, InvalidError
from chalicelib.people.api_tokens import issue_token
from chalicelib.people.groups import list_record_groups, report_conflicts, require_administrated_group
from chalicelib.people.permissions import restore_administrator
from chalicelib.people.requesters import is_expired
from chalicelib.people.roles import (
    ACLS,
    SUPER_ADMIN,
    expand_roles,
    get_permissions,
    require_grantable,
    require_known_roles,
)
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.people import Acl, NewUser, UsersQuery
from chalicelib.tables import users as users_table
from chalicelib.tables.base import NameTaken
from chalicelib.tables.groups import find_group_id, insert_public_group
from chalicelib.tables.people_items import PUBLIC_GROUP, UserItem

PUBLIC_GROUP_NAME = "Sitewide Group"

DETAILS = ("first_name", "last_name", "bio", "affiliations", "contact_email", "contact_phone")
"""What is stored of a user besides their name, roles and groups."""

CONTACT = ("contact_email", "contact_phone")
"""Details that only those see who manage users."""

NAME_TAKEN = "username: {!r} is taken, by a user or a group; choose another."

FOREIGN: dict[str, Any] = {"oauth_uid": None, "is_bot": False, "gravatar_url": None, "streams": []}
"""Keys of SkyPortal's users that mean nothing here; clients have them in their models."""


def create_user(requester: Requester, request: NewUser) -> int:
    """Create a user in the groups named and in a group of their own; return the id.

    Raises
    ------
    InvalidError
        If the name is taken, or a role does not exist.
    UnauthorizedError
        If the requester's token lacks an ACL of a role.
    ForbiddenError
        If the requester does not administrate one of the groups.
    BusyError
        If one of the groups is changed meanwhile.
    """
    require_known_roles("roles", request.roles)
    require_grantable(requester, "roles", expand_roles(request.roles))
    # Everyone is in the public group: to name it changes nothing.
    memberships = {group_id: admin for group_id, admin in request.groupIDsAndAdmin if admin or group_id != PUBLIC_GROUP}
    for group_id in memberships:
        require_administrated_group(requester, group_id)
    fields = sent_fields(request, "username", "roles", "groupIDsAndAdmin")
    with report_conflicts(NAME_TAKEN.format(request.username)):
        return users_table.insert_user(request.username, fields, request.roles, memberships).id


def list_users(requester: Requester, query: UsersQuery) -> dict[str, Any]:
    """Return one page of the users, in the order and with the properties of a query.

    Raises
    ------
    UnauthorizedError
        If the query searches email addresses, and the token may not manage users.
    """
    start = query.skipped
    if query.email:
        require_permission(requester, Acl.MANAGE_USERS)
    if query.is_plain:
        total = users_table.count_users()
        users = users_table.find_user_page(start, query.numPerPage) if start < total else []
    else:
        group_id = _find_visible_group(requester, query.group) if query.group else None
        matches = [user for user in users_table.iterate_users() if _matches(user, query, group_id)]
        if query.sortBy == "username":
            matches.sort(key=lambda user: user.username)
        if query.sortOrder == "desc":
            matches.reverse()
        users, total = matches[start : start + query.numPerPage], len(matches)
    return {"users": _users_to_json(requester, users), "totalMatches": total}


def _find_visible_group(requester: Requester, name: str) -> int:
    """Return the id of a group that the requester sees, or 0."""
    group_id = find_group_id(name) or 0
    return group_id if is_visible(requester, [group_id]) else 0


def _matches(user: UserItem, query: UsersQuery, group_id: int | None) -> bool:
    fields = user.fields or {}
    texts = (
        (query.username, user.username), (query.firstName, fields.get("first_name")),
        (query.lastName, fields.get("last_name")), (query.email, fields.get("contact_email")),
    )  # fmt: skip
    return (
        all((part or "").lower() in (text or "").lower() for part, text in texts)
        and (not query.role or query.role in (user.roles or ()))
        and (not query.acl or query.acl in (user.acls or ()))
        and (group_id is None or group_id in {PUBLIC_GROUP, *(user.group_ids or ())})
        and (query.includeExpired or not is_expired(user))
    )


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
        raise HiddenError(f"There is no user {user_id}.")
    return _users_to_json(requester, [user])[0]


def find_author_names(requester: Requester, user_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of the users that exist, by id; the requester's own is known without a read."""
    others = set(user_ids) - {requester.user_id}
    return {**users_table.find_usernames(others), requester.user_id: requester.username}


def ensure_administrator(username: str) -> str:
    """Create the public group and an administrator, unless they exist.

    Returns
    -------
    str
        The text of a new token of the administrator, with every permission.
    """
    insert_public_group(PUBLIC_GROUP_NAME)
    try:
        user: UserItem | None = users_table.insert_user(username, {}, [SUPER_ADMIN], {})
    except NameTaken:
        existing = users_table.find_user_by_name(username)
        user = restore_administrator(existing.id) if existing else None
    if user is None:
        raise InvalidError(f"The name {username!r} is that of a group; choose another.")
    return issue_token(user, "administrator", ACLS)


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
            **FOREIGN,
            "affiliations": (user.fields or {}).get("affiliations") or [],
            "expiration_date": user.expires_at,
            "roles": sorted(user.roles or ()),
            "acls": sorted(user.acls or ()),
            "permissions": sorted(get_permissions(user)),
            "groups": user_groups,
            "created_at": user.created_at,
            "modified": user.modified or user.created_at,
        }
        for user, user_groups in zip(users, groups, strict=True)
    ]
