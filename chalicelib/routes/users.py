"""Users, and who one is oneself."""

from typing import Any

from chalicelib.errors import BusyError, ForbiddenError
from chalicelib.people import users
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import UserId
from chalicelib.schemas.base import NewId
from chalicelib.schemas.people import Acl, NewUser, Profile, User, Users, UsersQuery

routes = Routes(__name__)


@routes.get("/user", Acl.MANAGE_USERS, answers=Users)
def list_users(call: Call, query: UsersQuery) -> dict[str, Any]:
    """List the users by name, a page at a time."""
    return users.list_users(call.requester, query)


@routes.post("/user", Acl.MANAGE_USERS, answers=NewId, raises=(ForbiddenError, BusyError))
def create_user(call: Call, body: NewUser) -> dict[str, int]:
    """Add a user, with a single-user group of their own.

    They are put only into groups that you administrate. What they may do is said by the ACLs of
    their tokens (`POST /internal/tokens`).
    """
    return {"id": users.create_user(call.requester, body)}


@routes.get("/user/{user_id}", answers=User)
def get_user(call: Call, user_id: UserId) -> dict[str, Any]:
    """Read a user: yourself, or anyone if you have the permission `Manage users`."""
    return users.get_user(call.requester, user_id)


@routes.get("/internal/profile", answers=Profile)
def get_profile(call: Call) -> dict[str, Any]:
    """Read who you are: your user, your token's permissions, your groups."""
    return users.get_profile(call.requester)
