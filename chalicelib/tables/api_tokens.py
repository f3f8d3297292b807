"""API tokens: found by the hash of their text, or by their user and id."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from chalicelib.tables.base import IntegerAttribute, Registry, StateChanged, changes_to_actions, timestamp, transaction
from chalicelib.tables.people_items import UserItem, is_user_unchanged


class TokenItem(Registry):
    """A token; stored under the hash of its text and, for its user, under its id.

    ``last_used_at``, ``last_use`` and the ``requests`` of the ``minute`` of the last use are under the hash only:
    every request reads that item.
    """

    id = UnicodeAttribute()
    hash = UnicodeAttribute()
    name = UnicodeAttribute()
    user_id = IntegerAttribute()
    acls = UnicodeSetAttribute(null=True)
    created_at = UnicodeAttribute()
    modified = UnicodeAttribute(null=True)
    expires_at = UnicodeAttribute(null=True)
    last_used_at = UnicodeAttribute(null=True)
    last_use = UnicodeAttribute(null=True)
    minute = IntegerAttribute(null=True)
    requests = IntegerAttribute(null=True)


def insert_token(
    token_id: str, token_hash: str, name: str, user: UserItem, acls: Iterable[str], expires_at: str | None = None
) -> None:
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
        "created_at": timestamp(), "expires_at": expires_at,
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


def add_requests(token: TokenItem, minute: int, count: int, use: str) -> None:
    """Add requests to the count of a minute; the first of a minute also say when and for what the token is used.

    Parameters
    ----------
    token : TokenItem
        The token, found by its hash; its count is that of all processes afterwards.
    minute : int
        The minutes since 1970.
    count : int
        How many requests.
    use : str
        What the last of them does.

    Raises
    ------
    StateChanged
        If the token was deleted.
    """
    is_new = TokenItem.minute.does_not_exist() | (TokenItem.minute < minute)
    first = {"minute": minute, "requests": count, "last_used_at": timestamp(), "last_use": use}
    exists = TokenItem.key.exists()
    if (token.minute or 0) < minute:
        # If another process was first, the count is added to its own.
        with suppress(StateChanged):
            token.update_if(changes_to_actions(TokenItem, first), exists & is_new)
            return
    token.update_if([TokenItem.requests.add(count)], exists)


def find_token_by_hash(token_hash: str) -> TokenItem | None:
    """Return the token whose text has this hash."""
    return TokenItem.find("token", token_hash)


def find_token(user_id: int, token_id: str) -> TokenItem | None:
    """Return a token of a user by its id."""
    return TokenItem.find(_kind(user_id), token_id)


def find_user_tokens(user_id: int) -> list[TokenItem]:
    """Return the tokens of a user."""
    return list(TokenItem.query(_kind(user_id), consistent_read=True))


def find_tokens_with_use(tokens: Iterable[TokenItem]) -> list[TokenItem]:
    """Return tokens as they lie under their hashes, with their last use; deleted ones are left out."""
    return TokenItem.find_many(("token", token.hash) for token in tokens)


def _kind(user_id: int) -> str:
    return f"token_of_{user_id}"
