"""How long a request may still wait: API Gateway ends it after 29 s, and does not say when to come back."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from chalicelib.errors import UnavailableError

REQUEST_SECONDS = 27.0
"""Seconds of a request, so that its answer arrives before API Gateway's 29 s."""

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


@contextmanager
def limit_request() -> Iterator[None]:
    """Let what is done in the block wait for `REQUEST_SECONDS` in all; jobs have no such limit."""
    token = _deadline.set(time.monotonic() + REQUEST_SECONDS)
    try:
        yield
    finally:
        _deadline.reset(token)


def limit_wait(longest: float) -> float:
    """Return for how many seconds to wait: `longest`, or what is left of the request."""
    deadline = _deadline.get()
    return longest if deadline is None else min(longest, deadline - time.monotonic())


def require_time(seconds: float = 0.0) -> None:
    """Raise unless more than so many seconds are left of the request.

    Raises
    ------
    UnavailableError
        With the header ``Retry-After``.
    """
    if limit_wait(math.inf) <= seconds:
        raise UnavailableError("The answer would take too long, because other systems are slow. Try again in a second.")
