"""Users, groups and tokens."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import Paged, Query, Schema, View
from chalicelib.schemas.fields import Id, Moment, Name, Object, Time, Word, describe

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


# Empty text means that there is none, as clients of SkyPortal send it.
Email = Annotated[
    str, describe("Email address.", "ada@example.org", max_length=320, pattern=r"^([^@\s]+@[^@\s]+)?$(?!\n)")
]
_PHONE = r"^(\+?[0-9 ()./-]*[0-9][0-9 ()./-]*( ?(ext\.?|x) ?[0-9]+)?)?$(?!\n)"
_PHONE_TEXT = "Phone number: digits, spaces, and + ( ) . / -"
Phone = Annotated[str, describe(_PHONE_TEXT, "+49 951 1234", max_length=50, pattern=_PHONE)]
FirstName = Annotated[Word, describe("First name.", "Ada")]
LastName = Annotated[Word, describe("Last name.", "Lovelace")]
Biography = Annotated[str, describe("About the person.", "Observes novae.", max_length=1000)]
Affiliations = Annotated[list[Name], describe("Institutes.", ["Sternwarte Bamberg"], max_length=20)]
Role = Annotated[str, Meta(min_length=1, max_length=100)]
_ROLES = "Roles to grant: `GET /roles` lists them. Your token needs all of their ACLs."
Roles = Annotated[list[Role], describe(_ROLES, ["Full user"], max_length=20)]
_GROUPS = "The first groups of the user, each with whether they administrate it."
FirstGroups = describe(_GROUPS, [[2, False], [4, True]], max_length=MAX_MEMBERS)
_USERNAME = "No other user or group has this name."
Username = Annotated[Name, describe(_USERNAME, "ada")]


class NewUser(Schema):
    """A new user."""

    username: Username
    roles: Roles = []
    groupIDsAndAdmin: Annotated[list[tuple[Id, bool]], FirstGroups] = []
    first_name: FirstName | None = None
    last_name: LastName | None = None
    affiliations: Affiliations = []
    contact_email: Email | None = None
    contact_phone: Phone | None = None


class _Details(Schema):
    """What users say of themselves; omitted fields stay as they are, null clears a field."""

    username: Username | UnsetType = UNSET
    first_name: FirstName | UnsetType | None = UNSET
    last_name: LastName | UnsetType | None = UNSET
    affiliations: Affiliations | UnsetType | None = UNSET
    contact_email: Email | UnsetType | None = UNSET
    contact_phone: Phone | UnsetType | None = UNSET
    bio: Biography | UnsetType | None = UNSET


_EXPIRES = "From then on the user's tokens are refused; null removes it. A date alone means its beginning, UTC."


class UserChange(_Details):
    """Changes of a user; omitted fields stay as they are, null clears a field."""

    aliases = {"expiration_date": "expirationDate"}
    ignored_fields = frozenset({"id", "oauth_uid", "created_at", "modified", "is_bot"})

    expirationDate: Annotated[Moment, describe(_EXPIRES, "2030-01-02")] | UnsetType | None = UNSET


_PREFERENCES = "Any keys. Objects are merged key by key into the present ones, other values replace them."


class ProfileChange(_Details):
    """Changes of your profile; omitted fields stay as they are, null clears a field."""

    ignored_fields = frozenset({"is_bot"})

    preferences: Annotated[Object, describe(_PREFERENCES, {"theme": "dark"})] | UnsetType | None = UNSET


class AclGrant(Schema):
    """ACLs to grant."""

    aclIds: Annotated[list[Name], describe("ACLs that your own token has.", ["Annotate"], max_length=100)]


class RoleGrant(Schema):
    """Roles to grant."""

    roleIds: Roles


class UsersQuery(Paged):
    """A page of the users, in the order of their names."""

    username: Annotated[Word | None, describe("Only users whose name holds this.", "ada")] = None
    firstName: Annotated[Word | None, describe("Only users whose first name holds this.", "Ada")] = None
    lastName: Annotated[Word | None, describe("Only users whose last name holds this.", "Love")] = None
    email: Annotated[Word | None, describe("Only users whose email address holds this; needs `Manage users`.")] = None
    role: Annotated[Word | None, describe("Only users with this role.", "Full user")] = None
    acl: Annotated[Word | None, describe("Only users who were granted this ACL by itself.", "Annotate")] = None
    group: Annotated[Word | None, describe("Only members of your group of this name.", "Novae")] = None
    includeExpired: Annotated[bool, describe("Whether to list users whose account expired.")] = True
    sortBy: Annotated[Literal["username", "createdAt"], describe("The order.")] = "username"
    sortOrder: Annotated[Literal["asc", "desc"], describe("Whether it ascends or descends.")] = "asc"

    @property
    def is_plain(self) -> bool:
        """Whether these are all users by name, which are found without reading them all."""
        filters = (self.username, self.firstName, self.lastName, self.email, self.role, self.acl, self.group)
        return not any(filters) and self.includeExpired and (self.sortBy, self.sortOrder) == ("username", "asc")


_OWNER = "You if omitted; only administrators may name another user."
_ACLS = "What the token allows; names that are not known here are kept and allow nothing."
Acls = Annotated[list[Name], describe(_ACLS, ["Run Analyses"], max_length=100)]


LONGEST_LIFE_DAYS = 3660
"""For how many days a token with an expiry is valid, at most."""
_EXPIRES_AT = "When it stops working, if it does: ISO 8601, in UTC unless an offset is given; within ten years."
# Without an example: one request has only one of the two fields.
ExpiryMoment = Annotated[str, Meta(max_length=40)]
LifeDays = Annotated[int, Meta(ge=1, le=LONGEST_LIFE_DAYS)]
_DAYS = "After how many days it stops working, instead of `expires_at`."


class NewToken(Schema):
    """A new token."""

    name: Annotated[Name, describe("The purpose of the token.", "my laptop")]
    acls: Acls = []
    user_id: Annotated[Id | None, describe(f"The user that the token acts as. {_OWNER}")] = None
    expires_at: Annotated[ExpiryMoment | None, describe(_EXPIRES_AT)] = None
    expires_in_days: Annotated[LifeDays | None, describe(_DAYS, 90)] = None

    def __post_init__(self) -> None:
        if self.expires_at and self.expires_in_days is not None:
            raise ValueError("expires_at, expires_in_days: send one of them")


_MORE = "Add `expires_at`, `last_used_at` and `last_use`, which SkyPortal's tokens do not have."


class TokenQuery(Query):
    """The owner of the tokens."""

    user_id: Annotated[Id | None, describe(f"The user whose tokens are meant. {_OWNER}")] = None
    userID: Annotated[Id | None, describe("SkyPortal's name of `user_id`.")] = None
    includeDetails: Annotated[bool, describe(_MORE)] = False

    def __post_init__(self) -> None:
        if self.user_id and self.userID and self.user_id != self.userID:
            raise ValueError("user_id, userID: these are the same; send one of them")

    @property
    def owner_id(self) -> int | None:
        """The user whose tokens are meant; None for the requester."""
        return self.user_id or self.userID


# Answers

CreatedAt = Annotated[Time, describe("When it was created: UTC, ISO 8601 without offset.")]
ShownUsername = Annotated[str, describe("The name of the user.", "ada")]
_USER_ID = "The id of the user."


class Person(View):
    """A user, as records name them."""

    id: Annotated[int, describe(_USER_ID, 1)]
    username: ShownUsername


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
    username: ShownUsername
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


AclNames = list[Annotated[str, describe("An ACL.", "Annotate")]]


class RoleWithAcls(View):
    """A role: a named set of ACLs."""

    id: Annotated[str, describe("The name of the role.", "Full user")]
    acls: Annotated[AclNames, describe("Its ACLs.", ["Annotate", "Comment"])]


_GRANTED = "What they were granted, by an ACL or a role; their tokens may have less."
_NO_LOGIN = "Always null: people sign in with tokens."


class User(View):
    """A user."""

    id: Annotated[int, describe(_USER_ID, 2)]
    username: ShownUsername
    first_name: Annotated[str | None, describe("First name.", "Ada")]
    last_name: Annotated[str | None, describe("Last name.", "Lovelace")]
    bio: Annotated[str | None, describe("About the person.", "Observes novae.")]
    affiliations: Annotated[list[str], describe("Institutes.", ["Sternwarte Bamberg"])]
    contact_email: Annotated[str | None, describe(f"Email address; {_MANAGERS}.", "ada@example.org")]
    contact_phone: Annotated[str | None, describe(f"Phone number; {_MANAGERS}.", "+49 951 1234")]
    oauth_uid: Annotated[str | None, describe(_NO_LOGIN)]
    is_bot: Annotated[bool, describe("Always false.")]
    gravatar_url: Annotated[str | None, describe("Always null: no other host is asked for pictures.")]
    expiration_date: Annotated[str | None, describe("When the user's tokens stop working, UTC.", "2030-01-02T00:00:00")]
    roles: Annotated[list[str], describe("The roles that they were granted.", ["Full user"])]
    acls: Annotated[AclNames, describe("The ACLs that they were granted besides.", ["Annotate"])]
    permissions: Annotated[AclNames, describe(_GRANTED, ["Annotate", "Comment"])]
    groups: Annotated[list[Group], describe("The groups of the user, as far as you see them.")]
    streams: Annotated[list[Object], describe("Always empty: there are no streams.")]
    created_at: CreatedAt
    modified: Annotated[Time, describe("When it was changed last: UTC, ISO 8601 without offset.")]


class Users(View):
    """A page of users."""

    users: Annotated[list[User], describe("The users of this page, by name.")]
    totalMatches: Annotated[int, describe("Number of users on all pages.", 1)]


_EXPIRY = "When it stops working: UTC, ISO 8601 without offset; null if it does not."
Expiry = Annotated[str | None, describe(_EXPIRY, "2030-01-02T00:00:00.000000")]
_LAST_USED = "When it was used last, to the minute: UTC, ISO 8601 without offset; null if it was not."
LastUsed = Annotated[str | None, describe(_LAST_USED, "2026-11-22T03:14:15.926535")]
_LAST_USE = "What it was used for then: the method, and the path without its ids."
LastUse = Annotated[str | None, describe(_LAST_USE, "GET /sources/{source_id}")]


class Token(View):
    """A token, without its text, as a profile shows it."""

    id: Annotated[str, describe("The id of the token, which is not its text.", "4f1c09d2ab77")]
    name: Annotated[str, describe("The purpose of the token.", "my laptop")]
    acls: Acls
    created_at: CreatedAt


class AclName(View):
    """An ACL."""

    id: Annotated[str, describe("Its name.", "Annotate")]


class OwnedToken(View):
    """A token, without its text."""

    id: Annotated[str, describe("The id of the token, which is not its text.", "4f1c09d2ab77")]
    name: Annotated[str, describe("The purpose of the token.", "my laptop")]
    acls: Annotated[list[AclName], describe("What the token allows.")]
    created_at: CreatedAt
    modified: Annotated[Time, describe("When an ACL was last taken from it, or it was created.")]
    created_by_id: Annotated[int, describe("The user that the token acts as.", 2)]
    expires_at: Expiry | UnsetType = UNSET
    last_used_at: LastUsed | UnsetType = UNSET
    last_use: LastUse | UnsetType = UNSET


class Profile(User):
    """The user of the token that the request was sent with."""

    permissions: Annotated[AclNames, describe("The ACLs of your token.", ["Run Analyses"])]
    tokens: Annotated[list[Token], describe("Your tokens, oldest first.")]
    preferences: Annotated[Object, describe("What `PATCH /internal/profile` stored.", {"theme": "dark"})]
    groupAdmissionRequests: Annotated[
        list[Object], describe("Always empty: those who administrate groups add members.")
    ]
    is_anonymous: Annotated[bool, describe("Always false: every request has a token.")]


_ONCE = "The text of the token; only its hash is stored, so it is shown only once."


class TokenText(View):
    """A new token."""

    token_id: Annotated[str, describe(_ONCE, "0f0c3bd4-5c3e-4a3b-9c56-9f4c1f1b5d1e")]
