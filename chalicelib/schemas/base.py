"""Parse requests by their schemas, with error messages that name the field.

The schemas are msgspec structs. Like pydantic's models they validate and give JSON Schemas, but msgspec
imports in a tenth of the time: pydantic was a sixth of the API's cold start.
"""

import json
import re
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec

from chalicelib.errors import InvalidError
from chalicelib.schemas.fields import Name, describe

MAX_JSON = 50_000
"""Most characters of JSON in a free-form field: an item holds 400 kB in all."""

DEEPEST = 10_000
"""Last record that a page number reaches: the records before a page are read, too."""

TRUE = {"true", "t", "1", "yes"}
FALSE = {"false", "f", "0", "no"}

_FIELD_PATH = re.compile(r" - at `\$?\.?(.*)`$")
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`$")
_MISSING_FIELD = re.compile(r"Object missing required field `(.*)`$")


class Schema(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a request; unknown fields are refused."""


class Query(Schema, forbid_unknown_fields=False):
    """The query of a request; unknown parameters are ignored, as SkyPortal does."""


class View(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of an answer: exactly these keys, since clients have strict models."""


class Paged(Query):
    """A page of a list."""

    pageNumber: Annotated[int, describe("The page, counted from 1.", 1, ge=1, le=10**6)] = 1
    numPerPage: Annotated[int, describe("Records per page.", 100, ge=1, le=500)] = 100

    @property
    def skipped(self) -> int:
        """Number of records on the pages before."""
        return (self.pageNumber - 1) * self.numPerPage


class PagedByCursor(Paged):
    """A page of a long list: by its number, or by the cursor that the page before gave."""

    cursor: Annotated[str, describe("The `X-Next-Cursor` of the page before.", max_length=400)] | None = None

    def __post_init__(self) -> None:
        if self.skipped + self.numPerPage > DEEPEST:
            raise ValueError(
                f"pageNumber: pages end at record {DEEPEST}; continue with cursor=<the header X-Next-Cursor>"
            )

    @property
    def skipped(self) -> int:
        """Number of records on the pages before; 0 with a cursor."""
        return 0 if self.cursor else super().skipped


class NewId(View):
    """The id of a new record."""

    id: Annotated[int, describe("The id of the new record.", 1)]


S = TypeVar("S", bound=Schema)


def parse_body(schema: type[S], data: Any) -> S:
    """Return the body of a request as an instance of its schema.

    Raises
    ------
    InvalidError
        If it does not fit; the message names the field and says what was expected.
    """
    if not isinstance(data, dict):
        raise InvalidError("The body must be a JSON object.")
    return _convert(schema, data, strict=True)


def parse_query(schema: type[S], query: dict[str, str]) -> S:
    """Return the query of a request, which is all text, as an instance of its schema.

    Raises
    ------
    InvalidError
        If it does not fit; the message names the parameter and says what was expected.
    """
    types = {field.encode_name: field.type for field in msgspec.structs.fields(schema)}
    values = {name: _parse_parameter(name, text, types[name]) for name, text in query.items() if name in types}
    return _convert(schema, values, strict=False)


def _parse_parameter(name: str, text: str, hint: Any) -> Any:
    if text == "null":
        raise InvalidError(f"{name}: null is not valid in a query; leave {name} out.")
    is_boolean = hint is bool or (get_origin(hint) is Annotated and get_args(hint)[0] is bool)
    return parse_boolean(text, name) if is_boolean else text


def _convert(schema: type[S], data: dict[str, Any], *, strict: bool) -> S:
    try:
        return msgspec.convert(data, schema, strict=strict)
    except msgspec.ValidationError as error:
        raise InvalidError(_explain_error(schema, str(error))) from None


def _explain_error(schema: type[Schema], text: str) -> str:
    """Return an error message of msgspec with the path of the field in front."""
    place = _FIELD_PATH.search(text)
    path = place[1] if place else ""
    problem = text[: place.start()] if place else text
    unknown = _UNKNOWN_FIELD.match(problem)
    missing = _MISSING_FIELD.match(problem)
    if name := unknown or missing:
        path = f"{path}.{name[1]}" if path else name[1]
        problem = "there is no such field" if unknown else "required"
    if unknown and "." not in path:
        names = ", ".join(field.encode_name for field in msgspec.structs.fields(schema))
        problem += f"; the fields are {names}"
    return f"{path}: {problem}" if path else problem


def sent_fields(body: Schema, *excluded: str) -> dict[str, Any]:
    """Return the fields that a request sent, as plain JSON values, without those excluded."""
    fields: dict[str, Any] = msgspec.to_builtins(body)
    return {name: value for name, value in fields.items() if name not in excluded}


def is_name(value: Any) -> bool:
    """Say whether a value is a `Name`."""
    try:
        msgspec.convert(value, Name, strict=True)
    except msgspec.ValidationError:
        return False
    return True


def check_size(field: str, value: Any) -> None:
    """Check that the JSON of a field fits into a record; for ``__post_init__`` of schemas.

    Raises
    ------
    ValueError
        If it has more than `MAX_JSON` characters; the message names the field.
    """
    length = len(json.dumps(value))
    if length > MAX_JSON:
        raise ValueError(f"{field}: {length} characters of JSON; at most {MAX_JSON} are allowed")


def parse_boolean(value: Any, field: str) -> bool:
    """Return a boolean in any spelling: ``true``, ``"True"``, ``"t"``, ``1``.

    Raises
    ------
    InvalidError
        If the value is none of the spellings.
    """
    text = str(value).strip().lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise InvalidError(f"{field}: {value!r} is neither true nor false; write true or false.")
