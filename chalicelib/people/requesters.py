"""Turn the token of a request into a requester: two reads, on every request."""

from collections.abc import Iterable

from chalicelib.access import Requester
from chalicelib.errors import UnauthorizedError
from chalicelib.people.api_tokens import hash_token
from chalicelib.tables.api_tokens import find_token_by_hash
from chalicelib.tables.users import find_user_and_deleted_groups


def authenticate(authorization: str | None) -> Requester:
    """Return the requester of an ``Authorization`` header.

    Parameters
    ----------
    authorization : str or None
        ``token <token>`` or ``Bearer <token>``.

    Raises
    ------
    UnauthorizedError
        If there is no token, or it is unknown.
    """
    scheme, _, text = (authorization or "").strip().partition(" ")
    text = text.strip()
    if scheme.lower() not in ("token", "bearer") or not text:
        raise UnauthorizedError("A token is needed: send the header 'Authorization: token <your token>'.")
    token = find_token_by_hash(hash_token(text))
    requester = load_requester(token.user_id, token.acls or ()) if token else None
    if requester is None:
        raise UnauthorizedError("Unknown token. Ask an administrator for a new one.")
    return requester


def load_requester(user_id: int, acls: Iterable[str] = ()) -> Requester | None:
    """Return a user as a requester, with the groups that they are in now.

    Parameters
    ----------
    user_id : int
        The user.
    acls : iterable of str
        The permissions to give them; none by default.
    """
    user, deleted_groups = find_user_and_deleted_groups(user_id)
    if user is None:
        return None
    return Requester(
        user_id=user.id,
        username=user.username,
        own_group=user.own_group,
        member_of=frozenset(user.group_ids or ()) - deleted_groups,
        acls=frozenset(acls),
    )
