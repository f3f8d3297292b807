"""The envelope of an error."""

from typing import Annotated, Literal

from chalicelib import settings
from chalicelib.schemas.base import View
from chalicelib.schemas.fields import Object, describe

_MESSAGE = "What was wrong, what was expected, and what to do; it names the field."
_EXAMPLE = "ra, dec: a new source needs both, in degrees (or both null if unknown)."


class Failure(View):
    """The answer to a request that failed."""

    status: Annotated[Literal["error"], describe("Always `error`.")]
    message: Annotated[str, describe(_MESSAGE, _EXAMPLE)]
    data: Annotated[Object, describe("Nothing.", {})]
    version: Annotated[str, describe("The version of this API.", settings.VERSION)]
