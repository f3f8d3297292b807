"""Describe fields; types of fields that several modules use."""

from typing import Annotated, Any

from msgspec import Meta

LARGEST_ID = 2**53
"""Larger ids are not exact in JavaScript; no id is that large."""


def describe(description: str, *examples: Any, **constraints: Any) -> Meta:
    """Return the annotation of a field: its description, examples of it, and msgspec's constraints."""
    return Meta(description=description, examples=list(examples) or None, **constraints)


Id = Annotated[int, Meta(ge=1, le=LARGEST_ID, examples=[1])]
Object = dict[str, Any]
"""A JSON object."""
_TRIMMED = {"format": "in one line, without blanks at its start and end"}
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$(?!\n)", extra=_TRIMMED)]
Text = Annotated[str, Meta(max_length=5000)]
Word = Annotated[str, Meta(max_length=200)]
_SOURCE_NAME = "The name of the source: letters, digits, and . _ + -"
# "." and ".." would be a folder in a path.
_SOURCE_PATTERN = r"^(?!\.{1,2}$)[0-9A-Za-z._+-]+$(?!\n)"
SourceId = Annotated[str, describe(_SOURCE_NAME, "ZTF21aaqjmps", pattern=_SOURCE_PATTERN, max_length=200)]
Time = Annotated[str, describe("In UTC, ISO 8601 without offset.", "2026-11-22T03:14:15.926535")]
_ISO_8601 = "ISO 8601, in UTC unless an offset is given; a date alone means its beginning."
Moment = Annotated[str, describe(_ISO_8601, "2021-05-08T12:00:00", max_length=40)]
"""A time as people write it; `chalicelib.sources.times` parses it."""
GroupIds = Annotated[
    list[Id] | Annotated[str, Meta(extra_json_schema={"const": "all"})] | None,
    describe(
        'The groups that can see it: ids of your groups, or "all" for the public group. If omitted, '
        "null or []: your single-user group for photometry and spectra, the public group for comments, "
        "annotations and classifications; for analyses, those of your groups that may see all data of the "
        "analysis, or you alone; all groups that you are in for everything else.",
        "all",
    ),
]
