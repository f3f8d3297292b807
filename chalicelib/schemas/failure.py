"""The envelope of what went wrong."""

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.schemas.base import View

__all__ = ["Failure"]


class Failure(View):
    """What any request is answered with that could not be done."""

    status: Annotated[Literal["error"], Meta(description="That it went wrong.")]
    message: Annotated[
        str,
        Meta(
            description="What was wrong, what was expected, and what to do; it names the field.",
            examples=["ra, dec: a new source needs both, in degrees (or both null if unknown)."],
        ),
    ]
