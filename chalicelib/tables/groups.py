"""Groups: found, created, changed, and deleted in two steps.

Deleting marks a group deleted first, which hides it from everyone. Its item is deleted after the last
member's record lost it.
"""

from collections.abc import Iterable
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.tables import base
from chalicelib.tables.memberships import join_group, save_member
from chalicelib.tables.names import NameClaim, change_name, claim_name, release_name
from chalicelib.tables.people_items import (
    GROUP_EXISTS,
    PUBLIC_GROUP,
    GroupItem,
    MemberRights,
    UserItem,
    has_fewer_groups,
)

GROUPS_BEING_DELETED = ("deleted_groups", "all")
"""Key of the item that holds the groups that are marked deleted while users still hold their ids.

It is read together with a user, in one call, and is therefore shaped like one: ``group_ids``.
"""

MOST_BEING_DELETED = 1000
"""Groups that can be in deletion at a time: every request reads them all."""


class ListedGroup(base.Registry):
    """The existence of a group (the key) that is not a single-user group."""


def _listed_group(group_id: int) -> ListedGroup:
    return ListedGroup("shared_group", base.id_key(group_id))


def find_group(group_id: int) -> GroupItem | None:
    """Return a group, unless it is marked deleted."""
    group = GroupItem.find("group", base.id_key(group_id))
    return None if group is None or group.deleted_at else group


def find_groups(group_ids: Iterable[int]) -> list[GroupItem]:
    """Return those of the groups that exist, by id."""
    groups = GroupItem.find_many(("group", base.id_key(group_id)) for group_id in group_ids)
    return sorted((group for group in groups if not group.deleted_at), key=lambda group: group.id)


def find_group_id(name: str) -> int | None:
    """Return the id of the group that has a name."""
    claim = NameClaim.find("group_name", name)
    return claim.owner if claim else None


def find_shared_groups() -> list[GroupItem]:
    """Return all groups except single-user ones, by id."""
    return find_groups(int(item.key) for item in ListedGroup.query("shared_group"))


def insert_public_group(name: str) -> None:
    """Add the group that everyone is in, unless it exists."""
    group = GroupItem("group", base.id_key(PUBLIC_GROUP), id=PUBLIC_GROUP, name=name)
    try:
        with base.transaction() as write:
            write.save(group, GroupItem.key.does_not_exist())
            claim_name(write, "group", name, PUBLIC_GROUP)
            write.save(_listed_group(PUBLIC_GROUP))
    except base.ConditionFailed:
        return
    base.next_id("group")


def insert_group(name: str, fields: dict[str, Any], admins: list[UserItem]) -> GroupItem:
    """Add a group with the members who administrate it.

    Raises
    ------
    NameTaken
        If another group or user has the name.
    StateChanged
        If one of the members is in too many groups.
    """
    group_id = base.next_id("group")
    group = GroupItem("group", base.id_key(group_id), id=group_id, name=name, admins=len(admins), **fields)
    with base.transaction() as write:
        claim_name(write, "group", name, group_id)
        write.save(group, GroupItem.key.does_not_exist())
        write.save(_listed_group(group_id))
        for user in admins:
            save_member(write, group_id, user, MemberRights(admin=True))
            join_group(write, group_id, user)
    return group


def update_group_item(group: GroupItem, changes: dict[str, Any]) -> None:
    """Change a group; None removes a value.

    Raises
    ------
    NameTaken
        If another group or user has the new name.
    StateChanged
        If the group was renamed or deleted since it was read.
    """
    with base.transaction() as write:
        change_name(write, "group", group.name, changes.get("name", group.name), group.id)
        actions = base.changes_to_actions(GroupItem, changes)
        write.update(GroupItem("group", group.key), actions, _is_unchanged(group))


def mark_group_deleted(group: GroupItem) -> None:
    """Delete a group for everyone: it is hidden, and its name is free.

    Raises
    ------
    StateChanged
        If it was renamed or deleted since it was read, or too many groups are being deleted.
    """
    deletions = UserItem(*GROUPS_BEING_DELETED)
    has_room = UserItem.group_ids.does_not_exist() | has_fewer_groups(MOST_BEING_DELETED)
    with base.transaction() as write:
        release_name(write, "group", group.name)
        write.delete(_listed_group(group.id))
        actions = base.changes_to_actions(GroupItem, {"deleted_at": base.timestamp()})
        write.update(GroupItem("group", group.key), actions, _is_unchanged(group))
        write.update(deletions, [UserItem.group_ids.add({group.id})], has_room)


def delete_group_item(group_id: int) -> None:
    """Delete the item of a group that is marked deleted and has no members.

    Raises
    ------
    StateChanged
        If it is not marked deleted, or its item was deleted already.
    """
    with base.transaction() as write:
        write.delete(GroupItem("group", base.id_key(group_id)), GroupItem.deleted_at.exists())
        write.update(UserItem(*GROUPS_BEING_DELETED), [UserItem.group_ids.delete({group_id})])


def _is_unchanged(group: GroupItem) -> Condition:
    condition: Condition = GROUP_EXISTS & (GroupItem.name == group.name)
    return condition
