"""Tokens: how a script says who sends it, and what it may do."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import ForbiddenError, InvalidError, UnauthorizedError
from chalicelib.schemas.people import NewToken
from chalicelib.tables import api_tokens as api_tokens_table
from chalicelib.tables import people as people_table
from chalicelib.tables.base import ConditionFailed

__all__ = ["create_token", "get_token_json", "hash_token", "issue_token", "list_tokens", "revoke_token"]


def hash_token(text: str) -> str:
    """Return what is kept of a token: texts are random, so that a plain hash tells nothing."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def issue_token(user_id: int, name: str, acls: Iterable[str]) -> str:
    """Make a token and return its text."""
    text = str(uuid.uuid4())
    api_tokens_table.insert_token(secrets.token_hex(6), hash_token(text), name, user_id, acls)
    return text


def create_token(requester: Requester, request: NewToken) -> str:
    """Make a token and return its text, this once: only its hash is kept.

    Raises
    ------
    UnauthorizedError
        If it is for another user, or with permissions that the requester's token lacks, and
        the requester is no administrator.
    InvalidError
        If there is no such user.
    """
    user_id = _whose(requester, request.user_id)
    acls = {acl.value for acl in request.acls}
    if not requester.is_admin and not acls <= requester.acls:
        more = ", ".join(sorted(acls - requester.acls))
        raise UnauthorizedError(f"acls: your own token lacks {more}; ask an administrator.")
    if people_table.find_user(user_id) is None:
        raise InvalidError(f"user_id: there is no user {user_id}.")
    return issue_token(user_id, request.name, acls)


def list_tokens(requester: Requester, user_id: int | None) -> list[dict[str, Any]]:
    """Return a user's tokens without their texts, the oldest first; by default the requester's."""
    tokens = api_tokens_table.find_user_tokens(_whose(requester, user_id))
    return [_shown(token) for token in sorted(tokens, key=lambda token: token.created_at)]


def get_token_json(requester: Requester, token_id: str, user_id: int | None) -> dict[str, Any]:
    """Return a token without its text."""
    return _shown(_found(requester, token_id, user_id))


def revoke_token(requester: Requester, token_id: str, user_id: int | None) -> None:
    """Forget a token: it is unknown from now on."""
    token = _found(requester, token_id, user_id)
    try:
        api_tokens_table.delete_token(token)
    except ConditionFailed:
        raise _unknown(token_id) from None


def _whose(requester: Requester, user_id: int | None) -> int:
    if user_id not in (None, requester.user_id) and not requester.is_admin:
        raise UnauthorizedError("user_id: the tokens of others are for administrators only.")
    return user_id or requester.user_id


def _found(requester: Requester, token_id: str, user_id: int | None) -> api_tokens_table.TokenItem:
    token = (
        api_tokens_table.find_token(_whose(requester, user_id), token_id)
        if 0 < len(token_id) <= 100
        else None
    )
    if token is None:
        raise _unknown(token_id)
    return token


def _unknown(token_id: str) -> ForbiddenError:
    return ForbiddenError(
        f"There is no token {token_id[:40]!r} that you may see. GET /api/internal/tokens lists yours."
    )


def _shown(token: api_tokens_table.TokenItem) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "acls": sorted(token.acls or ()),
        "created_at": token.created_at,
    }
