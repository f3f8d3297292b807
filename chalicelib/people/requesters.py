"""Turn the token of a request into a requester: two reads, on every request.

Nothing of a token is remembered but how often it was used, so that a revoked one is refused at once.
"""

from collections.abc import Iterable
from dataclasses import replace

from chalicelib.access import Requester
from chalicelib.errors import UnauthorizedError
from chalicelib.people.api_tokens import hash_token
from chalicelib.people.request_limits import count_request, require_rate
from chalicelib.tables.api_tokens import TokenItem, find_token_by_hash
from chalicelib.tables.base import timestamp
from chalicelib.tables.people_items import UserItem
from chalicelib.tables.users import find_user_and_deleted_groups


def authenticate(authorization: str | None, use: str | None = None) -> Requester:
    """Return the requester of an ``Authorization`` header.

    Parameters
    ----------
    authorization : str or None
        ``token <token>`` or ``Bearer <token>``.
    use : str, optional
        What the request does: its method and the pattern of its path. Without it, nothing is counted: a command of
        the operator is no request.

    Raises
    ------
    UnauthorizedError
        If there is no token, it is unknown or expired, or the account of its user expired.
    RateLimitedError
        If the token sent too many requests in this minute.
    """
    scheme, _, text = (authorization or "").strip().partition(" ")
    text = text.strip()
    if scheme.lower() not in ("token", "bearer") or not text:
        raise UnauthorizedError("A token is needed: send the header 'Authorization: token <your token>'.")
    token_hash = hash_token(text)
    require_rate(token_hash)
    token = find_token_by_hash(token_hash)
    user, deleted_groups = find_user_and_deleted_groups(token.user_id) if token else (None, set())
    if token is None or user is None:
        raise UnauthorizedError("Unknown token. Ask an administrator for a new one.")
    if is_expired(user):
        raise UnauthorizedError(
            f"Your account expired on {(user.expires_at or '')[:10]}. Ask someone who manages users to extend it: "
            f"PATCH /api/user/{user.id} with another expirationDate."
        )
    _require_current(token)
    if use is not None:
        count_request(token, use)
    requester = _make_requester(user, deleted_groups, token.acls or ())
    return replace(requester, token_expires_at=token.expires_at)


def load_requester(user_id: int, acls: Iterable[str] = ()) -> Requester | None:
    """Return a user as a requester for whom a job acts, with the groups that they are in now.

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
    return replace(_make_requester(user, deleted_groups, acls), in_job=True)


def is_expired(user: UserItem) -> bool:
    """Return whether the account of a user expired."""
    return user.expires_at is not None and user.expires_at <= timestamp()


def _require_current(token: TokenItem) -> None:
    if token.expires_at is not None and token.expires_at <= timestamp():
        raise UnauthorizedError(
            f"This token expired on {token.expires_at[:19]} UTC. Create another on your profile page or by "
            "POST /api/internal/tokens, with a token that is valid, or ask an administrator for one."
        )


def _make_requester(user: UserItem, deleted_groups: set[int], acls: Iterable[str]) -> Requester:
    return Requester(
        user_id=user.id,
        username=user.username,
        own_group=user.own_group,
        member_of=frozenset(user.group_ids or ()) - deleted_groups,
        acls=frozenset(acls) - (user.withdrawn_acls or set()),
    )
