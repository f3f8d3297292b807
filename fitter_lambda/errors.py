"""What can be wrong, and whose fault it is.

::

    FitterError
    +-- PayloadError        what was sent cannot be used; the sender has to change it
    |   +-- ParameterError      a parameter's name or value
    |   +-- TooLittleDataError  not enough rows are left to fit
    +-- TemplateError       a source or bandpass is unknown, or its files cannot be had
    +-- FitError            the data are fine, yet no fit was found
    +-- CancelledError      nobody waits for the answer any more
    +-- CallbackError       the answer could not be delivered yet; worth another try later
    +-- RenderError         what the renderer was given cannot be opened, drawn or computed
        +-- UnsafePickleError   a joblib file names something that is not plain data
        +-- NoMapError          this deployment has no dust map

Each message says what was wrong, what was expected, and what to do. Messages reach users: they
hold no paths, no URLs and no secrets.
"""

__all__ = [
    "CallbackError",
    "CancelledError",
    "FitError",
    "FitterError",
    "NoMapError",
    "ParameterError",
    "PayloadError",
    "RenderError",
    "TemplateError",
    "TooLittleDataError",
    "UnsafePickleError",
]


class FitterError(Exception):
    """Base of all errors of this package."""


class PayloadError(FitterError):
    """The payload cannot be used as it is."""


class ParameterError(PayloadError):
    """An analysis parameter has an unknown name or an impossible value."""


class TooLittleDataError(PayloadError):
    """Fewer usable rows than a fit needs."""


class TemplateError(FitterError):
    """A source or a bandpass is unknown, or its files are neither here nor to be fetched."""


class FitError(FitterError):
    """No acceptable fit was found."""


class CancelledError(FitterError):
    """Nobody waits for the answer any more."""


class CallbackError(FitterError):
    """A callback could not be delivered for a reason that may pass."""


class RenderError(FitterError):
    """The renderer cannot do what it was asked.

    Attributes
    ----------
    reason : str or None
        A word for programs that go on differently; none by default.
    """

    reason: str | None = None


class UnsafePickleError(RenderError):
    """A joblib file holds something other than plain data."""


class NoMapError(RenderError):
    """There is no dust map here, or none that can be read."""

    reason = "no_map"
