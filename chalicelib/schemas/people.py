"""Users, groups and tokens."""

from enum import StrEnum

from chalicelib.schemas.base import Id, Name, Schema, View

__all__ = ["Acl", "Group", "NewGroup", "NewMember", "NewToken", "NewUser"]


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


class NewGroup(Schema):
    name: Name
    group_admins: list[Id] = []


class NewMember(Schema):
    userID: Id
    admin: bool = False
    canSave: bool = True


class NewUser(Schema):
    username: Name
    roles: list[str] = []
    groupIDsAndAdmin: list[tuple[Id, bool]] = []


class NewToken(Schema):
    name: Name
    acls: list[Acl] = []
    user_id: Id | None = None


class Group(View):
    """A group, as records show it."""

    id: int
    name: str
    single_user_group: bool
    created_at: str
