"""How the token of a request becomes a requester: two reads, on every request."""

from collections.abc import Iterable

from chalicelib.access import Requester
from chalicelib.errors import UnauthorizedError
from chalicelib.people.tokens import hash_of
from chalicelib.tables import people as table
from chalicelib.tables import tokens as token_table

__all__ = ["requester_numbered", "requester_of"]


def requester_of(authorization: str | None) -> Requester:
    """Return who sends an ``Authorization`` header.

    Parameters
    ----------
    authorization : str or None
        ``token <token>`` or ``Bearer <token>``.

    Raises
    ------
    UnauthorizedError
        If there is no token, or nobody knows it.
    """
    scheme, _, text = (authorization or "").strip().partition(" ")
    text = text.strip()
    if scheme.lower() not in ("token", "bearer") or not text:
        raise UnauthorizedError("A token is needed: send the header 'Authorization: token <your token>'.")
    token = token_table.by_hash(hash_of(text))
    requester = requester_numbered(int(token.user_id), token.acls or ()) if token else None
    if requester is None:
        raise UnauthorizedError("Nobody knows this token. Ask an administrator for a new one.")
    return requester


def requester_numbered(user_id: int, acls: Iterable[str] = ()) -> Requester | None:
    """Return a user as a requester: what works for somebody later sees what they then see.

    Parameters
    ----------
    user_id : int
        The user.
    acls : iterable of str
        The permissions of the token that they come with; none if they come with none.
    """
    user, leaving = table.user_and_leaving(user_id)
    if user is None:
        return None
    return Requester(
        user_id=int(user.id),
        username=user.username,
        own_group=int(user.own_group),
        member_of=frozenset(int(group) for group in user.group_ids or ()) - leaving,
        acls=frozenset(acls),
    )
