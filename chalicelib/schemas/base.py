"""Reading a request's body by its schema, with errors that name the field.

The schemas are msgspec's structs: they validate as pydantic's models do, and give JSON schemas as
these do, but their import is a tenth of pydantic's, which was a sixth of the API's cold start.
"""

import json
import re
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec

from chalicelib.errors import InvalidError

__all__ = [
    "GroupIds",
    "Id",
    "Name",
    "NewId",
    "Paged",
    "PagedByCursor",
    "Query",
    "Schema",
    "SourceId",
    "Switch",
    "Text",
    "Time",
    "View",
    "Word",
    "check_size",
    "is_name",
    "parse_body",
    "parse_boolean",
    "parse_query",
    "sent_fields",
]  # fmt: skip

MAX_JSON = 50_000
"""Characters that a free-form field may have: an item has room for 400 kB in all."""

LARGEST_ID = 2**53
"""Ids beyond this are not exact in JavaScript; none is ever given out."""

DEEPEST = 10_000
"""The last record that a page number reaches: what stands before a page is read, too."""

TRUE = {"true", "t", "1", "yes"}
FALSE = {"false", "f", "0", "no"}

PLACE = re.compile(r" - at `\$?\.?(.*)`$")
UNKNOWN = re.compile(r"Object contains unknown field `(.*)`$")
MISSING = re.compile(r"Object missing required field `(.*)`$")


class Schema(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A request's body: unknown fields are refused, not ignored."""


class Query(Schema, forbid_unknown_fields=False):
    """The query of a request: what is unknown in it is ignored, as SkyPortal does."""


class Paged(Query):
    """Which page of a list."""

    pageNumber: Annotated[
        int, msgspec.Meta(ge=1, le=10**6, description="Which page, counted from 1.", examples=[1])
    ] = 1
    numPerPage: Annotated[
        int, msgspec.Meta(ge=1, le=500, description="How many on a page.", examples=[100])
    ] = 100

    @property
    def skipped(self) -> int:
        """How many stand on the pages before."""
        return (self.pageNumber - 1) * self.numPerPage


class PagedByCursor(Paged):
    """Which page of a list that may be long: by its number, or from where the page before ended."""

    cursor: (
        Annotated[
            str,
            msgspec.Meta(
                max_length=400,
                description="Go on from there: the `X-Next-Cursor` of the page before.",
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        if self.skipped + self.numPerPage > DEEPEST:
            raise ValueError(
                f"pageNumber: pages end at number {DEEPEST}; go on with cursor=<the header X-Next-Cursor>"
            )

    @property
    def skipped(self) -> int:
        """How many stand on the pages before; none after a cursor."""
        return 0 if self.cursor else (self.pageNumber - 1) * self.numPerPage


class View(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What an answer holds: these keys and no others, since clients have strict models."""


Id = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_ID, examples=[1])]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$(?!\n)")]
Text = Annotated[str, msgspec.Meta(max_length=5000)]
Word = Annotated[str, msgspec.Meta(max_length=200)]
Switch = bool
"""A boolean of a query: true, True, t and 1 alike, or false, False, f and 0."""
SourceId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9A-Za-z._+-]+$(?!\n)",
        max_length=200,
        description="The name of the source: letters, digits, and . _ + -",
        examples=["ZTF21aaqjmps"],
    ),
]
Time = Annotated[
    str,
    msgspec.Meta(description="In UTC, ISO 8601 without offset.", examples=["2026-11-22T03:14:15.926535"]),
]
GroupIds = Annotated[
    list[Id] | Annotated[str, msgspec.Meta(extra_json_schema={"const": "all"})] | None,
    msgspec.Meta(
        description=(
            'The groups that see it: ids of groups that you are in, or "all" for the public group. Left out, '
            "null or []: your single-user group for photometry and spectra, the public group for comments, "
            "annotations and classifications, every group that you are in for all else."
        ),
        examples=["all"],
    ),
]


class NewId(View):
    """A record that was made."""

    id: Annotated[int, msgspec.Meta(description="The id of the new record.", examples=[1])]


S = TypeVar("S", bound=Schema)


def parse_body(schema: type[S], data: Any) -> S:
    """Return `data` as an instance of `schema`.

    Raises
    ------
    InvalidError
        Naming the field that is wrong, and what was expected.
    """
    if not isinstance(data, dict):
        raise InvalidError("The body must be a JSON object.")
    return _converted(schema, data, strict=True)


def _converted(schema: type[S], data: dict[str, Any], *, strict: bool) -> S:
    try:
        return msgspec.convert(data, schema, strict=strict)
    except msgspec.ValidationError as error:
        raise InvalidError(_complaint(schema, str(error))) from None


def parse_query(schema: type[S], query: dict[str, str]) -> S:
    """Return a query as an instance of `schema`: all of it texts, and switches as one likes.

    Raises
    ------
    InvalidError
        Naming the field that is wrong, and what was expected.
    """
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(schema)}
    given = {name: _from_text(name, text, fields[name]) for name, text in query.items() if name in fields}
    return _converted(schema, given, strict=False)


def _from_text(name: str, text: str, hint: Any) -> Any:
    if text == "null":
        raise InvalidError(f"{name}: null is no value in a query; leave the name out.")
    return parse_boolean(text, name) if _is_switch(hint) else text


def _is_switch(hint: Any) -> bool:
    """Say whether a field is a `Switch`, described further or not."""
    return hint is bool or (get_origin(hint) is Annotated and get_args(hint)[0] is bool)


def _complaint(schema: type[Schema], text: str) -> str:
    found = PLACE.search(text)
    place, said = (found[1], text[: found.start()]) if found else ("", text)
    unknown, missing = UNKNOWN.match(said), MISSING.match(said)
    name = unknown or missing
    if name:
        place = f"{place}.{name[1]}" if place else name[1]
    if unknown and "." not in place:
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(schema))
        said = f"there is no such field; the fields are {known}"
    elif name:
        said = "required" if missing else "there is no such field"
    return f"{place}: {said}" if place else said


def sent_fields(body: Schema, *but: str) -> dict[str, Any]:
    """Return the fields that a request gave, as JSON knows them, leaving some out."""
    fields: dict[str, Any] = msgspec.to_builtins(body)
    return {name: value for name, value in fields.items() if name not in but}


def is_name(value: Any) -> bool:
    """Say whether a value is a `Name`."""
    try:
        msgspec.convert(value, Name, strict=True)
    except msgspec.ValidationError:
        return False
    return True


def check_size(field: str, value: Any) -> None:
    """Refuse JSON that a record has no room for; for the ``__post_init__`` of schemas.

    Raises
    ------
    ValueError
        Naming the field.
    """
    if len(json.dumps(value)) > MAX_JSON:
        raise ValueError(f"{field}: more than {MAX_JSON} characters of JSON")


def parse_boolean(value: Any, field: str) -> bool:
    """Return a switch, however it is written: ``true``, ``"True"``, ``"t"``, ``1``.

    Raises
    ------
    InvalidError
        If it is none of these.
    """
    written = str(value).strip().lower()
    if written in TRUE:
        return True
    if written in FALSE:
        return False
    raise InvalidError(f"{field}: {value!r} is neither true nor false; write true or false.")
