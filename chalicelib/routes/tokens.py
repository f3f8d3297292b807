"""Tokens: how a script says who sends it, and what it may do."""

from typing import Any

from chalicelib.people import tokens
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.paths import TokenId
from chalicelib.schemas.people import NewToken, Token, TokenQuery, TokenText

routes = Routes(__name__)


@routes.get("/internal/tokens", answers=list[Token])
def every(call: Call, query: TokenQuery) -> list[dict[str, Any]]:
    """List your tokens without their texts, the oldest first."""
    return tokens.every(call.requester, query.user_id)


@routes.post("/internal/tokens", answers=TokenText)
def add(call: Call, body: NewToken) -> dict[str, str]:
    """Make a token; its text is shown this once, only its hash is kept.

    It acts as its user with the ACLs named, which must be among those of your own token.
    Administrators make tokens for anyone, with any ACLs.
    """
    return {"token_id": tokens.add(call.requester, body)}


@routes.get("/internal/tokens/{token_id}", answers=Token)
def read(call: Call, token_id: TokenId, query: TokenQuery) -> dict[str, Any]:
    """Read one of your tokens, without its text."""
    return tokens.read(call.requester, token_id, query.user_id)


@routes.delete("/internal/tokens/{token_id}")
def drop(call: Call, token_id: TokenId, query: TokenQuery) -> None:
    """Forget one of your tokens: it is unknown from now on."""
    tokens.drop(call.requester, token_id, query.user_id)
