"""Users: found, listed by name, created, changed, and deleted in two steps.

Deleting marks a user deleted first, which hides them from everyone and stops their tokens. The item is
deleted after the last membership and the last token.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from chalicelib.tables.base import (
    CounterItem,
    IntegerAttribute,
    Registry,
    StateChanged,
    Transaction,
    changes_to_actions,
    id_key,
    next_id,
    timestamp,
    transaction,
)
from chalicelib.tables.groups import GROUPS_BEING_DELETED
from chalicelib.tables.memberships import count_admins, delete_single_user_group, leave_administrated_group, save_member
from chalicelib.tables.names import NameClaim, change_name, claim_name, release_name
from chalicelib.tables.people_items import (
    USER_EXISTS,
    GroupItem,
    MemberRights,
    PreferencesItem,
    UserItem,
    is_user_unchanged,
)


class TallyItem(Registry):
    """How many records of a kind exist."""

    total = IntegerAttribute(default=0)


ADMINISTRATOR_CHANGES = ("counter", "administrator_changes")
"""Key of the counter of writes that take a system administrator away: of two at once, one fails."""


def find_user(user_id: int) -> UserItem | None:
    """Return a user, unless they are marked deleted."""
    user = UserItem.find("user", id_key(user_id))
    return None if user is None or user.deleted_at else user


def find_deleted_user(user_id: int) -> UserItem | None:
    """Return a user who is marked deleted, as long as something is left of them."""
    user = UserItem.find("user", id_key(user_id))
    return user if user is not None and user.deleted_at else None


def find_user_and_deleted_groups(user_id: int) -> tuple[UserItem | None, set[int]]:
    """Return a user, and the groups that are deleted although users may still hold their ids."""
    items = UserItem.find_many([("user", id_key(user_id)), GROUPS_BEING_DELETED])
    by_kind = {item.kind: item for item in items}
    deletions = by_kind.get(GROUPS_BEING_DELETED[0])
    user = by_kind.get("user")
    user = None if user is None or user.deleted_at else user
    return user, set(deletions.group_ids or ()) if deletions else set()


def find_user_by_name(username: str) -> UserItem | None:
    """Return the user with a name."""
    claim = NameClaim.find("user_name", username)
    return find_user(claim.owner) if claim else None


def find_users(user_ids: Iterable[int]) -> dict[int, UserItem]:
    """Return those of the users that exist, by id."""
    users = UserItem.find_many(("user", id_key(n)) for n in user_ids)
    return {user.id: user for user in users if not user.deleted_at}


def find_usernames(user_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of those of the users that exist, by id."""
    keys = [("user", id_key(user_id)) for user_id in user_ids]
    users = UserItem.find_many(keys, ["id", "username", "deleted_at"])
    return {user.id: user.username for user in users if not user.deleted_at}


def count_users() -> int:
    """Return how many users exist."""
    tally = TallyItem.find("tally", "users")
    return tally.total if tally else 0


def find_user_page(start: int, length: int) -> list[UserItem]:
    """Return `length` users from number `start` on (counted from 0), by name.

    Earlier ones are skipped in the small items of names, of which a call reads ten thousand.
    """
    claims = NameClaim.query("user_name", limit=start + length, consistent_read=True)
    user_ids = [claim.owner for claim in islice(claims, start, None)]
    users = find_users(user_ids)
    return [users[user_id] for user_id in user_ids if user_id in users]


def iterate_users() -> Iterator[UserItem]:
    """Return all users, by id."""
    return (user for user in UserItem.query("user", consistent_read=True) if not user.deleted_at)


def count_administrator_changes() -> int:
    """Return the number of writes that took a system administrator away."""
    item = CounterItem.find(*ADMINISTRATOR_CHANGES)
    return item.value if item else 0


def find_preferences(user_id: int) -> PreferencesItem | None:
    """Return the preferences of a user."""
    return PreferencesItem.find("preferences", id_key(user_id))


def insert_user(username: str, fields: dict[str, Any], roles: Iterable[str], memberships: dict[int, bool]) -> UserItem:
    """Add a user with their single-user group.

    Parameters
    ----------
    username : str
        Their name.
    fields : dict
        Their details.
    roles : iterable of str
        Their roles.
    memberships : dict of int to bool
        The groups to add them to, each with whether they administrate it.

    Raises
    ------
    NameTaken
        If another user or group has the name.
    StateChanged
        If one of the groups is deleted.
    """
    user_id = next_id("user")
    own_id = next_id("group")
    user = UserItem(
        "user", id_key(user_id), id=user_id, username=username, fields=fields, roles=set(roles) or None,
        own_group=own_id, group_ids={own_id, *memberships},
    )  # fmt: skip
    own_group = GroupItem("group", id_key(own_id), id=own_id, name=username, single_user=True, admins=1)
    with transaction() as write:
        claim_name(write, "user", username, user_id)
        claim_name(write, "group", username, own_id)
        write.save(user, UserItem.key.does_not_exist())
        write.save(own_group, GroupItem.key.does_not_exist())
        save_member(write, own_id, user, MemberRights(admin=True))
        write.update(TallyItem("tally", "users"), [TallyItem.total.add(1)])
        for group_id, admin in memberships.items():
            save_member(write, group_id, user, MemberRights(admin))
            count_admins(write, group_id, int(admin))
    return user


def update_user_item(user: UserItem, changes: dict[str, Any], administrator_changes: int | None = None) -> None:
    """Change a user; None removes a value. Their single-user group has their name.

    Parameters
    ----------
    user : UserItem
        The user as they were read.
    changes : dict
        The new values.
    administrator_changes : int, optional
        `count_administrator_changes` from before it was found that another administrator remains, if
        this takes an administrator away.

    Raises
    ------
    NameTaken
        If another user or group has the new name.
    StateChanged
        If the user, or another administrator, was changed since they were read.
    """
    username = changes.get("username", user.username)
    changes = {**changes, "revision": (user.revision or 0) + 1, "modified": timestamp()}
    with transaction() as write:
        if username != user.username:
            change_name(write, "user", user.username, username, user.id)
            change_name(write, "group", user.username, username, user.own_group)
            own_group = GroupItem("group", id_key(user.own_group))
            write.update(own_group, [GroupItem.name.set(username)], GroupItem.key.exists())
        _take_administrator(write, administrator_changes)
        write.update(UserItem("user", user.key), changes_to_actions(UserItem, changes), is_user_unchanged(user))


def mark_user_deleted(user: UserItem, administrated: list[GroupItem], administrator_changes: int | None = None) -> None:
    """Delete a user for everyone: their tokens stop working, and their name is free.

    Parameters
    ----------
    user : UserItem
        The user as they were read.
    administrated : list of GroupItem
        The shared groups that they administrate, as they were read: they leave these at once.
    administrator_changes : int, optional
        See `update_user_item`.

    Raises
    ------
    StateChanged
        If the user, another administrator, or who administrates one of the groups was changed since.
    """
    left = {user.own_group, *(group.id for group in administrated)}
    changes = {"deleted_at": timestamp(), "fields": None, "revision": (user.revision or 0) + 1}
    actions = [*changes_to_actions(UserItem, changes), UserItem.group_ids.delete(left)]
    with transaction() as write:
        release_name(write, "user", user.username)
        release_name(write, "group", user.username)
        delete_single_user_group(write, user)
        for group in administrated:
            leave_administrated_group(write, group, user)
        write.update(TallyItem("tally", "users"), [TallyItem.total.add(-1)])
        _take_administrator(write, administrator_changes)
        write.update(UserItem("user", user.key), actions, is_user_unchanged(user))


def delete_user_item(user_id: int) -> None:
    """Delete the item of a user who is marked deleted and is in no group.

    Raises
    ------
    StateChanged
        If they are not marked deleted or are in a group, or the item was deleted already.
    """
    is_finished = UserItem.deleted_at.exists() & UserItem.group_ids.does_not_exist()
    with transaction() as write:
        write.delete(PreferencesItem("preferences", id_key(user_id)))
        write.delete(UserItem("user", id_key(user_id)), is_finished)


def save_preferences(user_id: int, old: PreferencesItem | None, preferences: dict[str, Any]) -> None:
    """Save the preferences of a user.

    Raises
    ------
    StateChanged
        If they were changed since they were read, or the user was deleted.
    """
    revision = old.revision if old else 0
    same = PreferencesItem.revision == revision if old else PreferencesItem.key.does_not_exist()
    item = PreferencesItem("preferences", id_key(user_id), preferences=preferences, revision=revision + 1)
    with transaction() as write:
        write.check(UserItem, "user", id_key(user_id), USER_EXISTS, StateChanged())
        write.save(item, same, StateChanged())


def _take_administrator(write: Transaction, changes: int | None) -> None:
    if changes is not None:
        value = CounterItem.value
        same = value == changes if changes else value.does_not_exist()
        write.update(CounterItem(*ADMINISTRATOR_CHANGES), [value.set(changes + 1)], same)
