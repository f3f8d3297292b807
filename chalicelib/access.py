"""Who may see and do what: a few rules for all kinds of records.

A record belongs to groups. Members of one of them see it; administrators see everything. What a
requester may do besides is limited by the ACLs of their token.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from chalicelib.errors import ForbiddenError, InvalidError, UnauthorizedError
from chalicelib.schemas.people import Acl
from chalicelib.tables.groups import find_groups
from chalicelib.tables.people_items import PUBLIC_GROUP


@dataclass(frozen=True)
class Requester:
    """The user who sent a request, with the permissions of the token that they used.

    Attributes
    ----------
    user_id, username : int, str
        The user.
    own_group : int
        The user's single-user group.
    member_of : frozenset of int
        The groups that the user is in, without the public one.
    acls : frozenset of str
        The permissions of the token.
    token_expires_at : str or None
        When the token expires.
    in_job : bool
        Whether a job acts for the user, not a request of theirs.
    """

    user_id: int
    username: str
    own_group: int
    member_of: frozenset[int]
    acls: frozenset[str]
    token_expires_at: str | None = None
    in_job: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether the token is a system administrator's."""
        return Acl.SYSTEM_ADMIN in self.acls

    @property
    def groups(self) -> frozenset[int]:
        """The groups that the user is in, including the public one."""
        return self.member_of | {PUBLIC_GROUP}


class Grouped(Protocol):
    """A record that belongs to groups."""

    @property
    def group_ids(self) -> Iterable[int]:
        """The ids of its groups."""


def has_permission(requester: Requester, acl: Acl) -> bool:
    """Return whether a token has a permission; administrators have all."""
    return acl in requester.acls or requester.is_admin


def require_permission(requester: Requester, acl: Acl) -> None:
    """Raise unless the token has a permission.

    Raises
    ------
    UnauthorizedError
        With the name of the permission.
    """
    if not has_permission(requester, acl):
        raise UnauthorizedError(
            f"This needs the permission {acl.value!r}, which the token does not have. "
            "Ask an administrator for a token with it."
        )


def is_owner(requester: Requester, owner_id: int) -> bool:
    """Return whether the requester owns a record or is an administrator."""
    return requester.user_id == owner_id or requester.is_admin


def require_owner(requester: Requester, owner_id: int, message: str) -> None:
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
    if not is_owner(requester, owner_id):
        raise ForbiddenError(message)


def is_visible(requester: Requester, record: Grouped | Iterable[int]) -> bool:
    """Return whether a record, or anything with these group ids, is visible to the requester."""
    group_ids = record if isinstance(record, Iterable) else record.group_ids
    return requester.is_admin or not requester.groups.isdisjoint(group_ids)


def remaining_group_ids(requester: Requester, record: Grouped) -> list[int]:
    """Return those of a record's groups that the requester is still in.

    If none is left, return their single-user group: an empty list would mean the default groups, and
    could publish what was made for a few.
    """
    group_ids = [int(group_id) for group_id in record.group_ids if is_visible(requester, [group_id])]
    return group_ids or [requester.own_group]


def select_audience(requester: Requester, records: Iterable[Grouped]) -> frozenset[int]:
    """Return those of the requester's groups whose members may see all of some records."""
    audience = requester.groups
    for group_ids in {frozenset(record.group_ids) for record in records}:
        if PUBLIC_GROUP not in group_ids:
            audience &= group_ids
    return audience


def resolve_group_ids(requester: Requester, group_ids: list[int] | str | None, default: Iterable[int]) -> set[int]:
    """Return the groups of a new record.

    Parameters
    ----------
    requester : Requester
        The author of the record.
    group_ids : list of int, str or None
        The request's ``group_ids``: ids, ``"all"`` for the public group, or nothing.
    default : iterable of int
        The groups if the request names none.

    Raises
    ------
    InvalidError
        If it is a text other than ``"all"``.
    ForbiddenError
        If a group does not exist, or the requester is not in it (the same answer).
    """
    if not group_ids:
        return set(default)
    if isinstance(group_ids, str):
        if group_ids != "all":
            raise InvalidError('group_ids: give a list of group ids, or "all" for the public group.')
        return {PUBLIC_GROUP}
    foreign = set(group_ids) - requester.groups
    if foreign and requester.is_admin:
        foreign -= {group.id for group in find_groups(foreign)}
    if foreign:
        raise ForbiddenError(
            f"group_ids: you are not in group {', '.join(map(str, sorted(foreign)))}, or there is no such "
            "group. GET /api/groups lists the groups that you are in."
        )
    return set(group_ids)
