"""How many requests a token may send in a minute, and the record of its last use.

Each process counts in memory. It adds its count to the token at the first request of a minute, then whenever the
count has doubled, at least after every `BATCH` requests: so at most half of the requests are not known to the others.
Each request reads the token anyway, and with it the counts of all processes.
"""

import time
from contextlib import suppress
from dataclasses import dataclass, field

from chalicelib import settings
from chalicelib.errors import BusyError, RateLimitedError
from chalicelib.tables import api_tokens as api_tokens_table
from chalicelib.tables.api_tokens import TokenItem
from chalicelib.tables.base import StateChanged

BATCH = 50
"""Most requests of a process between two writes of its count."""


@dataclass
class _Count:
    """The requests of a token that this process has seen in a minute, and those of them that are not yet written."""

    total: int = 0
    pending: int = 0


@dataclass
class _Minute:
    """The counts of one minute, by the hash of the token."""

    number: int = 0
    counts: dict[str, _Count] = field(default_factory=dict)


_current = _Minute()


def read_clock() -> float:
    """Return the seconds since 1970."""
    return time.time()


def require_rate(token_hash: str) -> None:
    """Raise if this process alone has seen as many requests of a token as are allowed in a minute.

    Nothing is read or written for it.

    Raises
    ------
    RateLimitedError
        Until the minute ends.
    """
    count = _get_minute().counts.get(token_hash)
    if count is not None and count.total >= settings.REQUESTS_PER_MINUTE:
        raise _make_error()


def count_request(token: TokenItem, use: str) -> None:
    """Count a request of a token, as it was read.

    Parameters
    ----------
    token : TokenItem
        The token.
    use : str
        What the request does: its method and the pattern of its path.

    Raises
    ------
    RateLimitedError
        If all processes together have seen more requests than are allowed in a minute.
    """
    minute = _get_minute()
    count = minute.counts.setdefault(token.hash, _Count())
    written = token.requests or 0 if token.minute == minute.number else 0
    if written + count.pending >= settings.REQUESTS_PER_MINUTE:
        raise _make_error()
    count.total += 1
    count.pending += 1
    known = count.total - count.pending
    if count.pending >= min(BATCH, max(1, known)):
        pending, count.pending = count.pending, 0
        # A token that was deleted meanwhile has no count; one that is being changed is counted next time.
        with suppress(StateChanged, BusyError):
            api_tokens_table.add_requests(token, minute.number, pending, use)


def _get_minute() -> _Minute:
    """Return the counts of the present minute; those of the minute before are dropped."""
    number = int(read_clock() // 60)
    if number != _current.number:
        _current.number = number
        _current.counts = {}
    return _current


def _make_error() -> RateLimitedError:
    seconds = 60 - int(read_clock() % 60)
    return RateLimitedError(
        f"Your token has sent {settings.REQUESTS_PER_MINUTE} requests in this minute, and no more are allowed. "
        f"Try again in {seconds} s.",
        seconds,
    )
