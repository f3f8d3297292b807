"""Tokens: looked up by the hash of their text, listed by their user."""

from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.attributes import UnicodeSetAttribute as TextSet
from pynamodb.exceptions import DoesNotExist

from chalicelib.tables.base import Registry, timestamp, transaction

__all__ = [
    "TokenItem",
    "delete_token",
    "find_token",
    "find_token_by_hash",
    "find_user_tokens",
    "insert_token",
]


class TokenItem(Registry):
    """A token, under the hash of its text and, for its user, under its id."""

    id = UnicodeAttribute()
    hash = UnicodeAttribute()
    name = UnicodeAttribute()
    user_id = NumberAttribute()
    acls = TextSet(null=True)
    created_at = UnicodeAttribute()


def insert_token(token_id: str, token_hash: str, name: str, user_id: int, acls: Iterable[str]) -> None:
    """Keep a token by the hash of its text.

    Raises
    ------
    LostRace
        If there is a token of this id, or this text.
    """
    made, allowed = timestamp(), set(acls) or None
    with transaction() as write:
        for kind, key in (("token", token_hash), (_kind(user_id), token_id)):
            item = TokenItem(
                kind, key, id=token_id, hash=token_hash, name=name, user_id=user_id,
                acls=allowed, created_at=made,
            )  # fmt: skip
            write.save(item, condition=TokenItem.key.does_not_exist())


def delete_token(token: TokenItem) -> None:
    """Forget a token: it is unknown from now on.

    Raises
    ------
    LostRace
        If it is forgotten already.
    """
    with transaction() as write:
        write.delete(TokenItem("token", token.hash), condition=TokenItem.key.exists())
        write.delete(TokenItem(_kind(int(token.user_id)), token.id))


def find_token_by_hash(token_hash: str) -> TokenItem | None:
    return _get("token", token_hash)


def find_token(user_id: int, token_id: str) -> TokenItem | None:
    """Return a token of a user by its id."""
    return _get(_kind(user_id), token_id)


def find_user_tokens(user_id: int) -> list[TokenItem]:
    return list(TokenItem.query(_kind(user_id), consistent_read=True))


def _kind(user_id: int) -> str:
    return f"token_of_{user_id}"


def _get(kind: str, key: str) -> TokenItem | None:
    try:
        return TokenItem.get(kind, key, consistent_read=True)
    except DoesNotExist:
        return None
