"""Times that requests name."""

from typing import Annotated

from msgspec import Meta

__all__ = ["Moment"]

Moment = Annotated[
    str,
    Meta(
        max_length=40,
        description="ISO 8601, in UTC unless an offset is given; a date alone is its beginning.",
        examples=["2021-05-08T12:00:00"],
    ),
]
"""A time as people write it; `sources.times` reads it."""
