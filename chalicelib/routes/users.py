"""Users, and who one is oneself."""

from typing import Any

from chalicelib import people
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.schemas.base import Made
from chalicelib.schemas.people import Acl, NewUser

routes = Routes(__name__)


@routes.post("/user", Acl.MANAGE_USERS, answers=Made)
def add(call: Call, body: NewUser) -> dict[str, int]:
    """Add a user, with a single-user group of their own."""
    return {"id": people.add_user(call.requester, body)}


@routes.get("/internal/profile", answers=dict[str, Any])
def profile(call: Call) -> dict[str, Any]:
    """Read who you are: your user, your token's permissions, your groups."""
    return people.profile(call.requester)
