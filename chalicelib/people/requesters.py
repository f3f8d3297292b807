"""Turn the token of a request into a requester: two reads, on every request."""

from collections.abc import Iterable

from chalicelib.access import Requester
from chalicelib.errors import UnauthorizedError
from chalicelib.people.api_tokens import hash_token
from chalicelib.tables.api_tokens import find_token_by_hash
from chalicelib.tables.base import timestamp
from chalicelib.tables.people_items import UserItem
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
        If there is no token, it is unknown, or the account of its user expired.
    """
    scheme, _, text = (authorization or "").strip().partition(" ")
    text = text.strip()
    if scheme.lower() not in ("token", "bearer") or not text:
        raise UnauthorizedError("A token is needed: send the header 'Authorization: token <your token>'.")
    token = find_token_by_hash(hash_token(text))
    user, deleted_groups = find_user_and_deleted_groups(token.user_id) if token else (None, set())
    if token is None or user is None:
        raise UnauthorizedError("Unknown token. Ask an administrator for a new one.")
    if is_expired(user):
        raise UnauthorizedError(
            f"Your account expired on {(user.expires_at or '')[:10]}. Ask someone who manages users to extend it: "
            f"PATCH /api/user/{user.id} with another expirationDate."
        )
    return _make_requester(user, deleted_groups, token.acls or ())


def load_requester(user_id: int, acls: Iterable[str] = ()) -> Requester | None:
    """Return a user as a requester, with the groups that they are in now.

    Parameters
    ----------
    user_id : int
        The user.
    acls : iterable of str
        The permissions to give them; none by default.

    Returns
    -------
    Requester or None
        None if the user does not exist, or their account expired.
    """
    user, deleted_groups = find_user_and_deleted_groups(user_id)
    if user is None or is_expired(user):
        return None
    return _make_requester(user, deleted_groups, acls)


def is_expired(user: UserItem) -> bool:
    """Return whether the account of a user expired."""
    return user.expires_at is not None and user.expires_at <= timestamp()


def _make_requester(user: UserItem, deleted_groups: set[int], acls: Iterable[str]) -> Requester:
    return Requester(
        user_id=user.id,
        username=user.username,
        own_group=user.own_group,
        member_of=frozenset(user.group_ids or ()) - deleted_groups,
        acls=frozenset(acls) - (user.withdrawn_acls or set()),
    )
