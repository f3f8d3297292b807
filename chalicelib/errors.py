"""Every error that a user can meet.

::

    HeliographError
    ├── InvalidError          400  malformed or invalid, duplicates too
    │   └── LateError         400  a callback after its time
    ├── UnauthorizedError     401  no token, unknown token, missing permission
    ├── ForbiddenError        403  not yours, not there, or not in this state
    ├── NotFoundError         404  no such source, product or route
    ├── MethodError           405  a method that a route does not have
    ├── TooLargeError         413  more than fits, with the way round
    ├── UnreadableError       422  a document that cannot be read
    ├── BusyError             429  others are changing the same record, again and again
    └── UnavailableError      503  something outside does not answer

    RetryLater                     raised to a queue, never to a user: bring the message back
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

__all__ = [
    "BusyError",
    "ForbiddenError",
    "HeliographError",
    "InvalidError",
    "LateError",
    "MethodError",
    "NotFoundError",
    "RetryLater",
    "TooLargeError",
    "UnauthorizedError",
    "UnavailableError",
    "UnreadableError",
]


RETRY_SOON = MappingProxyType({"Retry-After": "1"})


class HeliographError(Exception):
    """Base of the errors that are answered with their message.

    Attributes
    ----------
    status : int
        The status of the answer.
    headers : dict
        Headers of the answer.
    """

    status = 500
    headers: Mapping[str, str] = MappingProxyType({})


class InvalidError(HeliographError):
    """The request is malformed, or a value in it is not what was expected."""

    status = 400


class LateError(InvalidError):
    """The callback came after the analysis' time was over."""


class UnauthorizedError(HeliographError):
    """There is no token, nobody knows it, or it lacks the permission."""

    status = 401


class ForbiddenError(HeliographError):
    """What was named is not the requester's, does not exist, or forbids this step."""

    status = 403


class NotFoundError(HeliographError):
    """There is no such source, product or route."""

    status = 404


class MethodError(HeliographError):
    """The route exists, the method does not; those that do are in the header ``Allow``."""

    status = 405

    def __init__(self, message: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.headers = {"Allow": ", ".join(sorted(allowed))}


class BusyError(HeliographError):
    """Somebody else wrote the same record at the same time, again and again."""

    status = 429
    headers = RETRY_SOON


class TooLargeError(HeliographError):
    """The request or the answer is larger than what can be carried."""

    status = 413


class UnreadableError(HeliographError):
    """A stored document cannot be read as what it says it is."""

    status = 422


class UnavailableError(HeliographError):
    """Something that this request needs does not answer at the moment."""

    status = 503
    headers = RETRY_SOON


class RetryLater(Exception):  # noqa: N818 - a signal to the queue, not an error of anybody
    """The message should come back to the queue."""
