"""API tokens: found by the hash of their text, or by their user and id."""

from collections.abc import Iterable
from typing import Any

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from chalicelib.tables.base import IntegerAttribute, Registry, timestamp, transaction


class TokenItem(Registry):
    """A token; stored under the hash of its text and, for its user, under its id."""

    id = UnicodeAttribute()
    hash = UnicodeAttribute()
    name = UnicodeAttribute()
    user_id = IntegerAttribute()
    acls = UnicodeSetAttribute(null=True)
    created_at = UnicodeAttribute()


def insert_token(token_id: str, token_hash: str, name: str, user_id: int, acls: Iterable[str]) -> None:
    """Add a token.

    Raises
    ------
    AlreadyExists
        If a token has this id or this text.
    """
    attributes: dict[str, Any] = {
        "id": token_id, "hash": token_hash, "name": name, "user_id": user_id, "acls": set(acls) or None,
        "created_at": timestamp(),
    }  # fmt: skip
    with transaction() as write:
        for kind, key in (("token", token_hash), (_kind(user_id), token_id)):
            write.save(TokenItem(kind, key, **attributes), TokenItem.key.does_not_exist())


def delete_token(token: TokenItem) -> None:
    """Delete a token.

    Raises
    ------
    StateChanged
        If it was deleted already.
    """
    with transaction() as write:
        write.delete(TokenItem("token", token.hash), TokenItem.key.exists())
        write.delete(TokenItem(_kind(token.user_id), token.id))


def find_token_by_hash(token_hash: str) -> TokenItem | None:
    """Return the token whose text has this hash."""
    return TokenItem.find("token", token_hash)


def find_token(user_id: int, token_id: str) -> TokenItem | None:
    """Return a token of a user by its id."""
    return TokenItem.find(_kind(user_id), token_id)


def find_user_tokens(user_id: int) -> list[TokenItem]:
    """Return the tokens of a user."""
    return list(TokenItem.query(_kind(user_id), consistent_read=True))


def _kind(user_id: int) -> str:
    return f"token_of_{user_id}"
