"""Grant ACLs and roles to users, and revoke them.

What a user loses goes into their ``withdrawn_acls`` by the one write that revokes it. From then on no
token of theirs allows it (`requesters` subtracts it), and none can be made with it (`insert_token` requires
an unchanged user). Then it is removed from the tokens themselves, so that they do not regain it when it is
granted again.
"""

from collections.abc import Iterable, Set
from contextlib import suppress
from typing import NamedTuple

from chalicelib.access import Requester
from chalicelib.errors import InvalidError
from chalicelib.people.administrators import get_changeable_user, require_other_administrator
from chalicelib.people.roles import (
    SUPER_ADMIN,
    expand_roles,
    get_permissions,
    require_grantable,
    require_known_acls,
    require_known_roles,
)
from chalicelib.schemas.people import Acl
from chalicelib.tables import users as users_table
from chalicelib.tables.api_tokens import find_user_tokens, remove_token_acls
from chalicelib.tables.base import StateChanged, retry_on_conflict
from chalicelib.tables.people_items import UserItem

BUSY = "Other requests are changing user {}. Try again."


class _Grants(NamedTuple):
    """What a user was granted: ACLs one by one, and roles."""

    acls: frozenset[str]
    roles: frozenset[str]

    @property
    def permissions(self) -> frozenset[str]:
        return self.acls | expand_roles(self.roles)


def grant_acls(requester: Requester, user_id: int, acls: Iterable[str]) -> None:
    """Grant ACLs to a user.

    Raises
    ------
    InvalidError
        If one does not exist.
    UnauthorizedError
        If the requester's token lacks one; if the user is a system administrator and the requester is none.
    """
    acls = set(acls)
    require_known_acls("aclIds", acls)
    require_grantable(requester, "aclIds", acls)

    def attempt() -> None:
        user = get_changeable_user(requester, user_id)
        grants = _get_grants(user)
        _save_grants(user, grants._replace(acls=grants.acls | acls))

    retry_on_conflict(attempt, BUSY.format(user_id))


def grant_roles(requester: Requester, user_id: int, roles: Iterable[str]) -> None:
    """Grant roles to a user.

    Raises
    ------
    InvalidError
        If one does not exist.
    UnauthorizedError
        If the requester's token lacks an ACL of one; if the user is a system administrator and the
        requester is none.
    """
    roles = set(roles)
    require_known_roles("roleIds", roles)
    require_grantable(requester, "roleIds", expand_roles(roles))

    def attempt() -> None:
        user = get_changeable_user(requester, user_id)
        grants = _get_grants(user)
        _save_grants(user, grants._replace(roles=grants.roles | roles))

    retry_on_conflict(attempt, BUSY.format(user_id))


def revoke_acl(requester: Requester, user_id: int, acl: str) -> None:
    """Take an ACL from a user and, unless a role of theirs has it, from their tokens.

    Raises
    ------
    InvalidError
        If it does not exist.
    UnauthorizedError
        If the user is a system administrator and the requester is none.
    ForbiddenError
        If the user is the last system administrator, and this makes them one.
    """
    require_known_acls("acl", [acl])

    def attempt() -> None:
        user = get_changeable_user(requester, user_id)
        grants = _get_grants(user)
        # An administrator can have made a token with an ACL that its user was not granted.
        _save_grants(user, grants._replace(acls=grants.acls - {acl}), revoked={acl})

    retry_on_conflict(attempt, BUSY.format(user_id))


def revoke_role(requester: Requester, user_id: int, role: str) -> None:
    """Take a role from a user and, from their tokens, its ACLs that the user has not otherwise.

    Raises
    ------
    InvalidError
        If the user does not have the role.
    UnauthorizedError
        If the user is a system administrator and the requester is none.
    ForbiddenError
        If the user is the last system administrator, and this makes them one.
    """

    def attempt() -> None:
        user = get_changeable_user(requester, user_id)
        grants = _get_grants(user)
        if role not in grants.roles:
            held = ", ".join(sorted(grants.roles)) or "none"
            raise InvalidError(f"role: user {user_id} does not have {role[:60]!r}; their roles are: {held}.")
        _save_grants(user, grants._replace(roles=grants.roles - {role}))

    retry_on_conflict(attempt, BUSY.format(user_id))


def restore_administrator(user_id: int) -> UserItem | None:
    """Make a user a system administrator again, whose account does not expire; return them."""

    def attempt() -> None:
        user = users_table.find_user(user_id)
        if user is not None:
            grants = _get_grants(user)
            _save_grants(user, grants._replace(roles=grants.roles | {SUPER_ADMIN}), expires_at=None)

    retry_on_conflict(attempt, BUSY.format(user_id))
    return users_table.find_user(user_id)


def _get_grants(user: UserItem) -> _Grants:
    return _Grants(frozenset(user.acls or ()), frozenset(user.roles or ()))


def _save_grants(user: UserItem, grants: _Grants, revoked: Set[str] = frozenset(), **changes: None) -> None:
    """Save what a user was granted; what they lose stops working at once in all of their tokens."""
    permissions = grants.permissions
    loses_administration = Acl.SYSTEM_ADMIN not in permissions
    administrator_changes = require_other_administrator(user) if loses_administration else None
    withdrawn = frozenset(user.withdrawn_acls or ())
    lost = (get_permissions(user) | revoked) - permissions
    # Before it is granted again: a revocation that was interrupted may have left it in tokens.
    _remove_from_tokens(user.id, withdrawn & permissions)
    values = {"acls": grants.acls, "roles": grants.roles, "withdrawn_acls": (withdrawn | lost) - permissions}
    changed = {name: set(value) or None for name, value in values.items()}
    users_table.update_user_item(user, {**changed, **changes}, administrator_changes)
    _remove_from_tokens(user.id, lost)


def _remove_from_tokens(user_id: int, acls: Set[str]) -> None:
    if not acls:
        return
    for token in find_user_tokens(user_id):
        if present := acls & (token.acls or set()):
            with suppress(StateChanged):
                remove_token_acls(token, present)
