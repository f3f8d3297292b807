"""Parse requests by their schemas, with error messages that name the field.

The schemas are msgspec structs. Like pydantic's models they validate and give JSON Schemas, but msgspec
imports in a tenth of the time: pydantic was a sixth of the API's cold start.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, TypeVar, get_origin

import msgspec

from chalicelib.errors import InvalidError
from chalicelib.schemas.expectations import explain_error, explain_unknown, list_hints, split_union
from chalicelib.schemas.fields import Name, describe

MAX_JSON = 50_000
"""Most characters of JSON in a free-form field: an item holds 400 kB in all."""

DEEPEST = 10_000
"""Last record that a page number reaches: the records before a page are read, too."""

TRUE = {"true", "t", "1", "yes"}
FALSE = {"false", "f", "0", "no"}

_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)

SOURCE_NAMES = ("sourceID", "objID", "obj_id", "rejectedSourceIDs")
"""Parameters that name sources: these have no spaces, which in a query stand for an unquoted ``+``."""

IGNORED_PARAMETERS: dict[str, str] = {
    **dict.fromkeys(("useCache", "queryID"), "answers are not cached"),
    "format": "this answer has one format",
    "includeThumbnails": "there are no thumbnails",
    "includeHosts": "there are no host galaxies",
    "includeGeoJSON": "sources have no GeoJSON",
    "includeColorMagnitude": "there are no color-magnitude data",
    "pendingOnly": "there are no requests to save a source",
    "includeRequested": "there are no requests to save a source",
    "includePhotometryValidation": "photometry has no validations",
    "includeValidationInfo": "photometry has no validations",
    "includeExtinction": "extinction is corrected by the parameter deredden of an analysis",
    "includeLabellers": "sources have no labels",
    "includeSourcesInGcn": "there are no GCN events",
    "includeGCNCrossmatches": "there are no GCN events",
    "includeGCNNotes": "there are no GCN events",
    "includeCommentExists": "the comments say it",
    "includeTags": "sources have no tags",
    "includeCandidates": "there are no candidates",
    "includeOwnerInfo": "owners are not shown",
    **dict.fromkeys(
        ("includeAssociatedObjs", "includeSuperObjs", "includeSuperObjsPhotometry"), "sources are not joined to others"
    ),
    "includeAnnotationInfo": "points have no annotations",
    "includeStreamInfo": "there are no streams",
    "individualOrSeries": "there are no photometric series",
    "phaseFoldData": "times are not folded; GET /api/sources/<id>/periodogram finds periods",
    "includeTaxonomy": "GET /api/taxonomy/<id> returns the taxonomy",
    "includeFilename": "results have no file names",
    **dict.fromkeys(("includeGeoJSONSummary", "includeRegion", "ignoreCache"), "instruments have no fields"),
    "refresh": "pages refresh by themselves",
    "channel": "comments have no channels",
    "preview": "attachments have no previews",
    # Scripts write the + of an offset as the HTML entity, whose & begins another parameter.
    "plus;00:00": "write the + of an offset as %2B",
}
"""Parameters of SkyPortal that have no meaning here: accepted with a note, since its clients send them."""


class Schema(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a request; unknown fields are refused."""

    aliases: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Other names of fields, as SkyPortal's documents write them."""

    ignored_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields that clients of SkyPortal send and that have no meaning here: accepted with a note."""


class Query(Schema):
    """The query of a request; unknown parameters are refused, except `IGNORED_PARAMETERS`."""

    takes_further_parameters: ClassVar[bool] = False
    """Whether the view itself reads further parameters."""


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

    Numbers and booleans may be sent as text, ``1.0`` is the whole number 1, and empty text is null where
    the field is no text.

    Raises
    ------
    InvalidError
        If it does not fit; the message names the field and says what was expected.
    """
    if not isinstance(data, dict):
        raise InvalidError("The body must be a JSON object.")
    hints = list_hints(schema)
    for alias, name in schema.aliases.items():
        if alias in data and name in data:
            raise InvalidError(f"{alias}, {name}: these are the same field; send one of them.")
    fields = {
        schema.aliases.get(name, name): value for name, value in data.items() if name not in schema.ignored_fields
    }
    return _convert(schema, {name: prepare_value(name, value, hints.get(name)) for name, value in fields.items()})


def parse_query(schema: type[Query] | None, query: Mapping[str, list[str]]) -> tuple[Query | None, list[str]]:
    """Return the query of a request, which is all text, as an instance of its schema.

    Parameters
    ----------
    schema : type or None
        The schema; None if the operation takes no parameters.
    query : mapping of str to list of str
        The values of each parameter. Those of a list are joined, all others may be sent once; empty text
        and ``null`` mean that the parameter is not chosen.

    Returns
    -------
    Query or None
        The query.
    list of str
        Sentences on parameters of SkyPortal that are accepted and have no meaning here.

    Raises
    ------
    InvalidError
        If it does not fit; the message names the parameter and says what was expected.
    """
    hints = list_hints(schema) if schema else {}
    ignored = {name: reason for name, reason in IGNORED_PARAMETERS.items() if name not in hints}
    notes = [
        f"{name}: ignored, {ignored[name]}." for name in query if name in ignored and _asks_for_something(query[name])
    ]
    values = {}
    for name, texts in query.items():
        if name in ignored:
            continue
        if name not in hints:
            if schema and schema.takes_further_parameters:
                continue
            raise InvalidError(f"{name[:60]}: {explain_unknown(name, list(hints), 'parameter')}")
        if chosen := [text for text in texts if text.strip() not in ("", "null")]:
            if name in SOURCE_NAMES:
                chosen = [text.strip().replace(" ", "+") for text in chosen]
            values[name] = prepare_value(name, _join_values(name, chosen, hints[name]), hints[name])
    return (_convert(schema, values) if schema else None), notes


def _asks_for_something(texts: list[str]) -> bool:
    """Say whether a switch is on: some clients send all of theirs, most of them off."""
    return not {text.strip().lower() for text in texts} <= {*FALSE, "null", "both"}


def _join_values(name: str, texts: list[str], hint: Any) -> Any:
    if is_list(hint):
        return [word.strip() for text in texts for word in text.split(",") if word.strip()] or None
    if len(set(texts)) > 1:
        raise InvalidError(f"{name}: sent {len(texts)} times with different values; send it once.")
    return texts[0]


def is_list(hint: Any) -> bool:
    """Say whether a parameter is a list, whose values are separated by commas or sent one by one."""
    return any(get_origin(kind) is list for kind, _ in split_union(hint))


def prepare_value(name: str, value: Any, hint: Any) -> Any:
    """Return a value with text in the type that the field has: one reader for all fields.

    Raises
    ------
    InvalidError
        If a boolean is neither true nor false, or a number is not finite.
    """
    if not isinstance(value, str | int | float):
        return value
    kinds = {kind for kind, _ in split_union(hint)} if hint is not None else {str}
    if isinstance(value, str):
        text = value.strip()
        if not text and not _takes_text(kinds):
            return None if type(None) in kinds else value
        if not kinds.isdisjoint((int, float)) and not _takes_text(kinds) and _NOT_FINITE.fullmatch(text):
            raise InvalidError(f"{name}: expected a finite number, not {text!r}.")
        value = value if _takes_text(kinds) else text
    return parse_boolean(value, name) if bool in kinds and kinds.isdisjoint((int, float, str)) else value


def _takes_text(kinds: set[Any]) -> bool:
    return str in kinds or Any in kinds


def _convert(schema: type[S], data: dict[str, Any]) -> S:
    try:
        return msgspec.convert(data, schema, strict=False)
    except msgspec.ValidationError as error:
        sentence = explain_error(schema, str(error), data)
        raise InvalidError(sentence if sentence.endswith((".", "?")) else f"{sentence}.") from None


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
