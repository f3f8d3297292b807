"""The items of users, groups and members.

A membership is stored twice, in one transaction: in the user's ``group_ids``, which every request
reads, and as a `MemberItem`, from which a group's members are listed.
"""

from typing import NamedTuple

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.expressions.condition import Condition, size

from chalicelib.tables.base import IntegerAttribute, IntegerSetAttribute, JsonAttribute, Registry, timestamp

PUBLIC_GROUP = 1
"""The group that everyone is in; it is created with the first administrator."""

GROUPS_PER_USER = 1000
"""Most groups of one user: every request reads them all."""


class UserItem(Registry):
    """A user.

    ``acls`` and ``roles`` were granted to them. Their tokens allow nothing that is in ``withdrawn_acls``.
    ``revision`` counts the changes of the item, except those of ``group_ids``.
    """

    id = IntegerAttribute()
    username = UnicodeAttribute()
    fields = JsonAttribute(null=True)
    roles = UnicodeSetAttribute(null=True)
    group_ids = IntegerSetAttribute()
    own_group = IntegerAttribute()
    acls = UnicodeSetAttribute(null=True)
    withdrawn_acls = UnicodeSetAttribute(null=True)
    revision = IntegerAttribute(null=True)
    expires_at = UnicodeAttribute(null=True)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(null=True)
    deleted_at = UnicodeAttribute(null=True)


class PreferencesItem(Registry):
    """The preferences of a user (the key), beside the user: every request reads that item."""

    preferences = JsonAttribute()
    revision = IntegerAttribute()


class GroupItem(Registry):
    """A group; ``admins`` counts the members who administrate it."""

    id = IntegerAttribute()
    name = UnicodeAttribute()
    nickname = UnicodeAttribute(null=True)
    description = UnicodeAttribute(null=True)
    single_user = BooleanAttribute(default=False)
    admins = IntegerAttribute(default=0)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    deleted_at = UnicodeAttribute(null=True)


class MemberRights(NamedTuple):
    """What a member may do in a group."""

    admin: bool
    can_save: bool = True
    can_share_photometry: bool = False


class MemberItem(Registry):
    """The membership of a user (the key) in a group (the kind, ``member_of_<group>``)."""

    username = UnicodeAttribute()
    admin = BooleanAttribute()
    can_save = BooleanAttribute()
    can_share_photometry = BooleanAttribute(default=False)


GROUP_EXISTS: Condition = GroupItem.key.exists() & GroupItem.deleted_at.does_not_exist()
"""The group exists and is not marked deleted."""


USER_EXISTS: Condition = UserItem.key.exists() & UserItem.deleted_at.does_not_exist()
"""The user exists and is not marked deleted."""


def is_user_unchanged(user: UserItem) -> Condition:
    """Return the condition that a user exists and is as they were read."""
    revision = UserItem.revision
    # Users from before there were revisions have none.
    same = revision.does_not_exist() if user.revision is None else revision == user.revision
    condition: Condition = USER_EXISTS & same
    return condition


def has_fewer_groups(limit: int) -> Condition:
    """Return the condition that an item holds fewer than `limit` ``group_ids``."""
    condition: Condition = size(UserItem.group_ids) < limit  # type: ignore[no-untyped-call]
    return condition


def has_room_for_group() -> Condition:
    """Return the condition that a user exists and can join one more group."""
    condition: Condition = USER_EXISTS & has_fewer_groups(GROUPS_PER_USER)
    return condition
