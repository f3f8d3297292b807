"""The members of groups: listed, found, and changed by conditional transactions."""

from collections.abc import Iterable, Iterator

from pynamodb.expressions.condition import Condition

from chalicelib.tables.base import Transaction, changes_to_actions, id_key, transaction
from chalicelib.tables.people_items import (
    GROUP_EXISTS,
    GroupItem,
    MemberItem,
    MemberRights,
    UserItem,
    has_room_for_group,
)


def _kind(group_id: int) -> str:
    return f"member_of_{group_id}"


def find_member(group_id: int, user_id: int) -> MemberItem | None:
    """Return the membership of a user in a group."""
    return MemberItem.find(_kind(group_id), id_key(user_id))


def iterate_members(group_id: int, limit: int | None = None) -> Iterator[MemberItem]:
    """Return the members of a group, by id."""
    return iter(MemberItem.query(_kind(group_id), limit=limit, consistent_read=True))


def find_memberships(user_id: int, group_ids: Iterable[int]) -> dict[int, MemberItem]:
    """Return a user's memberships in some groups, by group."""
    members = MemberItem.find_many((_kind(group_id), id_key(user_id)) for group_id in group_ids)
    return {int(member.kind.rpartition("_")[2]): member for member in members}


def insert_membership(group_id: int, user: UserItem, rights: MemberRights) -> None:
    """Add a user to a group.

    Raises
    ------
    AlreadyExists
        If they are in it.
    StateChanged
        If the group is deleted, or the user is in too many groups.
    """
    with transaction() as write:
        save_member(write, group_id, user, rights)
        join_group(write, group_id, user)
        count_admins(write, group_id, int(rights.admin))


def update_membership(group_id: int, member: MemberItem, rights: MemberRights) -> None:
    """Change what a member may do in a group.

    Raises
    ------
    StateChanged
        If the member was changed meanwhile, or the group would lose its last administrator.
    """
    actions = changes_to_actions(MemberItem, rights._asdict())
    with transaction() as write:
        write.update(MemberItem(member.kind, member.key), actions, _is_unchanged(member))
        if rights.admin != member.admin:
            count_admins(write, group_id, 1 if rights.admin else -1)


def delete_membership(group_id: int, member: MemberItem) -> None:
    """Remove a member from a group.

    Raises
    ------
    StateChanged
        If the member was changed meanwhile, or the group would lose its last administrator.
    """
    with transaction() as write:
        _leave_group(write, group_id, member, _is_unchanged(member))
        if member.admin:
            count_admins(write, group_id, -1)


def delete_membership_of_deleted_group(group_id: int, member: MemberItem) -> None:
    """Remove a member from a group that is marked deleted.

    Raises
    ------
    StateChanged
        If the member was removed meanwhile.
    """
    with transaction() as write:
        _leave_group(write, group_id, member, MemberItem.key.exists())


def delete_membership_of_deleted_user(group_id: int, user: UserItem, member: MemberItem | None) -> None:
    """Remove a user who is marked deleted from a group, even if nobody is left who administrates it.

    Raises
    ------
    StateChanged
        If the member was changed meanwhile.
    """
    with transaction() as write:
        if member is not None:
            write.delete(MemberItem(member.kind, member.key), MemberItem.admin == member.admin)
        if member is not None and member.admin:
            group = GroupItem("group", id_key(group_id))
            write.update(group, [GroupItem.admins.add(-1)], GroupItem.key.exists())
        write.update(UserItem("user", user.key), [UserItem.group_ids.delete({group_id})], UserItem.deleted_at.exists())


def leave_administrated_group(write: Transaction, group: GroupItem, user: UserItem) -> None:
    """Let a transaction end the membership of one who administrates a group, if the group has as many as it had."""
    same = GROUP_EXISTS & (GroupItem.admins == group.admins)
    write.update(GroupItem("group", group.key), [GroupItem.admins.add(-1)], same)
    write.delete(MemberItem(_kind(group.id), user.key), MemberItem.admin == True)  # noqa: E712


def delete_single_user_group(write: Transaction, user: UserItem) -> None:
    """Let a transaction delete the single-user group of a user."""
    write.delete(GroupItem("group", id_key(user.own_group)))
    write.delete(MemberItem(_kind(user.own_group), user.key))


def save_member(write: Transaction, group_id: int, user: UserItem, rights: MemberRights) -> None:
    """Let a transaction save a new member of a group."""
    member = MemberItem(_kind(group_id), user.key, username=user.username, **rights._asdict())
    write.save(member, MemberItem.key.does_not_exist())


def join_group(write: Transaction, group_id: int, user: UserItem) -> None:
    """Let a transaction add a group to those of a user, if there is room."""
    write.update(UserItem("user", user.key), [UserItem.group_ids.add({group_id})], has_room_for_group())


def count_admins(write: Transaction, group_id: int, change: int) -> None:
    """Let a transaction change how many administrators a group has: never from one to none."""
    condition = GROUP_EXISTS & (GroupItem.admins > 1) if change < 0 else GROUP_EXISTS
    write.update(GroupItem("group", id_key(group_id)), [GroupItem.admins.add(change)], condition)


def _is_unchanged(member: MemberItem) -> Condition:
    may_share = MemberItem.can_share_photometry
    # Members from before this right was introduced have no such attribute.
    same = may_share == True if member.can_share_photometry else may_share.does_not_exist() | (may_share == False)  # noqa: E712
    condition: Condition = (MemberItem.admin == member.admin) & (MemberItem.can_save == member.can_save) & same
    return condition


def _leave_group(write: Transaction, group_id: int, member: MemberItem, condition: Condition) -> None:
    write.delete(MemberItem(member.kind, member.key), condition)
    user = UserItem("user", member.key)
    write.update(user, [UserItem.group_ids.delete({group_id})], UserItem.key.exists())
