"""The errors that a user can meet.

::

    HeliographError
    ├── InvalidError          400  malformed or invalid, also a duplicate
    │   ├── LateError         400  a callback after its deadline
    │   ├── KeyReusedError    400  an Idempotency-Key with another request
    │   └── NestedTooDeeplyError  400  JSON of too many levels
    ├── UnauthorizedError     401  no token, unknown token, missing permission
    ├── ForbiddenError        403  not visible to the requester, not theirs, or not in this state
    │   └── HiddenError       403  no such record that the requester may see
    ├── NotFoundError         404  no such source, product or route
    ├── MethodError           405  a method that the route does not have
    ├── TooLargeError         413  a request or response over the limit
    ├── UnreadableError       422  a document that cannot be read
    ├── BusyError             429  others keep changing the same record
    │   └── RateLimitedError  429  too many requests of a token, or renders of a user, in a minute
    └── UnavailableError      503  another system does not respond

    RetryLater                     raised by a job, never to a user: queue the job again
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


class KeyReusedError(InvalidError):
    """An ``Idempotency-Key`` was sent before, with another request."""

    def __init__(self) -> None:
        super().__init__(
            "Idempotency-Key: it was sent before, with another request. "
            "Send a new key with each new request, and the same key only with the same request."
        )


class NestedTooDeeplyError(InvalidError):
    """A JSON text has too many lists or objects within each other."""


class UnauthorizedError(HeliographError):
    """The token is missing or unknown, or lacks the permission."""

    status = 401


class ForbiddenError(HeliographError):
    """The record is not visible to the requester, is not theirs, or its state does not allow this."""

    status = 403


class HiddenError(ForbiddenError):
    """There is no such record, or the requester may not see it: the same answer."""


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


class ThrottledError(BusyError):
    """More is asked for at once than the deployment takes."""


class RateLimitedError(BusyError):
    """Too many requests of one token, or renders of one user, in this minute.

    Parameters
    ----------
    message : str
        The message.
    seconds : int
        After how many seconds to try again.
    """

    def __init__(self, message: str, seconds: int = 60) -> None:
        super().__init__(message)
        self.headers = MappingProxyType({"Retry-After": str(seconds)})


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
    """A job has to be queued again.

    Attributes
    ----------
    seconds : float
        When, from now on.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds
