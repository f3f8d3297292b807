"""Users and groups, their names, and who is in which group.

A membership is written twice in one transaction: into the user's ``group_ids``, which every
request reads, and as a `MemberItem`, from which a group's members are listed. What changes a
membership is in `memberships`, what changes a group in `group_steps`.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.attributes import UnicodeSetAttribute as TextSet
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition, size

from chalicelib.tables.base import (
    ConditionFailed,
    NameTaken,
    Registry,
    Transaction,
    id_key,
    next_id,
    timestamp,
    transaction,
)

__all__ = [
    "GROUPS_PER_USER",
    "LEAVING",
    "PUBLIC_GROUP",
    "GroupItem",
    "MemberItem",
    "NameClaim",
    "UserItem",
    "count_users",
    "find_group",
    "find_groups",
    "find_shared_groups",
    "find_user",
    "find_user_and_leaving_groups",
    "find_user_by_name",
    "find_user_page",
    "find_users",
    "group_exists",
    "has_fewer_groups",
    "has_room_for_group",
    "insert_group",
    "insert_public_group",
    "insert_user",
    "listed_group",
    "member_kind",
    "name_claim",
    "save_member",
]  # fmt: skip

PUBLIC_GROUP = 1
"""The group that everyone is in; it is made with the first administrator."""

GROUPS_PER_USER = 1000
"""Groups that one user may be in: every request reads them all."""

LEAVING = ("deleted_groups", "all")
"""Where the groups stand that are deleted while users still hold their ids.

It is read together with a user, in one call, and therefore has the shape of one: ``group_ids``.
"""


class UserItem(Registry):
    id = NumberAttribute()
    username = UnicodeAttribute()
    fields = JSONAttribute(null=True)
    roles = TextSet(null=True)
    group_ids = NumberSetAttribute(null=True)
    own_group = NumberAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)


class GroupItem(Registry):
    """A group; ``admins`` counts the members who administrate it."""

    id = NumberAttribute()
    name = UnicodeAttribute()
    nickname = UnicodeAttribute(null=True)
    description = UnicodeAttribute(null=True)
    single_user = BooleanAttribute(default=False)
    admins = NumberAttribute(default=0)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    deleted_at = UnicodeAttribute(null=True)


class MemberItem(Registry):
    """That a user (the key) is in a group (the kind)."""

    username = UnicodeAttribute()
    admin = BooleanAttribute()
    can_save = BooleanAttribute()


class NameClaim(Registry):
    """That a name is taken, and by which record."""

    owner = NumberAttribute()


class ListedGroup(Registry):
    """That there is a group (the key) that is no single-user group."""


class Tally(Registry):
    """How many records of a kind there are."""

    total = NumberAttribute(default=0)


def name_claim(kind: str, name: str, owner: int) -> NameClaim:
    return NameClaim(f"{kind}_name", name, owner=owner)


def listed_group(group_id: int) -> ListedGroup:
    return ListedGroup("shared_group", id_key(group_id))


def member_kind(group_id: int) -> str:
    """Return the kind of the records that say who is in a group."""
    return f"member_of_{group_id}"


def _member(group_id: int, user: UserItem, admin: bool, can_save: bool = True) -> MemberItem:
    kind = member_kind(group_id)
    return MemberItem(kind, user.key, username=user.username, admin=admin, can_save=can_save)


def group_exists() -> Condition:
    """The condition that a group is there, and not deleted."""
    condition: Condition = GroupItem.key.exists() & GroupItem.deleted_at.does_not_exist()
    return condition


def has_room_for_group() -> Condition:
    """The condition that a user is there, and may join one group more."""
    condition: Condition = UserItem.key.exists() & has_fewer_groups(GROUPS_PER_USER)
    return condition


def has_fewer_groups(most: int) -> Condition:
    """The condition that an item holds fewer ``group_ids`` than so many."""
    condition: Condition = size(UserItem.group_ids) < most  # type: ignore[no-untyped-call]
    return condition


def save_member(
    write: Transaction, group_id: int, user: UserItem, admin: bool, can_save: bool = True
) -> None:
    """Let a transaction put a new member into a group, if it is alive: a put and an update."""
    write.save(_member(group_id, user, admin, can_save), condition=MemberItem.key.does_not_exist())
    write.update(
        GroupItem("group", id_key(group_id)),
        actions=[GroupItem.admins.add(int(admin))],
        condition=group_exists(),
    )


def insert_user(
    username: str, fields: dict[str, Any], roles: Iterable[str], memberships: dict[int, bool]
) -> UserItem:
    """Add a user with their single-user group.

    Parameters
    ----------
    username : str
        Their name.
    fields : dict
        What else is known of them.
    roles : iterable of str
        Their roles.
    memberships : dict of int to bool
        The groups that they are in from the start, and whether they administrate them.

    Raises
    ------
    LostRace
        If the name of the user (part 0), or of their group (part 1), is taken, or one of the
        groups is deleted (a later part).
    """
    user_id, own_group = next_id("user"), next_id("group")
    item = UserItem(
        "user",
        id_key(user_id),
        id=user_id,
        username=username,
        fields=fields,
        roles=set(roles) or None,
        own_group=own_group,
        group_ids={own_group, *memberships},
    )
    own = GroupItem("group", id_key(own_group), id=own_group, name=username, single_user=True, admins=1)
    with transaction() as write:
        write.save(
            name_claim("user", username, user_id),
            condition=NameClaim.key.does_not_exist(),
            refused=NameTaken(),
        )
        write.save(
            name_claim("group", username, own_group),
            condition=NameClaim.key.does_not_exist(),
            refused=NameTaken(),
        )
        write.save(item, condition=UserItem.key.does_not_exist())
        write.save(own, condition=GroupItem.key.does_not_exist())
        write.save(_member(own_group, item, admin=True))
        write.update(Tally("tally", "users"), actions=[Tally.total.add(1)])
        for group_id, admin in memberships.items():
            save_member(write, group_id, item, admin)
    return item


def insert_public_group(name: str) -> None:
    """Make the group that everyone is in, unless it is there."""
    try:
        with transaction() as write:
            write.save(
                GroupItem("group", id_key(PUBLIC_GROUP), id=PUBLIC_GROUP, name=name),
                condition=GroupItem.key.does_not_exist(),
            )
            write.save(name_claim("group", name, PUBLIC_GROUP))
            write.save(listed_group(PUBLIC_GROUP))
    except ConditionFailed:
        return
    next_id("group")


def insert_group(name: str, fields: dict[str, Any], admins: list[UserItem]) -> GroupItem:
    """Add a group with the members who administrate it.

    Raises
    ------
    LostRace
        If the name is taken (part 0), or one of the members can join no more groups (a later
        part).
    """
    group_id = next_id("group")
    item = GroupItem("group", id_key(group_id), id=group_id, name=name, admins=len(admins), **fields)
    with transaction() as write:
        write.save(
            name_claim("group", name, group_id), condition=NameClaim.key.does_not_exist(), refused=NameTaken()
        )
        write.save(item, condition=GroupItem.key.does_not_exist())
        write.save(listed_group(group_id))
        for user in admins:
            write.save(_member(group_id, user, admin=True))
            write.update(
                UserItem("user", user.key),
                actions=[UserItem.group_ids.add({group_id})],
                condition=has_room_for_group(),
            )
    return item


def find_user(user_id: int) -> UserItem | None:
    try:
        return UserItem.get("user", id_key(user_id), consistent_read=True)
    except DoesNotExist:
        return None


def find_user_and_leaving_groups(user_id: int) -> tuple[UserItem | None, set[int]]:
    """Return a user, and the groups that are deleted although users may still hold their ids."""
    keys = [("user", id_key(user_id)), LEAVING]
    found = {item.kind: item for item in UserItem.batch_get(keys, consistent_read=True)}
    leaving = found.get(LEAVING[0])
    return found.get("user"), {int(number) for number in (leaving and leaving.group_ids) or ()}


def find_user_by_name(username: str) -> UserItem | None:
    try:
        taken = NameClaim.get("user_name", username, consistent_read=True)
    except DoesNotExist:
        return None
    return find_user(int(taken.owner))


def find_users(user_ids: Iterable[int]) -> dict[int, UserItem]:
    """Return those of the users that there are, by their ids."""
    keys = [("user", id_key(user_id)) for user_id in set(user_ids)]
    return {int(item.id): item for item in UserItem.batch_get(keys, consistent_read=True)}


def count_users() -> int:
    try:
        return int(Tally.get("tally", "users", consistent_read=True).total)
    except DoesNotExist:
        return 0


def find_user_page(start: int, length: int) -> list[UserItem]:
    """Return `length` users from number `start` on (counted from 0), by their names.

    What comes before is skipped over in the small records of names, ten thousand a call.
    """
    names = NameClaim.query("user_name", limit=start + length, consistent_read=True)
    wanted = [int(taken.owner) for taken in islice(names, start, None)]
    found = find_users(wanted)
    return [found[user_id] for user_id in wanted if user_id in found]


def find_group(group_id: int) -> GroupItem | None:
    """Return a group, unless it is deleted."""
    try:
        item = GroupItem.get("group", id_key(group_id), consistent_read=True)
    except DoesNotExist:
        return None
    return None if item.deleted_at else item


def find_groups(group_ids: Iterable[int]) -> list[GroupItem]:
    """Return those of the groups that there are, by id."""
    keys = [("group", id_key(group_id)) for group_id in sorted(set(group_ids))]
    found = {int(item.id): item for item in GroupItem.batch_get(keys)} if keys else {}
    return [found[group_id] for group_id in sorted(found) if not found[group_id].deleted_at]


def find_shared_groups() -> list[GroupItem]:
    """Return every group but the single-user ones, by id."""
    return find_groups(int(item.key) for item in ListedGroup.query("shared_group"))
