"""Users, ACLs and roles, groups and tokens."""

from typing import Any

from chalicelib.errors import BusyError, ForbiddenError
from chalicelib.people import (
    api_tokens,
    group_deletion,
    group_members,
    groups,
    permissions,
    profiles,
    roles,
    user_deletion,
    users,
)
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import AclName, GroupId, RoleName, TokenId, UserId
from chalicelib.schemas import people as schemas
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import Acl
from chalicelib.tables.people_items import PUBLIC_GROUP

user_routes = Routes("users", "Users, and your own profile.")
GRANT_NOTE = "No token changes: create one with POST /api/internal/tokens, user_id {}."

role_routes = Routes("roles", "ACLs and roles: what users may do with the tokens that they create.")
group_routes = Routes("groups", "Groups and their members.")
token_routes = Routes("api_tokens", "Tokens: they identify the sender of a request and limit what it may do.")


@user_routes.get("/user", answers=schemas.Users)
def list_users(call: Call, query: schemas.UsersQuery) -> dict[str, Any]:
    """List the users by name, a page at a time.

    Email addresses and phone numbers are shown to those who have the permission `Manage users`.
    """
    return users.list_users(call.requester, query)


@user_routes.post("/user", Acl.MANAGE_USERS, answers=NewId, raises=(ForbiddenError, BusyError))
def create_user(call: Call, body: schemas.NewUser) -> dict[str, int]:
    """Add a user, with a single-user group of their own.

    You can add them only to groups that you administrate, and grant only roles whose ACLs your token has.
    The ACLs of their tokens decide what they may do (`POST /internal/tokens`).
    """
    return {"id": users.create_user(call.requester, body)}


@user_routes.get("/user/{user_id}", answers=schemas.User)
def get_user(call: Call, user_id: UserId) -> dict[str, Any]:
    """Return a user: yourself, or anyone if you have the permission `Manage users`."""
    return users.get_user(call.requester, user_id)


@user_routes.patch("/user/{user_id}", Acl.MANAGE_USERS, raises=(ForbiddenError, BusyError))
def update_user(call: Call, user_id: UserId, body: schemas.UserChange) -> None:
    """Change the details of a user, or set when their account expires.

    Once it expired, requests with their tokens are refused, and jobs of theirs start nothing. Only system
    administrators can change one another.
    """
    profiles.update_user(call.requester, user_id, body)


@user_routes.delete("/user/{user_id}", Acl.MANAGE_USERS, raises=(ForbiddenError, BusyError))
def delete_user(call: Call, user_id: UserId) -> None:
    """Delete a user.

    At once their tokens stop working and their name is free; their memberships end and their single-user
    group is deleted. Their records stay, with the id of the user and no name. You cannot delete yourself, the last
    system administrator, or a user who alone administrates a group with other members.
    """
    user_deletion.delete_user(call.requester, user_id)


@user_routes.get("/internal/profile", answers=schemas.Profile)
def get_profile(call: Call) -> dict[str, Any]:
    """Return your user, the permissions of your token, your groups and your preferences."""
    return profiles.get_profile(call.requester)


@user_routes.patch("/internal/profile", raises=(BusyError,))
def update_profile(call: Call, body: schemas.ProfileChange) -> None:
    """Change your own details, and merge preferences into yours."""
    profiles.update_profile(call.requester, body)


@role_routes.get("/acls", answers=list[str])
def list_acls(call: Call) -> list[str]:
    """List the names of all ACLs."""
    return roles.list_acls()


@role_routes.get("/roles", answers=list[schemas.RoleWithAcls])
def list_roles(call: Call) -> list[dict[str, Any]]:
    """List the roles with their ACLs."""
    return roles.list_roles()


@role_routes.post("/user/{user_id}/acls", Acl.MANAGE_USERS, raises=(ForbiddenError, BusyError))
def grant_acls(call: Call, user_id: UserId, body: schemas.AclGrant) -> None:
    """Grant ACLs to a user. Your own token needs the ACLs.

    The tokens that the user has do not change: `POST /internal/tokens` creates one with them.
    """
    permissions.grant_acls(call.requester, user_id, body.aclIds)
    call.notes.append(GRANT_NOTE.format(user_id))


@role_routes.delete("/user/{user_id}/acls/{acl}", Acl.MANAGE_USERS, raises=(ForbiddenError, BusyError))
def revoke_acl(call: Call, user_id: UserId, acl: AclName) -> None:
    """Take an ACL from a user and at once, unless a role of theirs has it, from all of their tokens."""
    permissions.revoke_acl(call.requester, user_id, acl)


@role_routes.post("/user/{user_id}/roles", Acl.MANAGE_USERS, raises=(ForbiddenError, BusyError))
def grant_roles(call: Call, user_id: UserId, body: schemas.RoleGrant) -> None:
    """Grant roles to a user. Your own token needs their ACLs.

    The tokens that the user has do not change: `POST /internal/tokens` creates one with their ACLs.
    """
    permissions.grant_roles(call.requester, user_id, body.roleIds)
    call.notes.append(GRANT_NOTE.format(user_id))


@role_routes.delete("/user/{user_id}/roles/{role}", Acl.MANAGE_USERS, raises=(ForbiddenError, BusyError))
def revoke_role(call: Call, user_id: UserId, role: RoleName) -> None:
    """Take a role from a user and at once, from all of their tokens, the ACLs that they have only by it."""
    permissions.revoke_role(call.requester, user_id, role)


@group_routes.get("/groups", answers=schemas.Groups | list[schemas.Group])
def list_groups(call: Call, query: schemas.GroupsQuery) -> dict[str, Any] | list[dict[str, Any]]:
    """List the groups that you are in, and those that you can see.

    Administrators see all groups. With `name` the answer is a list of the groups of this name.
    """
    return groups.list_groups(call.requester, query)


@group_routes.get("/groups/public", answers=schemas.GroupWithUsers)
def get_public_group(call: Call) -> dict[str, Any]:
    """Return the group that everyone is in."""
    return groups.describe_group(call.requester, PUBLIC_GROUP, with_users=False)


@group_routes.post("/groups", Acl.MANAGE_GROUPS, answers=NewId, raises=(BusyError,))
def create_group(call: Call, body: schemas.NewGroup) -> dict[str, int]:
    """Create a group; you become its first member and administrate it."""
    return {"id": groups.create_group(call.requester, body)}


@group_routes.get("/groups/{group_id}", answers=schemas.GroupWithUsers)
def get_group(call: Call, group_id: GroupId, query: schemas.GroupQuery) -> dict[str, Any]:
    """Return a group that you are in, with its members.

    Everyone is in the public group, so its members are not listed.
    """
    return groups.describe_group(call.requester, group_id, with_users=query.includeGroupUsers)


@group_routes.patch("/groups/{group_id}", Acl.MANAGE_GROUPS, raises=(BusyError,))
def update_group(call: Call, group_id: GroupId, body: schemas.GroupChange) -> None:
    """Change a group that you administrate; omitted fields stay as they are.

    Only administrators can change the public group; single-user groups cannot change. To change who
    administrates a group, use `PATCH /groups/{group_id}/users`.
    """
    groups.update_group(call.requester, group_id, body)


@group_routes.put("/groups/{group_id}", Acl.MANAGE_GROUPS, raises=(BusyError,))
def replace_group(call: Call, group_id: GroupId, body: schemas.GroupChange) -> None:
    """Change a group like PATCH, as clients of SkyPortal do."""
    groups.update_group(call.requester, group_id, body)


@group_routes.delete("/groups/{group_id}", Acl.MANAGE_GROUPS, raises=(BusyError,))
def delete_group(call: Call, group_id: GroupId) -> None:
    """Delete a group that you administrate.

    At once it makes nothing visible any more, and its name is free. Records that belong only to it are
    not deleted: administrators see them. The public group and single-user groups cannot be deleted.
    """
    group_deletion.delete_group(call.requester, group_id)


@group_routes.post("/groups/{group_id}/users", answers=schemas.Membership, raises=(BusyError,))
def add_member(call: Call, group_id: GroupId, body: schemas.NewMember) -> dict[str, Any]:
    """Add a user to a group that you administrate."""
    return group_members.add_member(call.requester, group_id, body)


@group_routes.patch("/groups/{group_id}/users", raises=(BusyError,))
def update_member(call: Call, group_id: GroupId, body: schemas.MemberChange) -> None:
    """Change what a member may do in a group that you administrate.

    A group always has at least one member who administrates it.
    """
    group_members.update_member(call.requester, group_id, body)


@group_routes.delete("/groups/{group_id}/users/{user_id}", raises=(BusyError,))
def remove_member(call: Call, group_id: GroupId, user_id: UserId) -> None:
    """Remove a user from a group that you administrate, or leave a group.

    The last member who administrates a group cannot leave until another member administrates it.
    """
    group_members.remove_member(call.requester, group_id, user_id)


@token_routes.get("/internal/tokens", answers=list[schemas.OwnedToken])
def list_tokens(call: Call, query: schemas.TokenQuery) -> list[dict[str, Any]]:
    """List your tokens without their texts, oldest first."""
    return api_tokens.list_tokens(call.requester, query)


@token_routes.post("/internal/tokens", answers=schemas.TokenText, raises=(BusyError,), is_remembered=False)
def create_token(call: Call, body: schemas.NewToken) -> dict[str, str]:
    """Create a token; only its hash is stored, so its text is shown only once.

    It acts as its user with its ACLs, which must be among those of your own token. Administrators can create
    tokens for anyone, with any ACLs except those that were taken from the user. If your own token expires, the new
    one must not expire later.
    """
    return {"token_id": api_tokens.create_token(call.requester, body)}


@token_routes.get("/internal/tokens/{token_id}", answers=schemas.OwnedToken)
def get_token(call: Call, token_id: TokenId, query: schemas.TokenQuery) -> dict[str, Any]:
    """Return one of your tokens, without its text."""
    return api_tokens.get_token_json(call.requester, token_id, query)


@token_routes.delete("/internal/tokens/{token_id}")
def revoke_token(call: Call, token_id: TokenId, query: schemas.TokenQuery) -> None:
    """Revoke one of your tokens; it stops working at once."""
    api_tokens.revoke_token(call.requester, token_id, query.owner_id)
