"""Users, groups and tokens: who there is, and how a request's token becomes a requester."""

import hashlib
import uuid
from typing import Any

from chalicelib.access import Requester, groups_for
from chalicelib.errors import ForbiddenError, InvalidError, UnauthorizedError
from chalicelib.schemas.people import Acl, NewGroup, NewMember, NewToken, NewUser
from chalicelib.tables import people as table
from chalicelib.tables.base import LostRace

__all__ = [
    "add_group",
    "add_member",
    "add_token",
    "add_user",
    "drop_token",
    "ensure_administrator",
    "groups",
    "groups_seen_by",
    "profile",
    "requester_of",
    "tokens",
]

PUBLIC_GROUP_NAME = "Sitewide Group"

SINGLE_USER = "Single-user groups belong to their user alone."


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def requester_of(authorization: str | None) -> Requester:
    """Return who sends an ``Authorization`` header.

    Parameters
    ----------
    authorization : str or None
        ``token <token>`` or ``Bearer <token>``.

    Raises
    ------
    UnauthorizedError
        If there is no token, or nobody knows it.
    """
    scheme, _, text = (authorization or "").strip().partition(" ")
    text = text.strip()
    if scheme.lower() not in ("token", "bearer") or not text:
        raise UnauthorizedError("A token is needed: send the header 'Authorization: token <your token>'.")
    token = table.token(_hash(text))
    user = table.user(int(token.user_id)) if token else None
    if token is None or user is None:
        raise UnauthorizedError("Nobody knows this token. Ask an administrator for a new one.")
    return Requester(
        user_id=int(user.id),
        username=user.username,
        own_group=int(user.own_group),
        member_of=frozenset(int(group) for group in user.group_ids or ()),
        acls=frozenset(token.acls or ()),
    )


def add_user(requester: Requester, wanted: NewUser) -> int:
    """Add a user, in the groups named and in a group of their own; return the id."""
    memberships = dict(wanted.groupIDsAndAdmin)
    groups_for(requester, list(memberships), ())
    if any(group.single_user for group in table.groups(memberships)):
        raise ForbiddenError(SINGLE_USER)
    try:
        return int(table.add_user(wanted.username, wanted.roles, memberships).id)
    except LostRace:
        raise InvalidError(f"username: {wanted.username!r} is taken; choose another.") from None


def add_group(requester: Requester, wanted: NewGroup) -> int:
    """Add a group with the requester in it; return the id."""
    creator = table.user(requester.user_id)
    if creator is None:
        raise UnauthorizedError("Your user does not exist any more.")
    for user_id in wanted.group_admins:
        if table.user(user_id) is None:
            raise InvalidError(f"group_admins: there is no user {user_id}.")
    try:
        group_id = int(table.add_group(wanted.name, creator).id)
    except LostRace:
        raise InvalidError(f"name: there is a group {wanted.name!r} already; choose another.") from None
    for user_id in set(wanted.group_admins) - {requester.user_id}:
        _join(group_id, user_id, admin=True)
    return group_id


def add_member(requester: Requester, group_id: int, wanted: NewMember) -> dict[str, Any]:
    """Put a user into a group.

    Raises
    ------
    ForbiddenError
        If the requester does not administrate the group, or there is no such group.
    """
    group = table.group(group_id)
    user = table.user(requester.user_id)
    administrates = user is not None and group_id in (user.admin_of or ())
    if group is None or not (administrates or requester.is_admin):
        raise ForbiddenError(f"There is no group {group_id} that you administrate.")
    if group.single_user:
        raise ForbiddenError(SINGLE_USER)
    _join(group_id, wanted.userID, wanted.admin)
    return {"group_id": group_id, "user_id": wanted.userID, "admin": wanted.admin}


def _join(group_id: int, user_id: int, admin: bool) -> None:
    try:
        table.add_member(group_id, user_id, admin)
    except LostRace:
        raise InvalidError(f"userID: there is no user {user_id}.") from None


def add_token(requester: Requester, wanted: NewToken) -> str:
    """Make a token and return its text, this once: only its hash is kept.

    Raises
    ------
    UnauthorizedError
        If it is for another user, or with permissions that the requester's token lacks, and
        the requester is no administrator.
    """
    user_id = wanted.user_id or requester.user_id
    acls = {acl.value for acl in wanted.acls}
    if user_id != requester.user_id and not requester.is_admin:
        raise UnauthorizedError("user_id: only administrators make tokens for others.")
    if not requester.is_admin and not acls <= requester.acls:
        more = ", ".join(sorted(acls - requester.acls))
        raise UnauthorizedError(f"acls: your own token lacks {more}; ask an administrator.")
    if table.user(user_id) is None:
        raise InvalidError(f"user_id: there is no user {user_id}.")
    text = str(uuid.uuid4())
    table.add_token(_hash(text), wanted.name, user_id, acls)
    return text


def tokens(requester: Requester) -> list[dict[str, Any]]:
    """Return the requester's tokens, without their texts."""
    return [
        {"id": token.id, "name": token.name, "acls": sorted(token.acls or ()), "created_at": token.created_at}
        for token in table.tokens_of(requester.user_id)
    ]


def drop_token(requester: Requester, token_id: str) -> None:
    """Forget one of the requester's tokens."""
    for token in table.tokens_of(requester.user_id):
        if token_id == token.id:
            return table.drop_token(token)
    raise ForbiddenError(f"You have no token {token_id!r}. GET /api/internal/tokens lists yours.")


def profile(requester: Requester) -> dict[str, Any]:
    """Return who the requester is."""
    user = table.user(requester.user_id)
    return {
        "id": requester.user_id,
        "username": requester.username,
        "roles": sorted((user and user.roles) or ()),
        "permissions": sorted(requester.acls),
        "groups": groups(requester.groups),
        "created_at": user and user.created_at,
    }


def groups(group_ids: frozenset[int] | set[int]) -> list[dict[str, Any]]:
    """Return groups as records show them."""
    return [_shown(group) for group in table.groups(group_ids)]


def groups_seen_by(requester: Requester) -> dict[str, Any]:
    """Return the groups in SkyPortal's three lists."""
    every = [_shown(group) for group in table.all_groups()] if requester.is_admin else None
    mine = groups(requester.groups)
    return {
        "user_groups": mine,
        "user_accessible_groups": [g for g in every or mine if not g["single_user_group"]],
        "all_groups": [g for g in every or mine if not g["single_user_group"]],
    }


def _shown(group: table.GroupItem) -> dict[str, Any]:
    return {
        "id": int(group.id),
        "name": group.name,
        "single_user_group": bool(group.single_user),
        "created_at": group.created_at,
    }


def ensure_administrator(username: str) -> str:
    """Make the public group and an administrator, unless they are there, and a new token of theirs.

    Returns
    -------
    str
        The text of a new token with every permission.
    """
    table.add_public_group(PUBLIC_GROUP_NAME)
    try:
        user = table.add_user(username, ["Super admin"], {})
    except LostRace:
        found = table.user_named(username)
        if found is None:
            raise InvalidError(f"The name {username!r} is that of a group; choose another.") from None
        user = found
    text = str(uuid.uuid4())
    table.add_token(_hash(text), "administrator", int(user.id), [acl.value for acl in Acl])
    return text
