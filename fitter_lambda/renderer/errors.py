"""What can be wrong with a task of the renderer.

::

    FitterError
    +-- RenderError             what the renderer was given cannot be opened, drawn or computed
        +-- UnsafePickleError   a joblib file names something that is not plain data
        +-- NoMapError          this deployment has no dust map

Each message says what was wrong, what was expected, and what to do. Messages reach users: they
hold no paths, no URLs and no secrets.
"""

from fitter_lambda.errors import FitterError

__all__ = ["NoMapError", "RenderError", "UnsafePickleError"]


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
