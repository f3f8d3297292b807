"""Users, groups and tokens."""

from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.schemas.base import Id, Name, Paged, Query, Schema, Switch, Time, View, Word

__all__ = [
    "Acl", "Group", "GroupChange", "GroupQuery", "GroupWithUsers", "Groups", "Member", "MemberChange",
    "Membership", "NewGroup", "NewMember", "NewToken", "NewUser", "Person", "Profile", "Token", "TokenQuery",
    "TokenText", "User", "Users", "UsersQuery",
]  # fmt: skip

AT_ONCE = 40
"""Memberships that are made with one request: they fit into one transaction."""


class Acl(StrEnum):
    """What a token may allow, named as in SkyPortal."""

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


# What requests take.

UserId = Annotated[Id, Meta(description="Id of a user.", examples=[2])]
GROUP_NAME = "Name of the group; no other group or user has it."
Nickname = Annotated[
    Word | UnsetType | None, Meta(description="A short name, for where space is scarce.", examples=["nov"])
]
Description = Annotated[
    Annotated[str, Meta(max_length=500)] | UnsetType | None, Meta(description="What the group is for.")
]
Private = Annotated[
    bool,
    Meta(description="Whether the group is invisible to those who are not in it: always true here."),
]
ADMIN = "Whether they administrate the group: its members, its name."
Admin = Annotated[bool, Meta(description=ADMIN)]
CAN_SAVE = "Whether they may save sources to the group."
CanSave = Annotated[bool, Meta(description=CAN_SAVE)]


class GroupChange(Schema):
    """What can be changed of a group; what a request leaves out stays as it was, null takes it away."""

    name: Annotated[Name | UnsetType, Meta(description=GROUP_NAME)] = UNSET
    nickname: Nickname = UNSET
    description: Description = UNSET
    private: Private = True

    def __post_init__(self) -> None:
        if not self.private:
            raise ValueError("private: every group is invisible to those who are not in it; leave it true")


class NewGroup(GroupChange, kw_only=True):
    """A group to be made; whoever makes it administrates it."""

    name: Annotated[Name, Meta(description=GROUP_NAME, examples=["Novae"])]
    group_admins: Annotated[
        list[UserId],
        Meta(max_length=AT_ONCE, description="Users who administrate it, too.", examples=[[2, 3]]),
    ] = []


class GroupQuery(Query):
    """What to tell of a group besides itself."""

    includeGroupUsers: Annotated[Switch, Meta(description="Whether to list who is in it.")] = True


class NewMember(Schema):
    """A user to be put into a group."""

    userID: UserId
    admin: Admin = False
    canSave: CanSave = True


class MemberChange(Schema):
    """What a member may do in a group; what a request leaves out stays as it was."""

    userID: UserId
    admin: Annotated[bool | None, Meta(description=ADMIN)] = None
    canSave: Annotated[bool | None, Meta(description=CAN_SAVE)] = None


Email = Annotated[str, Meta(max_length=320, pattern=r"^[^@\s]+@[^@\s]+$(?!\n)")]


class NewUser(Schema):
    """A user to be added."""

    username: Annotated[
        Name, Meta(description="No other user or group has this name; it stays.", examples=["ada"])
    ]
    roles: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=100)]],
        Meta(
            max_length=20,
            description="SkyPortal's roles, kept as they are: what one may do is said by a token's ACLs.",
            examples=[["Full user"]],
        ),
    ] = []
    groupIDsAndAdmin: Annotated[
        list[tuple[Id, bool]],
        Meta(
            max_length=AT_ONCE,
            description="Groups that the user is in from the start, each with whether they administrate it.",
            examples=[[[2, False], [4, True]]],
        ),
    ] = []
    first_name: Annotated[Word | None, Meta(description="Given name.", examples=["Ada"])] = None
    last_name: Annotated[Word | None, Meta(description="Family name.", examples=["Lovelace"])] = None
    affiliations: Annotated[
        list[Name], Meta(max_length=20, description="Institutes.", examples=[["Sternwarte Bamberg"]])
    ] = []
    contact_email: Annotated[
        Email | None, Meta(description="Where to write to.", examples=["ada@example.org"])
    ] = None
    contact_phone: Annotated[Word | None, Meta(description="Where to call.", examples=["+49 951 1234"])] = (
        None
    )


class UsersQuery(Paged):
    """Which page of the users, who stand in the order of their names."""


WHOSE = "Yourself if left out; another user: administrators only."
Acls = Annotated[list[Acl], Meta(description="What the token allows.", examples=[["Run Analyses"]])]


class NewToken(Schema):
    """A token to be made."""

    name: Annotated[Name, Meta(description="What the token is for.", examples=["my laptop"])]
    acls: Acls = []
    user_id: Annotated[Id | None, Meta(description="Whom the token acts as. " + WHOSE)] = None


class TokenQuery(Query):
    """Whose tokens are meant."""

    user_id: Annotated[Id | None, Meta(description=WHOSE)] = None


# What answers hold.

CreatedAt = Annotated[Time, Meta(description="When it was made: UTC, ISO 8601 without offset.")]


class Person(View):
    """A user, as records name them."""

    id: Annotated[int, Meta(description="The id of the user.", examples=[1])]
    username: Annotated[str, Meta(description="The name of the user.", examples=["ada"])]


class Group(View):
    """A group, as records show it."""

    id: Annotated[int, Meta(description="Id of the group; the public group is 1.", examples=[4])]
    name: Annotated[str, Meta(description="Its name.", examples=["Novae"])]
    nickname: Annotated[str | None, Meta(description="A short name.", examples=["nov"])]
    description: Annotated[str | None, Meta(description="What it is for.", examples=["Novae of our galaxy"])]
    private: Annotated[
        bool,
        Meta(
            description="Whether it is invisible to those who are not in it: all but the public group are.",
            examples=[True],
        ),
    ]
    single_user_group: Annotated[bool, Meta(description="Whether it is the group that a user alone is in.")]
    created_at: CreatedAt


class Member(View):
    """A user as a member of a group."""

    id: Annotated[int, Meta(description="Id of the user.", examples=[2])]
    username: Annotated[str, Meta(description="Their name.", examples=["ada"])]
    admin: Admin
    can_save: CanSave


class GroupWithUsers(Group):
    """A group with who is in it."""

    users: Annotated[
        list[Member] | UnsetType, Meta(description="Who is in it, by id; not given of the public group.")
    ] = UNSET


class Groups(View):
    """SkyPortal's three lists of groups; administrators see every group."""

    user_groups: Annotated[list[Group], Meta(description="The groups that you are in.")]
    user_accessible_groups: Annotated[
        list[Group], Meta(description="The groups that you can see, but for single-user groups.")
    ]
    all_groups: Annotated[list[Group], Meta(description="The same: what you cannot see is not listed.")]


class Membership(View):
    """That a user is in a group."""

    group_id: Annotated[int, Meta(description="Id of the group.", examples=[4])]
    user_id: Annotated[int, Meta(description="Id of the user.", examples=[2])]
    admin: Admin


class User(View):
    """A user."""

    id: Annotated[int, Meta(description="Id of the user.", examples=[2])]
    username: Annotated[str, Meta(description="Their name here.", examples=["ada"])]
    first_name: Annotated[str | None, Meta(description="Given name.", examples=["Ada"])]
    last_name: Annotated[str | None, Meta(description="Family name.", examples=["Lovelace"])]
    affiliations: Annotated[list[str], Meta(description="Institutes.", examples=[["Sternwarte Bamberg"]])]
    contact_email: Annotated[str | None, Meta(description="Where to write to.", examples=["ada@example.org"])]
    contact_phone: Annotated[str | None, Meta(description="Where to call.", examples=["+49 951 1234"])]
    roles: Annotated[
        list[str], Meta(description="SkyPortal's roles, as they were given.", examples=[["Full user"]])
    ]
    groups: Annotated[list[Group], Meta(description="The groups that they are in, as far as you see them.")]
    created_at: CreatedAt


class Users(View):
    """A page of users."""

    users: Annotated[list[User], Meta(description="The users of this page, by name.")]
    totalMatches: Annotated[int, Meta(description="How many users there are.", examples=[1])]


class Profile(User):
    """Who asks."""

    permissions: Annotated[
        list[str], Meta(description="What your token allows: its ACLs.", examples=[["Run Analyses"]])
    ]


class Token(View):
    """A token, without its text."""

    id: Annotated[str, Meta(description="Its id; not its text.", examples=["4f1c09d2ab77"])]
    name: Annotated[str, Meta(description="What it is for.", examples=["my laptop"])]
    acls: Acls
    created_at: CreatedAt


class TokenText(View):
    """A new token."""

    token_id: Annotated[
        str,
        Meta(
            description="The text of the token, shown this once: only its hash is kept.",
            examples=["0f0c3bd4-5c3e-4a3b-9c56-9f4c1f1b5d1e"],
        ),
    ]
