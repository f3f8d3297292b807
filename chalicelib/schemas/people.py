"""Users, groups and tokens."""

from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import Paged, Query, Schema, View
from chalicelib.schemas.fields import Id, Name, Time, Word, describe

MAX_MEMBERS = 40
"""Most memberships that one request makes: they fit into one transaction."""


class Acl(StrEnum):
    """A permission of a token, named as in SkyPortal."""

    RUN_ANALYSES = "Run Analyses"
    MANAGE_SERVICES = "Manage Analysis Services"
    UPLOAD_DATA = "Upload data"
    COMMENT = "Comment"
    ANNOTATE = "Annotate"
    CLASSIFY = "Classify"
    POST_TAXONOMY = "Post taxonomy"
    MANAGE_GROUPS = "Manage groups"
    MANAGE_USERS = "Manage users"
    SYSTEM_ADMIN = "System admin"


# Requests

UserId = Annotated[Id, describe("The id of the user.", 2)]
_GROUP_NAME = "The name of the group; no other group or user has it."
Nickname = Annotated[Word | UnsetType | None, describe("A short name.", "nov")]
GroupText = Annotated[str, Meta(max_length=500)]
Description = Annotated[GroupText | UnsetType | None, describe("The purpose of the group.")]
Private = Annotated[bool, describe("Always true: only its members see the group.")]
_ADMIN = "Whether they administrate the group: its members and its name."
Admin = Annotated[bool, describe(_ADMIN)]
_CAN_SAVE = "Whether they may save sources to the group."
CanSave = Annotated[bool, describe(_CAN_SAVE)]
_CAN_SHARE = "Whether they may share photometry of the group with groups that they are in."
CanShare = Annotated[bool, describe(_CAN_SHARE)]


class GroupChange(Schema):
    """Changes of a group; omitted fields stay as they are, null clears a field."""

    name: Annotated[Name | UnsetType, describe(_GROUP_NAME)] = UNSET
    nickname: Nickname = UNSET
    description: Description = UNSET
    private: Private = True

    def __post_init__(self) -> None:
        if not self.private:
            raise ValueError("private: groups are visible only to their members; omit it or send true")


_ADMINS = "Other users who administrate it."


class NewGroup(GroupChange, kw_only=True):
    """A new group; its creator becomes its administrator."""

    name: Annotated[Name, describe(_GROUP_NAME, "Novae")]
    group_admins: Annotated[list[UserId], describe(_ADMINS, [2, 3], max_length=MAX_MEMBERS)] = []


_SINGLE_USER_GROUPS = "Whether the last two lists have single-user groups: yours, for administrators all."


class GroupQuery(Query):
    """Optional parts of a group."""

    includeGroupUsers: Annotated[bool, describe("Whether to list the members.")] = True


class GroupsQuery(Query):
    """Which groups to list."""

    name: Annotated[Name | None, describe("Only the group of this name: the answer is then a plain list.")] = None
    includeSingleUserGroups: Annotated[bool, describe(_SINGLE_USER_GROUPS)] = False


class NewMember(Schema):
    """A new member of a group."""

    userID: UserId
    admin: Admin = False
    canSave: CanSave = True
    canSharePhotometry: CanShare = False


class MemberChange(Schema):
    """Changes of a membership; omitted fields stay as they are."""

    userID: UserId
    admin: Annotated[bool | None, describe(_ADMIN)] = None
    canSave: Annotated[bool | None, describe(_CAN_SAVE)] = None
    canSharePhotometry: Annotated[bool | None, describe(_CAN_SHARE)] = None


Email = Annotated[str, Meta(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$(?!\n)")]
FirstName = Annotated[Word | None, describe("First name.", "Ada")]
LastName = Annotated[Word | None, describe("Last name.", "Lovelace")]
Phone = Annotated[Word | None, describe("Phone number.", "+49 951 1234")]
Role = Annotated[str, Meta(min_length=1, max_length=100)]
_ROLES = "SkyPortal's roles, stored only: the ACLs of a token decide what a user may do."
_GROUPS = "The first groups of the user, each with whether they administrate it."
FirstGroups = describe(_GROUPS, [[2, False], [4, True]], max_length=MAX_MEMBERS)


class NewUser(Schema):
    """A new user."""

    username: Annotated[Name, describe("No other user or group has this name; it cannot change.", "ada")]
    roles: Annotated[list[Role], describe(_ROLES, ["Full user"], max_length=20)] = []
    groupIDsAndAdmin: Annotated[list[tuple[Id, bool]], FirstGroups] = []
    first_name: FirstName = None
    last_name: LastName = None
    affiliations: Annotated[list[Name], describe("Institutes.", ["Sternwarte Bamberg"], max_length=20)] = []
    contact_email: Annotated[Email | None, describe("Email address.", "ada@example.org")] = None
    contact_phone: Phone = None


class UsersQuery(Paged):
    """A page of the users, in the order of their names."""

    username: Annotated[Word | None, describe("Only users whose name holds this.", "ada")] = None
    role: Annotated[Word | None, describe("Only users with this role.", "Full user")] = None


_OWNER = "You if omitted; only administrators may name another user."
_ACLS = "What the token allows; names that are not known here are kept and allow nothing."
Acls = Annotated[list[Name], describe(_ACLS, ["Run Analyses"], max_length=100)]


class NewToken(Schema):
    """A new token."""

    name: Annotated[Name, describe("The purpose of the token.", "my laptop")]
    acls: Acls = []
    user_id: Annotated[Id | None, describe(f"The user that the token acts as. {_OWNER}")] = None


class TokenQuery(Query):
    """The owner of the tokens."""

    user_id: Annotated[Id | None, describe(f"The user whose tokens are meant. {_OWNER}")] = None


# Answers

CreatedAt = Annotated[Time, describe("When it was created: UTC, ISO 8601 without offset.")]
Username = Annotated[str, describe("The name of the user.", "ada")]
_USER_ID = "The id of the user."


class Person(View):
    """A user, as records name them."""

    id: Annotated[int, describe(_USER_ID, 1)]
    username: Username


class Group(View):
    """A group, as records show it."""

    id: Annotated[int, describe("The id of the group; the public group is 1.", 4)]
    name: Annotated[str, describe("The name of the group.", "Novae")]
    nickname: Annotated[str | None, describe("A short name.", "nov")]
    description: Annotated[str | None, describe("The purpose of the group.", "Novae of our galaxy")]
    private: Annotated[bool, describe("Whether only members see it: false for the public group alone.", True)]
    single_user_group: Annotated[bool, describe("Whether it is the group of a single user.")]
    created_at: CreatedAt


GroupList = Annotated[list[Group], describe("The groups that can see it, as far as you see them.")]


class RecordView(View):
    """What all records of groups show."""

    groups: GroupList
    created_at: Time
    modified: Time


class Member(View):
    """A member of a group."""

    id: Annotated[int, describe(_USER_ID, 2)]
    username: Username
    admin: Admin
    can_save: CanSave
    can_share_photometry: CanShare


class GroupWithUsers(Group):
    """A group with its members."""

    users: Annotated[list[Member] | UnsetType, describe("The members; omitted for the public group.")] = UNSET


class Groups(View):
    """SkyPortal's three lists of groups; administrators see all groups."""

    user_groups: Annotated[list[Group], describe("The groups that you are in.")]
    user_accessible_groups: Annotated[list[Group], describe("All visible groups; single-user ones on request.")]
    all_groups: Annotated[list[Group], describe("The same as `user_accessible_groups`.")]


class Membership(View):
    """The membership of a user in a group."""

    group_id: Annotated[int, describe("The id of the group.", 4)]
    user_id: Annotated[int, describe(_USER_ID, 2)]
    admin: Admin


_MANAGERS = "null for those who do not manage users"


class User(View):
    """A user."""

    id: Annotated[int, describe(_USER_ID, 2)]
    username: Username
    first_name: Annotated[str | None, describe("First name.", "Ada")]
    last_name: Annotated[str | None, describe("Last name.", "Lovelace")]
    affiliations: Annotated[list[str], describe("Institutes.", ["Sternwarte Bamberg"])]
    contact_email: Annotated[str | None, describe(f"Email address; {_MANAGERS}.", "ada@example.org")]
    contact_phone: Annotated[str | None, describe(f"Phone number; {_MANAGERS}.", "+49 951 1234")]
    roles: Annotated[list[str], describe("SkyPortal's roles, as they were sent.", ["Full user"])]
    groups: Annotated[list[Group], describe("The groups of the user, as far as you see them.")]
    created_at: CreatedAt


class Users(View):
    """A page of users."""

    users: Annotated[list[User], describe("The users of this page, by name.")]
    totalMatches: Annotated[int, describe("Number of users on all pages.", 1)]


class Profile(User):
    """The user of the token that the request was sent with."""

    permissions: Annotated[list[str], describe("The ACLs of your token.", ["Run Analyses"])]


class Token(View):
    """A token, without its text."""

    id: Annotated[str, describe("The id of the token, which is not its text.", "4f1c09d2ab77")]
    name: Annotated[str, describe("The purpose of the token.", "my laptop")]
    acls: Acls
    created_at: CreatedAt


_ONCE = "The text of the token; only its hash is stored, so it is shown only once."


class TokenText(View):
    """A new token."""

    token_id: Annotated[str, describe(_ONCE, "0f0c3bd4-5c3e-4a3b-9c56-9f4c1f1b5d1e")]
