"""API tokens: found by the hash of their text, or by their user and id."""

from collections.abc import Iterable
from typing import Any

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from chalicelib.tables.base import IntegerAttribute, Registry, StateChanged, changes_to_actions, timestamp, transaction
from chalicelib.tables.people_items import UserItem, is_user_unchanged


class TokenItem(Registry):
    """A token; stored under the hash of its text and, for its user, under its id."""

    id = UnicodeAttribute()
    hash = UnicodeAttribute()
    name = UnicodeAttribute()
    user_id = IntegerAttribute()
    acls = UnicodeSetAttribute(null=True)
    created_at = UnicodeAttribute()
    modified = UnicodeAttribute(null=True)


def insert_token(token_id: str, token_hash: str, name: str, user: UserItem, acls: Iterable[str]) -> None:
    """Add a token of a user, as they were read.

    Raises
    ------
    AlreadyExists
        If a token has this id or this text.
    StateChanged
        If the user was changed or deleted since: they may have lost an ACL of the token.
    """
    attributes: dict[str, Any] = {
        "id": token_id, "hash": token_hash, "name": name, "user_id": user.id, "acls": set(acls) or None,
        "created_at": timestamp(),
    }  # fmt: skip
    with transaction() as write:
        write.check(UserItem, "user", user.key, is_user_unchanged(user), StateChanged())
        for kind, key in (("token", token_hash), (_kind(user.id), token_id)):
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


def remove_token_acls(token: TokenItem, acls: Iterable[str]) -> None:
    """Take ACLs from a token.

    Raises
    ------
    StateChanged
        If it was deleted.
    """
    actions = [TokenItem.acls.delete(set(acls)), *changes_to_actions(TokenItem, {"modified": timestamp()})]
    with transaction() as write:
        for kind, key in (("token", token.hash), (_kind(token.user_id), token.id)):
            write.update(TokenItem(kind, key), actions, TokenItem.key.exists())


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
