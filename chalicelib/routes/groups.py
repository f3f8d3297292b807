"""Groups, and who is in them."""

from typing import Any

from chalicelib.errors import BusyError
from chalicelib.people import group_deletion, group_members, groups
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import GroupId, UserId
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import (
    Acl,
    GroupChange,
    GroupQuery,
    Groups,
    GroupWithUsers,
    MemberChange,
    Membership,
    NewGroup,
    NewMember,
)

routes = Routes(__name__)


@routes.get("/groups", answers=Groups)
def list_groups(call: Call) -> dict[str, Any]:
    """List the groups that you are in, and those that you can see.

    Administrators see every group, except in this list the single-user groups of others.
    """
    return groups.list_groups(call.requester)


@routes.post("/groups", Acl.MANAGE_GROUPS, answers=NewId, raises=(BusyError,))
def create_group(call: Call, body: NewGroup) -> dict[str, int]:
    """Add a group; you are in it and administrate it."""
    return {"id": groups.create_group(call.requester, body)}


@routes.get("/groups/{group_id}", answers=GroupWithUsers)
def get_group(call: Call, group_id: GroupId, query: GroupQuery) -> dict[str, Any]:
    """Read a group that you are in, with who is in it.

    Everyone is in the public group: its members are not listed here.
    """
    return groups.describe_group(call.requester, group_id, with_users=query.includeGroupUsers)


@routes.patch("/groups/{group_id}", Acl.MANAGE_GROUPS, raises=(BusyError,))
def update_group(call: Call, group_id: GroupId, body: GroupChange) -> None:
    """Change a group that you administrate; what is left out stays as it was.

    The public group is the administrators' to change; a single-user group stays as it is. Who
    administrates a group is changed by `PATCH /groups/{group_id}/users`.
    """
    groups.update_group(call.requester, group_id, body)


@routes.delete("/groups/{group_id}", Acl.MANAGE_GROUPS, raises=(BusyError,))
def delete_group(call: Call, group_id: GroupId) -> None:
    """Delete a group that you administrate.

    From now on nobody sees anything through it, and its name is free. What belongs to it alone is
    not deleted: administrators see it. The public group and single-user groups stay.
    """
    group_deletion.delete_group(call.requester, group_id)


@routes.post("/groups/{group_id}/users", Acl.MANAGE_GROUPS, answers=Membership, raises=(BusyError,))
def add_member(call: Call, group_id: GroupId, body: NewMember) -> dict[str, Any]:
    """Put a user into a group that you administrate."""
    return group_members.add_member(call.requester, group_id, body)


@routes.patch("/groups/{group_id}/users", Acl.MANAGE_GROUPS, raises=(BusyError,))
def update_member(call: Call, group_id: GroupId, body: MemberChange) -> None:
    """Change what a member may do in a group that you administrate.

    A group always has a member who administrates it.
    """
    group_members.update_member(call.requester, group_id, body)


@routes.delete("/groups/{group_id}/users/{user_id}", raises=(BusyError,))
def remove_member(call: Call, group_id: GroupId, user_id: UserId) -> None:
    """Take a user out of a group that you administrate, or leave a group.

    To leave needs no permission; to take out others needs `Manage groups`. The last one who
    administrates a group cannot go: another member has to administrate it first.
    """
    group_members.remove_member(call.requester, group_id, user_id)
