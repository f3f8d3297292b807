"""API tokens: they say who sends a request, and what the request may do."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import HiddenError, InvalidError, UnauthorizedError
from chalicelib.people.roles import ACLS
from chalicelib.schemas.people import LONGEST_LIFE_DAYS, NewToken, TokenQuery
from chalicelib.sources.times import parse_time
from chalicelib.tables import api_tokens as api_tokens_table
from chalicelib.tables.api_tokens import TokenItem
from chalicelib.tables.base import StateChanged, now, retry_on_conflict
from chalicelib.tables.people_items import UserItem
from chalicelib.tables.users import find_user


def hash_token(text: str) -> str:
    """Return what is stored of a token; texts are random, so a plain hash does not reveal them."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


LONGEST_LIFE = timedelta(days=LONGEST_LIFE_DAYS)
"""How long from now a token with an expiry may be valid."""


def issue_token(user: UserItem, name: str, acls: Iterable[str], expires_at: str | None = None) -> str:
    """Create a token of a user, as they were read, and return its text.

    Raises
    ------
    StateChanged
        If the user was changed or deleted since.
    """
    text = str(uuid.uuid4())
    api_tokens_table.insert_token(secrets.token_hex(6), hash_token(text), name, user, acls, expires_at)
    return text


def create_token(requester: Requester, request: NewToken) -> str:
    """Create a token and return its text, which is not stored: only its hash is.

    Raises
    ------
    UnauthorizedError
        If the requester is no administrator, and the token is for another user or has permissions
        that their own token lacks.
    InvalidError
        If the user does not exist, a permission was taken from them, or the token would expire in the past, too
        late, or later than the requester's own.
    """
    user_id = _resolve_user_id(requester, request.user_id)
    acls = set(request.acls)
    expires_at = _resolve_expiry(requester, request)

    def attempt() -> str:
        user = find_user(user_id)
        if user is None:
            raise InvalidError(f"user_id: there is no user {user_id}.")
        _require_allowed(requester, user, acls)
        return issue_token(user, request.name, acls, expires_at)

    return retry_on_conflict(attempt, f"Other requests are changing user {user_id}. Try again.")


def _resolve_expiry(requester: Requester, request: NewToken) -> str | None:
    """Return when a new token expires; whoever finds a token that expires must not make a lasting one of it."""
    expiry = _parse_expiry(request)
    expires_at = None if expiry is None else expiry.isoformat(timespec="microseconds")
    latest = requester.token_expires_at
    if latest is not None and (expires_at is None or expires_at > latest):
        raise InvalidError(
            f"expires_at: your own token expires on {latest[:19]} UTC, and a token that you create with it must not "
            "expire later. Give an earlier time, or use a token without expiry."
        )
    return expires_at


def _parse_expiry(request: NewToken) -> datetime | None:
    if request.expires_in_days is not None:
        return now() + timedelta(days=request.expires_in_days)
    if not (request.expires_at or "").strip():
        return None
    expiry = parse_time("expires_at", str(request.expires_at))
    if not now() < expiry <= now() + LONGEST_LIFE:
        raise InvalidError(
            f"expires_at: {expiry.isoformat()[:19]} UTC is not within {LONGEST_LIFE_DAYS} days from now; give a later "
            "or an earlier time, or leave it out for a token without expiry."
        )
    return expiry


def _require_allowed(requester: Requester, user: UserItem, acls: set[str]) -> None:
    """Raise if a token of a user may not have these ACLs; one that is not known allows nothing."""
    withdrawn = user.withdrawn_acls or set()
    if taken := ", ".join(sorted(acls & withdrawn)):
        raise InvalidError(
            f"acls: {taken} was taken from user {user.id}; leave it out, or have it granted first "
            f"(POST /api/user/{user.id}/acls)."
        )
    # What the user was granted does not count: whoever finds a weak token must not make a strong one of it.
    missing = acls & ACLS - requester.acls
    if missing and not requester.is_admin:
        names = ", ".join(sorted(missing))
        raise UnauthorizedError(f"acls: your own token lacks {names}; ask an administrator for a token with it.")


def list_tokens(requester: Requester, query: TokenQuery) -> list[dict[str, Any]]:
    """Return a user's tokens without their texts, the oldest first; by default the requester's."""
    tokens = _find_tokens(_resolve_user_id(requester, query.owner_id))
    return _tokens_to_json(tokens, query)


def find_own_tokens(requester: Requester) -> list[TokenItem]:
    """Return the requester's tokens, the oldest first."""
    return _find_tokens(requester.user_id)


def _find_tokens(user_id: int) -> list[TokenItem]:
    return sorted(api_tokens_table.find_user_tokens(user_id), key=lambda token: token.created_at)


def describe_token(token: TokenItem) -> dict[str, Any]:
    """Return a token without its text, as a profile shows it."""
    return {"id": token.id, "name": token.name, "acls": sorted(token.acls or ()), "created_at": token.created_at}


def _load_uses(tokens: list[TokenItem]) -> dict[str, dict[str, str | None]]:
    """Return the expiry and the last use of tokens, by id."""
    return {
        token.id: {
            "expires_at": token.expires_at, "last_used_at": token.last_used_at, "last_use": token.last_use,
        }
        for token in api_tokens_table.find_tokens_with_use(tokens)
    }  # fmt: skip


def get_token_json(requester: Requester, token_id: str, query: TokenQuery) -> dict[str, Any]:
    """Return a token without its text."""
    return _tokens_to_json([_get_token(requester, token_id, query.owner_id)], query)[0]


def revoke_token(requester: Requester, token_id: str, user_id: int | None) -> None:
    """Delete a token; requests with it are refused from now on."""
    token = _get_token(requester, token_id, user_id)
    try:
        api_tokens_table.delete_token(token)
    except StateChanged:
        raise _not_found(token_id) from None


def _resolve_user_id(requester: Requester, user_id: int | None) -> int:
    if user_id not in (None, requester.user_id) and not requester.is_admin:
        raise UnauthorizedError("user_id: only administrators see and create the tokens of other users.")
    return user_id or requester.user_id


def _get_token(requester: Requester, token_id: str, user_id: int | None) -> TokenItem:
    user_id = _resolve_user_id(requester, user_id)
    # DynamoDB takes no empty keys, and none of more than 1024 bytes.
    token = api_tokens_table.find_token(user_id, token_id) if 0 < len(token_id) <= 100 else None
    token = token or _find_by_text(requester, user_id, token_id)
    if token is None:
        raise _not_found(token_id)
    return token


def _find_by_text(requester: Requester, user_id: int, text: str) -> TokenItem | None:
    """Return a token by its text, as clients of SkyPortal know it."""
    token = api_tokens_table.find_token_by_hash(hash_token(text))
    return token if token and (token.user_id == user_id or requester.is_admin) else None


def _not_found(token_id: str) -> HiddenError:
    return HiddenError(f"There is no token {token_id[:4]!r}… that you may see. GET /api/internal/tokens lists yours.")


def _tokens_to_json(tokens: list[TokenItem], query: TokenQuery) -> list[dict[str, Any]]:
    """Return tokens as SkyPortal shows them; what it does not have is added on request."""
    uses = _load_uses(tokens) if query.includeDetails else {}
    return [{**_token_to_json(token), **uses.get(token.id, {})} for token in tokens]


def _token_to_json(token: TokenItem) -> dict[str, Any]:
    described = describe_token(token)
    acls = [{"id": name} for name in described["acls"]]
    modified = token.modified or token.created_at
    return {**described, "acls": acls, "modified": modified, "created_by_id": token.user_id}
