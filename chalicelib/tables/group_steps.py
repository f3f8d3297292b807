"""Changing a group, and deleting it in two steps: hidden at once, forgotten when nobody holds it."""

from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.tables.base import id_key, timestamp, transaction
from chalicelib.tables.people import (
    LEAVING,
    GroupItem,
    NameClaim,
    UserItem,
    alive,
    claim,
    fewer_groups,
    listed,
)

__all__ = ["change", "forget", "hide"]

MOST_LEAVING = 1000
"""Groups whose deletion may be under way at a time: every request reads them all."""


def change(item: GroupItem, values: dict[str, Any]) -> None:
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
            write.delete(claim("group", item.name, int(item.id)))
            write.save(claim("group", name, int(item.id)), condition=NameClaim.key.does_not_exist())
        write.update(GroupItem("group", item.key), actions=actions, condition=_as_read(item))


def hide(item: GroupItem) -> None:
    """Delete a group for everyone: nobody sees anything through it any more, its name is free.

    Raises
    ------
    LostRace
        If it was renamed or deleted in between, or too many groups are being deleted.
    """
    group_id = int(item.id)
    few = UserItem.group_ids.does_not_exist() | fewer_groups(MOST_LEAVING)
    with transaction() as write:
        write.delete(claim("group", item.name, group_id))
        write.delete(listed(group_id))
        hidden = GroupItem.deleted_at.set(timestamp())
        write.update(GroupItem("group", item.key), actions=[hidden], condition=_as_read(item))
        write.update(UserItem(*LEAVING), actions=[UserItem.group_ids.add({group_id})], condition=few)


def forget(group_id: int) -> None:
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
    condition: Condition = alive() & (GroupItem.name == item.name)
    return condition
