"""Tokens: how a script says who sends it, and what it may do."""

from typing import Any

from chalicelib import people
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import Text
from chalicelib.schemas.people import NewToken

routes = Routes(__name__)


@routes.get("/internal/tokens", answers=list[dict[str, Any]])
def every(call: Call) -> list[dict[str, Any]]:
    """List your tokens, without their texts."""
    return people.tokens(call.requester)


@routes.post("/internal/tokens", answers=dict[str, str])
def add(call: Call, body: NewToken) -> dict[str, str]:
    """Make a token; its text is shown this once, only its hash is kept."""
    return {"token_id": people.add_token(call.requester, body)}


@routes.delete("/internal/tokens/{token_id}")
def drop(call: Call, token_id: Text) -> None:
    """Forget one of your tokens: it is unknown from now on."""
    people.drop_token(call.requester, token_id)
