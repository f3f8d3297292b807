"""Who is in a group: listing the members, and each change of them as one conditional transaction."""

from collections.abc import Iterable, Iterator

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition

from chalicelib.tables.base import Transaction, id_key, transaction
from chalicelib.tables.people import (
    GroupItem,
    MemberItem,
    UserItem,
    group_exists,
    has_room_for_group,
    member_kind,
    save_member,
)

__all__ = [
    "MemberItem",
    "delete_membership",
    "find_member",
    "find_memberships",
    "insert_membership",
    "iterate_members",
    "remove_from_hidden_group",
    "update_membership",
]


def find_member(group_id: int, user_id: int) -> MemberItem | None:
    try:
        return MemberItem.get(member_kind(group_id), id_key(user_id), consistent_read=True)
    except DoesNotExist:
        return None


def iterate_members(group_id: int, limit: int | None = None) -> Iterator[MemberItem]:
    """Return the members of a group, by id."""
    return iter(MemberItem.query(member_kind(group_id), limit=limit, consistent_read=True))


def find_memberships(user_id: int, group_ids: Iterable[int]) -> dict[int, MemberItem]:
    """Return a user's memberships in some groups, by group."""
    keys = [(member_kind(group_id), id_key(user_id)) for group_id in set(group_ids)]
    found = MemberItem.batch_get(keys, consistent_read=True)
    return {int(item.kind.rpartition("_")[2]): item for item in found}


def insert_membership(group_id: int, user: UserItem, admin: bool, can_save: bool) -> None:
    """Put a user into a group.

    Raises
    ------
    LostRace
        If they are in it, the group is deleted, or they can join no more groups.
    """
    with transaction() as write:
        save_member(write, group_id, user, admin, can_save)
        write.update(
            UserItem("user", user.key),
            actions=[UserItem.group_ids.add({group_id})],
            condition=has_room_for_group(),
        )


def update_membership(group_id: int, found: MemberItem, admin: bool, can_save: bool) -> None:
    """Change what a member may do in a group.

    Raises
    ------
    LostRace
        If the member was changed in between, or would leave a group that nobody administrates.
    """
    with transaction() as write:
        write.update(
            MemberItem(found.kind, found.key),
            actions=[MemberItem.admin.set(admin), MemberItem.can_save.set(can_save)],
            condition=_unchanged(found),
        )
        if admin != found.admin:
            _count_admin(write, group_id, 1 if admin else -1)


def delete_membership(group_id: int, found: MemberItem) -> None:
    """Take a member out of a group.

    Raises
    ------
    LostRace
        If the member was changed in between, or would leave a group that nobody administrates.
    """
    with transaction() as write:
        _release(write, group_id, found, _unchanged(found))
        if found.admin:
            _count_admin(write, group_id, -1)


def remove_from_hidden_group(group_id: int, found: MemberItem) -> None:
    """Take a member out of a deleted group.

    Raises
    ------
    LostRace
        If somebody else has done so.
    """
    with transaction() as write:
        _release(write, group_id, found, MemberItem.key.exists())


def _unchanged(found: MemberItem) -> Condition:
    condition: Condition = (MemberItem.admin == found.admin) & (MemberItem.can_save == found.can_save)
    return condition


def _release(write: Transaction, group_id: int, found: MemberItem, condition: Condition) -> None:
    write.delete(MemberItem(found.kind, found.key), condition=condition)
    write.update(
        UserItem("user", found.key),
        actions=[UserItem.group_ids.delete({group_id})],
        condition=UserItem.key.exists(),
    )


def _count_admin(write: Transaction, group_id: int, more: int) -> None:
    condition = group_exists() & (GroupItem.admins > 1) if more < 0 else group_exists()
    write.update(
        GroupItem("group", id_key(group_id)), actions=[GroupItem.admins.add(more)], condition=condition
    )
