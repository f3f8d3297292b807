"""The errors that a user can meet.

::

    HeliographError
    ├── InvalidError          400  malformed or invalid, also a duplicate
    │   └── LateError         400  a callback after its deadline
    ├── UnauthorizedError     401  no token, unknown token, missing permission
    ├── ForbiddenError        403  not visible to the requester, not theirs, or not in this state
    ├── NotFoundError         404  no such source, product or route
    ├── MethodError           405  a method that the route does not have
    ├── TooLargeError         413  a request or response over the limit
    ├── UnreadableError       422  a document that cannot be read
    ├── BusyError             429  others keep changing the same record
    └── UnavailableError      503  another system does not respond

    RetryLater                     raised to a queue, never to a user: deliver the message again
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

RETRY_SOON = MappingProxyType({"Retry-After": "1"})


class HeliographError(Exception):
    """Base class of the errors whose message is the answer to a request.

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
    """The request is malformed, or one of its values is not valid."""

    status = 400


class LateError(InvalidError):
    """The callback came after the analysis' deadline."""


class UnauthorizedError(HeliographError):
    """The token is missing or unknown, or lacks the permission."""

    status = 401


class ForbiddenError(HeliographError):
    """The record is not visible to the requester, is not theirs, or its state does not allow this."""

    status = 403


class NotFoundError(HeliographError):
    """The source, product or route does not exist."""

    status = 404


class MethodError(HeliographError):
    """The route exists, but not with this method; the header ``Allow`` lists its methods."""

    status = 405

    def __init__(self, message: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.headers = {"Allow": ", ".join(sorted(allowed))}


class BusyError(HeliographError):
    """Other requests changed the same record during all attempts."""

    status = 429
    headers = RETRY_SOON


class TooLargeError(HeliographError):
    """The request or the response is over the size limit."""

    status = 413


class UnreadableError(HeliographError):
    """A stored document cannot be read in the format that it claims."""

    status = 422


class UnavailableError(HeliographError):
    """A system that this request needs does not respond at the moment."""

    status = 503
    headers = RETRY_SOON


class RetryLater(Exception):  # noqa: N818 - a signal to the queue
    """The queue has to deliver the message again."""
