"""Users: found, listed by name, and created."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from chalicelib.tables.base import IntegerAttribute, Registry, id_key, next_id, transaction
from chalicelib.tables.groups import GROUPS_BEING_DELETED
from chalicelib.tables.memberships import count_admins, save_member
from chalicelib.tables.names import NameClaim, claim_name
from chalicelib.tables.people_items import GroupItem, MemberRights, UserItem


class TallyItem(Registry):
    """How many records of a kind exist."""

    total = IntegerAttribute(default=0)


def find_user(user_id: int) -> UserItem | None:
    """Return a user."""
    return UserItem.find("user", id_key(user_id))


def find_user_and_deleted_groups(user_id: int) -> tuple[UserItem | None, set[int]]:
    """Return a user, and the groups that are deleted although users may still hold their ids."""
    items = UserItem.find_many([("user", id_key(user_id)), GROUPS_BEING_DELETED])
    by_kind = {item.kind: item for item in items}
    deletions = by_kind.get(GROUPS_BEING_DELETED[0])
    return by_kind.get("user"), set(deletions.group_ids or ()) if deletions else set()


def find_user_by_name(username: str) -> UserItem | None:
    """Return the user with a name."""
    claim = NameClaim.find("user_name", username)
    return find_user(claim.owner) if claim else None


def find_users(user_ids: Iterable[int]) -> dict[int, UserItem]:
    """Return those of the users that exist, by id."""
    return {user.id: user for user in UserItem.find_many(("user", id_key(n)) for n in user_ids)}


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
    return iter(UserItem.query("user"))


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
