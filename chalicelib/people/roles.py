"""Roles: named sets of ACLs; what a user was granted by them and besides."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import InvalidError, UnauthorizedError
from chalicelib.schemas.people import Acl
from chalicelib.tables.people_items import UserItem

ACLS = frozenset(acl.value for acl in Acl)

SUPER_ADMIN = "Super admin"

_FULL_USER = {"Annotate", "Comment", "Upload data", "Classify", "Run Analyses", "Manage observing runs"}
_GROUP_ADMIN = _FULL_USER | {
    "Manage shifts", "Manage sources", "Manage teams", "Manage Analysis Services", "Manage Recurring APIs",
    "Manage GCNs", "Post taxonomy", "Manage users",
}  # fmt: skip

ROLES: dict[str, frozenset[str]] = {
    SUPER_ADMIN: ACLS,
    "Group admin": ACLS & _GROUP_ADMIN,
    "Full user": ACLS & _FULL_USER,
    "View only": frozenset(),
}
"""SkyPortal's roles, with those of their ACLs that exist here."""


def list_acls() -> list[str]:
    """Return the names of all ACLs."""
    return sorted(ACLS)


def list_roles() -> list[dict[str, Any]]:
    """Return all roles with their ACLs."""
    return [{"id": role, "acls": sorted(acls)} for role, acls in ROLES.items()]


def expand_roles(roles: Iterable[str]) -> frozenset[str]:
    """Return the ACLs of roles; a role that is not known has none."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


def get_permissions(user: UserItem) -> frozenset[str]:
    """Return the ACLs that a user was granted, one by one or by a role."""
    return expand_roles(user.roles or ()) | (user.acls or set())


def require_known_acls(field: str, acls: Iterable[str]) -> None:
    """Raise if one of the ACLs does not exist.

    Raises
    ------
    InvalidError
        With the names that are not known.
    """
    _require_known(field, acls, ACLS, "ACL", "GET /api/acls")


def require_known_roles(field: str, roles: Iterable[str]) -> None:
    """Raise if one of the roles does not exist.

    Raises
    ------
    InvalidError
        With the names that are not known.
    """
    _require_known(field, roles, ROLES, "role", "GET /api/roles")


def _require_known(field: str, names: Iterable[str], known: Iterable[str], noun: str, route: str) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        quoted = ", ".join(repr(name[:60]) for name in unknown)
        raise InvalidError(f"{field}: there is no {noun} {quoted}. {route} lists all; names are case-sensitive.")


def require_grantable(requester: Requester, field: str, acls: Iterable[str]) -> None:
    """Raise if the requester may not grant one of the ACLs: they need it themselves.

    Raises
    ------
    UnauthorizedError
        With the names of the ACLs that the requester's token lacks.
    """
    foreign = set(acls) - requester.acls
    if foreign and not requester.is_admin:
        missing = ", ".join(sorted(foreign))
        raise UnauthorizedError(
            f"{field}: your own token lacks {missing}, so you cannot grant it; ask a system administrator."
        )
