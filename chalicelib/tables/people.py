"""Users, groups and tokens."""

from collections.abc import Iterable

from pynamodb.attributes import BooleanAttribute, NumberAttribute, NumberSetAttribute, UnicodeAttribute
from pynamodb.attributes import UnicodeSetAttribute as TextSet
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.update import Action

from chalicelib.tables.base import LostRace, Registry, id_key, next_id, timestamp, transaction

__all__ = [
    "PUBLIC_GROUP",
    "GroupItem",
    "TokenItem",
    "UserItem",
    "add_group",
    "add_member",
    "add_public_group",
    "add_token",
    "add_user",
    "all_groups",
    "drop_token",
    "group",
    "groups",
    "token",
    "tokens_of",
    "user",
    "user_named",
]

PUBLIC_GROUP = 1
"""The group that everyone is in; it is made with the first administrator."""


class UserItem(Registry):
    id = NumberAttribute()
    username = UnicodeAttribute()
    roles = TextSet(null=True)
    group_ids = NumberSetAttribute(null=True)
    admin_of = NumberSetAttribute(null=True)
    own_group = NumberAttribute()
    created_at = UnicodeAttribute(default_for_new=timestamp)


class GroupItem(Registry):
    id = NumberAttribute()
    name = UnicodeAttribute()
    single_user = BooleanAttribute(default=False)
    created_at = UnicodeAttribute(default_for_new=timestamp)


class TokenItem(Registry):
    """A token: only the hash of its text is kept, as the key."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    user_id = NumberAttribute()
    acls = TextSet(null=True)
    created_at = UnicodeAttribute(default_for_new=timestamp)


class NameClaim(Registry):
    """That a name is taken, and by which record."""

    owner = NumberAttribute()


def _unclaimed(kind: str, name: str, owner: int) -> NameClaim:
    return NameClaim(f"{kind}_name", name, owner=owner)


def add_user(username: str, roles: Iterable[str], memberships: dict[int, bool]) -> UserItem:
    """Add a user with their single-user group.

    Raises
    ------
    LostRace
        If the name of the user, or of their group, is taken.
    """
    user_id, own_group = next_id("user"), next_id("group")
    item = UserItem(
        "user",
        id_key(user_id),
        id=user_id,
        username=username,
        roles=set(roles) or None,
        own_group=own_group,
        group_ids={own_group, *memberships},
        admin_of={own_group} | {group for group, admin in memberships.items() if admin},
    )
    with transaction() as write:
        write.save(_unclaimed("user", username, user_id), condition=NameClaim.key.does_not_exist())
        write.save(_unclaimed("group", username, own_group), condition=NameClaim.key.does_not_exist())
        write.save(item, condition=UserItem.key.does_not_exist())
        write.save(
            GroupItem("group", id_key(own_group), id=own_group, name=username, single_user=True),
            condition=GroupItem.key.does_not_exist(),
        )
    return item


def add_public_group(name: str) -> None:
    """Make the group that everyone is in, unless it is there."""
    try:
        with transaction() as write:
            write.save(
                GroupItem("group", id_key(PUBLIC_GROUP), id=PUBLIC_GROUP, name=name),
                condition=GroupItem.key.does_not_exist(),
            )
            write.save(_unclaimed("group", name, PUBLIC_GROUP))
    except LostRace:
        return
    next_id("group")


def add_group(name: str, creator: UserItem) -> GroupItem:
    """Add a group with its creator as a member who administrates it.

    Raises
    ------
    LostRace
        If the name is taken.
    """
    group_id = next_id("group")
    item = GroupItem("group", id_key(group_id), id=group_id, name=name)
    with transaction() as write:
        write.save(_unclaimed("group", name, group_id), condition=NameClaim.key.does_not_exist())
        write.save(item, condition=GroupItem.key.does_not_exist())
        write.update(
            creator,
            actions=[UserItem.group_ids.add({group_id}), UserItem.admin_of.add({group_id})],
            condition=UserItem.key.exists(),
        )
    return item


def add_member(group_id: int, user_id: int, admin: bool) -> None:
    """Put a user into a group.

    Raises
    ------
    LostRace
        If there is no such user.
    """
    actions: list[Action] = [UserItem.group_ids.add({group_id})]
    if admin:
        actions.append(UserItem.admin_of.add({group_id}))
    with transaction() as write:
        write.update(UserItem("user", id_key(user_id)), actions=actions, condition=UserItem.key.exists())


def add_token(token_hash: str, name: str, user_id: int, acls: Iterable[str]) -> TokenItem:
    """Keep a token under the hash of its text."""
    item = TokenItem(
        "token", token_hash, id=token_hash[:12], name=name, user_id=user_id, acls=set(acls) or None
    )
    mirror = TokenItem(
        f"token_of_{user_id}", token_hash, id=item.id, name=name, user_id=user_id, acls=item.acls
    )
    with transaction() as write:
        write.save(item, condition=TokenItem.key.does_not_exist())
        write.save(mirror)
    return item


def drop_token(token: TokenItem) -> None:
    """Forget a token: it is unknown from now on."""
    with transaction() as write:
        write.delete(TokenItem("token", token.key))
        write.delete(TokenItem(f"token_of_{token.user_id}", token.key))


def user(user_id: int) -> UserItem | None:
    try:
        return UserItem.get("user", id_key(user_id), consistent_read=True)
    except DoesNotExist:
        return None


def user_named(username: str) -> UserItem | None:
    try:
        claim = NameClaim.get("user_name", username, consistent_read=True)
    except DoesNotExist:
        return None
    return user(int(claim.owner))


def group(group_id: int) -> GroupItem | None:
    try:
        return GroupItem.get("group", id_key(group_id), consistent_read=True)
    except DoesNotExist:
        return None


def groups(group_ids: Iterable[int]) -> list[GroupItem]:
    """Return those of the groups that exist, by id."""
    keys = [("group", id_key(group_id)) for group_id in sorted(set(group_ids))]
    found = {int(item.id): item for item in GroupItem.batch_get(keys)} if keys else {}
    return [found[group_id] for group_id in sorted(found)]


def all_groups() -> list[GroupItem]:
    return list(GroupItem.query("group"))


def token(token_hash: str) -> TokenItem | None:
    try:
        return TokenItem.get("token", token_hash, consistent_read=True)
    except DoesNotExist:
        return None


def tokens_of(user_id: int) -> list[TokenItem]:
    return list(TokenItem.query(f"token_of_{user_id}", consistent_read=True))
