"""Groups: find, create and change them; who may change them; the groups of records."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from chalicelib.access import Grouped, Requester, is_visible
from chalicelib.errors import BusyError, ForbiddenError, HiddenError, InvalidError, UnauthorizedError
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.people import GroupChange, GroupsQuery, NewGroup
from chalicelib.tables import groups as groups_table, people_items
from chalicelib.tables.base import ConditionFailed, NameTaken
from chalicelib.tables.memberships import find_member, find_memberships, iterate_members
from chalicelib.tables.people_items import PUBLIC_GROUP, GroupItem, MemberItem, UserItem
from chalicelib.tables.users import find_usernames, find_users, iterate_users

SINGLE_USER = "A single-user group belongs to its user alone and cannot be changed."


class _SharedRecord(Grouped, Protocol):
    @property
    def created_at(self) -> str: ...
    @property
    def modified(self) -> str: ...


Shared = TypeVar("Shared", bound=_SharedRecord)

NAME_TAKEN = "name: {!r} is taken, by a group or a user; choose another name."


@contextmanager
def report_conflicts(name_taken: str = "") -> Iterator[None]:
    """Raise the error to answer with when another write has changed a group or its members.

    Parameters
    ----------
    name_taken : str
        The message if a name is taken.

    Raises
    ------
    InvalidError
        If a name is taken.
    BusyError
        If any other condition of a write failed.
    """
    try:
        yield
    except NameTaken:
        raise InvalidError(name_taken) from None
    except ConditionFailed:
        raise BusyError("Other requests are changing the group or its members. Try again.") from None


def load_groups_json(group_ids: Iterable[int]) -> list[dict[str, Any]]:
    """Return those of the groups that exist, as JSON."""
    return list(map(_group_to_json, groups_table.find_groups(group_ids)))


def list_record_groups(requester: Requester, records: Iterable[Grouped | Iterable[int]]) -> list[list[dict[str, Any]]]:
    """Return for each record, or anything with these group ids, its groups that the requester sees."""
    group_ids = [
        {int(group_id) for group_id in (record if isinstance(record, Iterable) else record.group_ids)}
        for record in records
    ]
    if not requester.is_admin:
        group_ids = [ids & requester.groups for ids in group_ids]
    groups = {group["id"]: group for group in load_groups_json(set().union(*group_ids))}
    return [[groups[group_id] for group_id in sorted(ids) if group_id in groups] for ids in group_ids]


def records_to_json(
    requester: Requester, records: Iterable[Shared], to_json: Callable[[Shared], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return records as the API shows them.

    Parameters
    ----------
    requester : Requester
        Who asks.
    records : iterable
        Records with groups and times.
    to_json : callable
        Returns the fields of a record besides these.
    """
    records = list(records)
    groups = list_record_groups(requester, records)
    return [
        {**to_json(record), "groups": visible, "created_at": record.created_at, "modified": record.modified}
        for record, visible in zip(records, groups, strict=True)
    ]


def list_groups(requester: Requester, query: GroupsQuery) -> dict[str, Any] | list[dict[str, Any]]:
    """Return the groups in SkyPortal's three lists, or those of one name; administrators see every group."""
    own = load_groups_json(requester.groups)
    visible = own
    if requester.is_admin:
        shared = list(map(_group_to_json, groups_table.find_shared_groups()))
        visible = shared + (_list_single_user_groups() if query.includeSingleUserGroups or query.name else [])
    if query.name:
        return [group for group in visible if group["name"] == query.name]
    if not query.includeSingleUserGroups:
        visible = [group for group in visible if not group["single_user_group"]]
    return {"user_groups": own, "user_accessible_groups": visible, "all_groups": visible}


def _list_single_user_groups() -> list[dict[str, Any]]:
    return load_groups_json(user.own_group for user in iterate_users())


def get_visible_group(requester: Requester, group_id: int) -> GroupItem:
    """Return a group that the requester may see.

    Raises
    ------
    ForbiddenError
        If it does not exist, or is not visible to them (the same answer).
    """
    group = groups_table.find_group(group_id) if is_visible(requester, [group_id]) else None
    if group is None:
        raise HiddenError(f"There is no group {group_id} that you may see. GET /api/groups lists those that you may.")
    return group


def describe_group(requester: Requester, group_id: int, *, with_users: bool) -> dict[str, Any]:
    """Return a group as JSON, on request with its members; those of the public group are not listed."""
    group = _group_to_json(get_visible_group(requester, group_id))
    if with_users and group_id != PUBLIC_GROUP:
        group["users"] = _members_to_json(iterate_members(group_id))
    return group


def require_administrated_group(requester: Requester, group_id: int) -> GroupItem:
    """Return a shared group that the requester administrates.

    Raises
    ------
    ForbiddenError
        If it does not exist, or they do not administrate it (the same answer); if
        `require_shared_group` refuses it.
    """
    group = _get_administrated_group(requester, group_id)
    require_shared_group(group)
    return group


def _get_administrated_group(requester: Requester, group_id: int) -> GroupItem:
    group = groups_table.find_group(group_id)
    if group is not None and not requester.is_admin:
        member = find_member(group_id, requester.user_id)
        group = group if member is not None and member.admin else None
    if group is None:
        raise HiddenError(f"There is no group {group_id} that you administrate.")
    return group


def require_shared_group(group: GroupItem) -> None:
    """Raise for single-user groups and the public group, whose members never change.

    Raises
    ------
    ForbiddenError
        If the group is one of these.
    """
    if group.single_user:
        raise ForbiddenError(SINGLE_USER)
    if group.id == PUBLIC_GROUP:
        raise ForbiddenError("Everyone is in the public group; it cannot be left or deleted.")


def create_group(requester: Requester, request: NewGroup) -> int:
    """Create a group with the requester in it; return the id.

    Raises
    ------
    InvalidError
        If the name is taken, or one of the administrators does not exist or is in too many groups.
    BusyError
        If one of the administrators is changed meanwhile.
    """
    admins = _load_administrators(requester, request.group_admins)
    fields = sent_fields(request, "name", "group_admins", "private")
    with report_conflicts(NAME_TAKEN.format(request.name)):
        return groups_table.insert_group(request.name, fields, admins).id


def _load_administrators(requester: Requester, others: list[int]) -> list[UserItem]:
    users = find_users({requester.user_id, *others})
    if requester.user_id not in users:
        raise UnauthorizedError("Your user does not exist any more.")
    for user_id in others:
        if user_id not in users:
            raise InvalidError(f"group_admins: there is no user {user_id}.")
    for user in users.values():
        require_room_for_group(user)
    return list(users.values())


def require_room_for_group(user: UserItem) -> None:
    """Raise if a user cannot join another group.

    Raises
    ------
    InvalidError
        If they are in `people_items.GROUPS_PER_USER` groups.
    """
    if len(user.group_ids or ()) >= people_items.GROUPS_PER_USER:
        raise InvalidError(
            f"User {user.id} is in {people_items.GROUPS_PER_USER} groups, the most that are possible; "
            "they have to leave one first (DELETE /api/groups/<id>/users/<user_id>)."
        )


def update_group(requester: Requester, group_id: int, request: GroupChange) -> None:
    """Change a group that the requester administrates; only system administrators change the public one.

    Raises
    ------
    ForbiddenError
        If it does not exist, or they do not administrate it; if it is a single-user group.
    InvalidError
        If the new name is taken.
    BusyError
        If the group is changed meanwhile.
    """
    group = _get_administrated_group(requester, group_id)
    if group.single_user:
        raise ForbiddenError(SINGLE_USER)
    changes = sent_fields(request, "private")
    if changes:
        with report_conflicts(NAME_TAKEN.format(changes.get("name"))):
            groups_table.update_group_item(group, changes)


def filter_savable_groups(requester: Requester, group_ids: Iterable[int]) -> set[int]:
    """Return those of the groups that the requester may save sources to.

    Everyone may save to the public group; members may if their ``can_save`` is set.
    """
    group_ids = set(group_ids)
    if requester.is_admin:
        return group_ids
    members = find_memberships(requester.user_id, group_ids)
    savable = {group_id for group_id, member in members.items() if member.can_save}
    return group_ids & {PUBLIC_GROUP, *savable}


def _group_to_json(group: GroupItem) -> dict[str, Any]:
    return {
        "id": group.id,
        "name": group.name,
        "nickname": group.nickname,
        "description": group.description,
        "private": group.id != PUBLIC_GROUP,
        "single_user_group": group.single_user,
        "created_at": group.created_at,
    }


def _members_to_json(members: Iterable[MemberItem]) -> list[dict[str, Any]]:
    """Return those members whose users exist: that of a deleted one remains until its job."""
    members = list(members)
    names = find_usernames(int(member.key) for member in members)
    return [
        {
            "id": int(member.key),
            "username": names[int(member.key)],
            "admin": member.admin,
            "can_save": member.can_save,
            "can_share_photometry": member.can_share_photometry,
        }
        for member in members
        if int(member.key) in names
    ]
