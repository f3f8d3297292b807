"""Users, groups, tokens."""

from typing import Any

from chalicelib import people
from chalicelib.errors import ForbiddenError
from chalicelib.routes.http import Call, Routes, id_in_path
from chalicelib.schemas.people import Acl, NewGroup, NewMember, NewToken, NewUser

routes = Routes(__name__)


@routes.get("/groups")
def list_groups(call: Call) -> dict[str, Any]:
    return people.groups_seen_by(call.requester)


@routes.post("/groups", Acl.MANAGE_GROUPS)
def add_group(call: Call) -> dict[str, int]:
    return {"id": people.add_group(call.requester, call.read(NewGroup))}


@routes.post("/groups/{group_id}/users", Acl.MANAGE_GROUPS)
def add_member(call: Call, group_id: str) -> dict[str, Any]:
    wanted = id_in_path(group_id, "group", ForbiddenError)
    return people.add_member(call.requester, wanted, call.read(NewMember))


@routes.post("/user", Acl.MANAGE_USERS)
def add_user(call: Call) -> dict[str, int]:
    return {"id": people.add_user(call.requester, call.read(NewUser))}


@routes.get("/internal/profile")
def profile(call: Call) -> dict[str, Any]:
    return people.profile(call.requester)


@routes.get("/internal/tokens")
def list_tokens(call: Call) -> list[dict[str, Any]]:
    return people.tokens(call.requester)


@routes.post("/internal/tokens")
def add_token(call: Call) -> dict[str, str]:
    return {"token_id": people.add_token(call.requester, call.read(NewToken))}


@routes.delete("/internal/tokens/{token_id}")
def drop_token(call: Call, token_id: str) -> None:
    people.drop_token(call.requester, token_id)
