"""How the token of a request becomes a requester: two reads, on every request."""

from collections.abc import Iterable

from chalicelib.access import Requester
from chalicelib.errors import UnauthorizedError
from chalicelib.people.api_tokens import hash_token
from chalicelib.tables import api_tokens as token_table
from chalicelib.tables import people as people_table

__all__ = ["authenticate", "load_requester"]


def authenticate(authorization: str | None) -> Requester:
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
    token = token_table.find_token_by_hash(hash_token(text))
    requester = load_requester(int(token.user_id), token.acls or ()) if token else None
    if requester is None:
        raise UnauthorizedError("Nobody knows this token. Ask an administrator for a new one.")
    return requester


def load_requester(user_id: int, acls: Iterable[str] = ()) -> Requester | None:
    """Return a user as a requester: what works for somebody later sees what they then see.

    Parameters
    ----------
    user_id : int
        The user.
    acls : iterable of str
        The permissions of the token that they come with; none if they come with none.
    """
    user, leaving = people_table.find_user_and_leaving_groups(user_id)
    if user is None:
        return None
    return Requester(
        user_id=int(user.id),
        username=user.username,
        own_group=int(user.own_group),
        member_of=frozenset(int(group) for group in user.group_ids or ()) - leaving,
        acls=frozenset(acls),
    )
