"""Changing a group, and deleting it in two steps: hidden at once, forgotten when nobody holds it."""

from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.tables.base import NameTaken, id_key, timestamp, transaction
from chalicelib.tables.people import (
    LEAVING,
    GroupItem,
    NameClaim,
    UserItem,
    group_exists,
    has_fewer_groups,
    listed_group,
    name_claim,
)

__all__ = ["delete_hidden_group", "hide_group", "update_group_item"]

MOST_LEAVING = 1000
"""Groups whose deletion may be under way at a time: every request reads them all."""


def update_group_item(item: GroupItem, values: dict[str, Any]) -> None:
    """Change a group as it was read; None takes a value away.

    Raises
    ------
    LostRace
        If the new name is taken (part 1), or the group was renamed or deleted in between.
    """
    actions = [
        getattr(GroupItem, key).remove() if value is None else getattr(GroupItem, key).set(value)
        for key, value in values.items()
    ]
    name = values.get("name", item.name)
    with transaction() as write:
        if name != item.name:
            write.delete(name_claim("group", item.name, int(item.id)))
            write.save(
                name_claim("group", name, int(item.id)),
                condition=NameClaim.key.does_not_exist(),
                refused=NameTaken(),
            )
        write.update(GroupItem("group", item.key), actions=actions, condition=_as_read(item))


def hide_group(item: GroupItem) -> None:
    """Delete a group for everyone: nobody sees anything through it any more, its name is free.

    Raises
    ------
    LostRace
        If it was renamed or deleted in between, or too many groups are being deleted.
    """
    group_id = int(item.id)
    few = UserItem.group_ids.does_not_exist() | has_fewer_groups(MOST_LEAVING)
    with transaction() as write:
        write.delete(name_claim("group", item.name, group_id))
        write.delete(listed_group(group_id))
        hidden = GroupItem.deleted_at.set(timestamp())
        write.update(GroupItem("group", item.key), actions=[hidden], condition=_as_read(item))
        write.update(UserItem(*LEAVING), actions=[UserItem.group_ids.add({group_id})], condition=few)


def delete_hidden_group(group_id: int) -> None:
    """Remove what is left of a hidden group that no user holds any more.

    Raises
    ------
    LostRace
        If it is not hidden, or somebody else has done so.
    """
    with transaction() as write:
        write.delete(GroupItem("group", id_key(group_id)), condition=GroupItem.deleted_at.exists())
        write.update(UserItem(*LEAVING), actions=[UserItem.group_ids.delete({group_id})])


def _as_read(item: GroupItem) -> Condition:
    condition: Condition = group_exists() & (GroupItem.name == item.name)
    return condition
