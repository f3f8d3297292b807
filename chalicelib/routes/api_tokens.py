"""Tokens: how a script says who sends it, and what it may do."""

from typing import Any

from chalicelib.people import api_tokens
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import TokenId
from chalicelib.schemas.people import NewToken, Token, TokenQuery, TokenText

routes = Routes(__name__)


@routes.get("/internal/tokens", answers=list[Token])
def list_tokens(call: Call, query: TokenQuery) -> list[dict[str, Any]]:
    """List your tokens without their texts, the oldest first."""
    return api_tokens.list_tokens(call.requester, query.user_id)


@routes.post("/internal/tokens", answers=TokenText)
def create_token(call: Call, body: NewToken) -> dict[str, str]:
    """Make a token; its text is shown this once, only its hash is kept.

    It acts as its user with the ACLs named, which must be among those of your own token.
    Administrators make tokens for anyone, with any ACLs.
    """
    return {"token_id": api_tokens.create_token(call.requester, body)}


@routes.get("/internal/tokens/{token_id}", answers=Token)
def get_token(call: Call, token_id: TokenId, query: TokenQuery) -> dict[str, Any]:
    """Read one of your tokens, without its text."""
    return api_tokens.get_token_json(call.requester, token_id, query.user_id)


@routes.delete("/internal/tokens/{token_id}")
def revoke_token(call: Call, token_id: TokenId, query: TokenQuery) -> None:
    """Forget one of your tokens: it is unknown from now on."""
    api_tokens.revoke_token(call.requester, token_id, query.user_id)
