"""System administrators: only one of them changes another, and one always remains."""

from chalicelib.access import Requester
from chalicelib.errors import ForbiddenError, HiddenError, UnauthorizedError
from chalicelib.people.roles import get_permissions
from chalicelib.schemas.people import Acl
from chalicelib.tables.api_tokens import find_user_tokens
from chalicelib.tables.people_items import UserItem
from chalicelib.tables.users import count_administrator_changes, find_user, iterate_users


def get_changeable_user(requester: Requester, user_id: int) -> UserItem:
    """Return a user that the requester may change, if they manage users.

    Raises
    ------
    ForbiddenError
        If there is no such user.
    UnauthorizedError
        If the user is a system administrator, and the token is not one's.
    """
    user = find_user(user_id)
    if user is None:
        raise HiddenError(f"There is no user {user_id}. GET /api/user lists all.")
    if not requester.is_admin and _holds_administration(user):
        raise UnauthorizedError(
            f"User {user_id} is a system administrator: this needs the permission {Acl.SYSTEM_ADMIN.value!r}, "
            "which the token does not have."
        )
    return user


def _holds_administration(user: UserItem) -> bool:
    """Return whether a user was granted `System admin`, or an administrator made them a token with it."""
    granted = Acl.SYSTEM_ADMIN in get_permissions(user)
    return granted or any(Acl.SYSTEM_ADMIN in (token.acls or ()) for token in find_user_tokens(user.id))


def is_lasting_administrator(user: UserItem) -> bool:
    """Return whether a user is a system administrator whose account does not expire."""
    return Acl.SYSTEM_ADMIN in get_permissions(user) and user.expires_at is None


def require_other_administrator(user: UserItem) -> int | None:
    """Raise if no system administrator would remain without a user.

    Returns
    -------
    int or None
        The argument ``administrator_changes`` of the write that takes the user away; None if they are
        no lasting administrator.

    Raises
    ------
    ForbiddenError
        If nobody else is a system administrator whose account does not expire.
    """
    if not is_lasting_administrator(user):
        return None
    # Counted first: if another administrator is taken away after this, the write fails.
    changes = count_administrator_changes()
    if not any(is_lasting_administrator(other) for other in iterate_users() if other.id != user.id):
        raise ForbiddenError(
            f"User {user.id} is the last system administrator without an expiration date. Make another user one "
            "first: POST /api/user/<id>/roles with roleIds ['Super admin']."
        )
    return changes
