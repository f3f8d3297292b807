"""Who may see and do what: the same few rules for every kind of record.

A record belongs to groups. Whoever is a member of one of them sees it; administrators see
everything. What may be done besides seeing is said by the ACLs of the token.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from chalicelib.errors import ForbiddenError, InvalidError, UnauthorizedError
from chalicelib.schemas.people import Acl
from chalicelib.tables import people

__all__ = [
    "Grouped",
    "Requester",
    "has_permission",
    "is_visible",
    "remaining_group_ids",
    "require_owner",
    "require_permission",
    "resolve_group_ids",
]


@dataclass(frozen=True)
class Requester:
    """Who asks: a user, with the permissions of the token that they came with."""

    user_id: int
    username: str
    own_group: int
    member_of: frozenset[int]
    acls: frozenset[str]

    @property
    def is_admin(self) -> bool:
        return Acl.SYSTEM_ADMIN in self.acls

    @property
    def groups(self) -> frozenset[int]:
        """The groups that the user is in, the public one included."""
        return self.member_of | {people.PUBLIC_GROUP}


class Grouped(Protocol):
    """A record that belongs to groups."""

    @property
    def group_ids(self) -> Iterable[int | float]: ...


def has_permission(requester: Requester, acl: Acl) -> bool:
    """Say whether a token has a permission; administrators have them all."""
    return acl in requester.acls or requester.is_admin


def require_permission(requester: Requester, acl: Acl) -> None:
    """Refuse a token that lacks a permission.

    Raises
    ------
    UnauthorizedError
        Naming the permission.
    """
    if not has_permission(requester, acl):
        raise UnauthorizedError(
            f"This needs the permission {acl.value!r}, which the token does not have. "
            "Ask an administrator for a token with it."
        )


def require_owner(requester: Requester, owner_id: int | float, message: str) -> None:
    """Raise unless the requester owns a record or is an administrator.

    Parameters
    ----------
    requester : Requester
        Who asks.
    owner_id : int
        The user that the record belongs to.
    message : str
        What to answer to everyone else.

    Raises
    ------
    ForbiddenError
        With the message.
    """
    if requester.user_id != owner_id and not requester.is_admin:
        raise ForbiddenError(message)


def is_visible(requester: Requester, record: Grouped | Iterable[int | float]) -> bool:
    """Say whether a record, or anything with these group ids, is visible."""
    group_ids = record if isinstance(record, Iterable) else record.group_ids
    return requester.is_admin or not requester.groups.isdisjoint(int(group) for group in group_ids)


def remaining_group_ids(requester: Requester, record: Grouped) -> list[int]:
    """Return those of a record's groups that the requester is (still) in.

    If that is none, it is their single-user group: "none" would be read as "nothing said", and what
    was made for a few would become everybody's.
    """
    return [int(g) for g in record.group_ids if is_visible(requester, [g])] or [requester.own_group]


def resolve_group_ids(
    requester: Requester, asked: list[int] | str | None, default: Iterable[int]
) -> set[int]:
    """Return the groups that a new record shall belong to.

    Parameters
    ----------
    requester : Requester
        Who makes the record.
    asked : list of int, str or None
        The request's ``group_ids``: ids, ``"all"`` for the public group, or nothing.
    default : iterable of int
        What nothing means.

    Raises
    ------
    InvalidError
        If it is another word than ``"all"``.
    ForbiddenError
        If the requester is not in one of the groups, or it does not exist (the same answer).
    """
    if not asked:
        return set(default)
    if isinstance(asked, str):
        if asked != "all":
            raise InvalidError('group_ids: give a list of group ids, or "all" for the public group.')
        return {people.PUBLIC_GROUP}
    wanted = set(asked)
    foreign = wanted - requester.groups
    if foreign and requester.is_admin:
        foreign -= {int(group.id) for group in people.find_groups(foreign)}
    if foreign:
        named = ", ".join(str(group) for group in sorted(foreign))
        raise ForbiddenError(
            f"group_ids: you are not in group {named}, or there is no such group. "
            "GET /api/groups lists the groups that you are in."
        )
    return wanted
