"""All exceptions of the package.

::

    HeliographError
    +-- CredentialsError        no address or no token is known, or their file cannot be read
    +-- ArgumentError           an argument has a wrong name, type or value; nothing was sent
    |   +-- UnknownNameError    no service, parameter, group, instrument has this name
    +-- PortalError             the portal answered with an error; `status` is its HTTP status
    |   +-- NotSignedInError    401: the token is unknown, expired, or lacks a permission
    |   +-- ForbiddenError      403: not visible to you, not there, or not possible in this state
    |   +-- NotFoundError       404: not there, or not visible to you
    |   +-- RefusedError        400 and other 4xx: the request is not valid; nothing was done
    |   +-- UnavailableError    429, 5xx after all retries: busy, or a temporary failure
    |   +-- UnreadableAnswerError  not an answer of a portal's API: the address is wrong, or something is in between
    +-- NoAnswerError           no answer: the address is wrong, or the portal is not running
    +-- UnsupportedError        this kind of portal does not offer it
    +-- WaitError               an analysis did not end as hoped
    |   +-- AnalysisFailedError it failed, timed out, or was cancelled
    |   +-- WaitTimeoutError    it has not ended in the time that the caller gave
    +-- ServiceError            of the kit: an analysis service
        +-- DeclarationError    a function's signature does not declare an analysis
        +-- InputError          the payload cannot be used as it is
        +-- AnalysisError       raised by an author: the analysis failed, for a reason that its reader can act on
        +-- CancelledError      the portal does not want the analysis any more
        +-- CallbackError       a callback could not be delivered yet

Each message says what was wrong, what was expected, and what to do; a portal's own words are kept. None holds a token.
"""


class HeliographError(Exception):
    """Base class of all exceptions here."""


class CredentialsError(HeliographError):
    """No address or no token is known, or their file cannot be read."""


class ArgumentError(HeliographError, ValueError):
    """An argument has a wrong name, type or value; nothing was sent."""


class UnknownNameError(ArgumentError):
    """No service, parameter, group or instrument has this name; the message names those that exist."""


class PortalError(HeliographError):
    """The portal answered with an error.

    Attributes
    ----------
    status : int
        The HTTP status of its answer.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NotSignedInError(PortalError):
    """The token is unknown or expired, or lacks the permission that the message names."""


class ForbiddenError(PortalError):
    """Not visible to you, not there, or not possible in this state."""


class NotFoundError(PortalError):
    """Not there, or not visible to you."""


class RefusedError(PortalError):
    """The request is not valid; nothing was done."""


class UnavailableError(PortalError):
    """The portal was busy or failed, after all retries."""


class UnreadableAnswerError(PortalError):
    """What came is no answer of a portal's API: the address is wrong, or something is in between."""


class UnsupportedError(HeliographError):
    """Not offered by this kind of portal; nothing was sent."""


class NoAnswerError(HeliographError):
    """No answer came: the address is wrong, the portal is not running, or the network failed."""


class WaitError(HeliographError):
    """An analysis did not end as hoped."""


class AnalysisFailedError(WaitError):
    """The analysis failed, timed out, or was cancelled; the message says why."""


class WaitTimeoutError(WaitError, TimeoutError):
    """The analysis has not ended in the time that the caller gave; it goes on."""


class ServiceError(HeliographError):
    """Base class of the exceptions of the kit for services."""


class DeclarationError(ServiceError, TypeError):
    """A function's signature does not declare an analysis."""


class InputError(ServiceError, ValueError):
    """A payload, or one of its inputs or parameters, cannot be used as it is."""


class AnalysisError(ServiceError):
    """Raised by the author of a service: the analysis fails, with a message for its reader."""


class CancelledError(ServiceError):
    """The portal does not want the analysis any more: it was cancelled, deleted, or is over."""


class CallbackError(ServiceError):
    """A callback could not be delivered, for a reason that may pass."""
