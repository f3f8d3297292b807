"""All exceptions of the fitter and the renderer.

::

    FitterError
    +-- PayloadError            the payload or table is unusable; the sender has to change it
    |   +-- ParameterError      a parameter's name or value
    |   +-- TooLittleDataError  too few rows are left to fit
    +-- TemplateError           a source or bandpass is unknown, or its files cannot be fetched
    +-- FitError                the data are usable, but no fit was found
    +-- RenderError             the renderer's source cannot be opened, drawn or computed
        +-- UnsafePickleError   a joblib file holds something other than plain data
        +-- BusyError           the renderer has too much to do; the same task may succeed later
        +-- NoMapError          this deployment has no dust map
        +-- MissingGroupError   a netCDF file has no group that a picture needs

Each message says what was wrong, what was expected, and what to do. Users read them: they hold no paths, no
URLs and no secrets.
"""


class FitterError(Exception):
    """Base class of all exceptions here."""


class PayloadError(FitterError):
    """The payload or table cannot be used as it is."""


class ParameterError(PayloadError):
    """A parameter has an unknown name or an impossible value."""


class TooLittleDataError(PayloadError):
    """There are fewer usable rows than a fit needs."""


class TemplateError(FitterError):
    """A source or bandpass is unknown, or its files are not here and cannot be fetched."""


class FitError(FitterError):
    """No acceptable fit was found."""


class RenderError(FitterError):
    """The renderer cannot do its task.

    Attributes
    ----------
    reason : str or None
        A word for callers that can go on without the task; None by default.
    """

    reason: str | None = None


class UnsafePickleError(RenderError):
    """A joblib file holds something other than plain data."""


class BusyError(RenderError):
    """The renderer has too much to do at present."""

    reason = "busy"


class NoMapError(RenderError):
    """There is no readable dust map here."""

    reason = "no_map"


class MissingGroupError(RenderError):
    """A netCDF file has no group that a picture needs."""

    reason = "missing_group"
