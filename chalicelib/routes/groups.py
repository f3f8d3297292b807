"""Groups, and who is in them."""

from typing import Any

from chalicelib import people
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import GroupId
from chalicelib.schemas.base import Made
from chalicelib.schemas.people import Acl, NewGroup, NewMember

routes = Routes(__name__)


@routes.get("/groups", answers=dict[str, Any])
def every(call: Call) -> dict[str, Any]:
    """List the groups that you are in, and those that you can reach."""
    return people.groups_seen_by(call.requester)


@routes.post("/groups", Acl.MANAGE_GROUPS, answers=Made)
def add(call: Call, body: NewGroup) -> dict[str, int]:
    """Add a group; you are in it and administrate it."""
    return {"id": people.add_group(call.requester, body)}


@routes.post("/groups/{group_id}/users", Acl.MANAGE_GROUPS, answers=dict[str, Any])
def add_member(call: Call, group_id: GroupId, body: NewMember) -> dict[str, Any]:
    """Put a user into a group that you administrate."""
    return people.add_member(call.requester, group_id, body)
