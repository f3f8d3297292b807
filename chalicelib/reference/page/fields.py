"""Schemas as tables: name and type, meaning, default, example; what is nested stands below its field."""

import json
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from chalicelib.reference.json_schemas import Json, resolved, without_null
from chalicelib.reference.page.markup import Node, element, inline, prose
from chalicelib.schemas.fields import LARGEST_ID

__all__ = ["Field", "fields_of", "shape", "table"]

DEEPEST = 4
"""Objects within objects are shown down to this depth."""

LONGEST = 60
"""Characters of an example; longer ones stand in the examples of whole requests."""

WORDS = {"string": "text", "boolean": "true or false"}
PLURALS = ("text", "number", "integer", "object", "anything")

BOUNDS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "{} characters or more",
    "maxLength": "up to {} characters",
    "minItems": "{} or more",
    "maxItems": "up to {}",
}

UNSAID = (("maximum", LARGEST_ID), ("minLength", 1))
"""Bounds that say nothing to people."""

Field = tuple[str, Json, bool]
"""The name of a field, its schema, and whether it is required."""


def fields_of(schema: Json) -> list[Field]:
    """Return the fields of an object, those that are required first."""
    required = schema.get("required", ())
    found = [(name, field, name in required) for name, field in schema.get("properties", {}).items()]
    return sorted(found, key=lambda field: not field[2])


def shape(schema: Json, named: Json, *before: Node, answered: bool = False) -> list[Element]:
    """Return what a value looks like: its type, and the fields if there are any.

    Parameters
    ----------
    schema : dict
        The schema.
    named : dict
        The schemas that it may refer to.
    *before : Element or str
        What comes before that on its line.
    answered : bool
        Whether it is something that is answered: its fields are there unless it is said.
    """
    said = inline(schema.get("description", "") or resolved(schema, named).get("description", ""))
    inside, words = _object_in(schema, named), type_of(schema, named)
    shown: list[Node] = [] if inside and words == "object" else [element("span", words, class_="type"), " "]
    kind = element("p", *before, *shown, *said)
    return [kind, table(fields_of(inside), named, answered=answered)] if inside else [kind]


def table(fields: Iterable[Field], named: Json, *, answered: bool = False, depth: int = 0) -> Element:
    """Return fields as a table; see `shape`."""
    fields = list(fields)
    columns = ["Name and type", "Meaning"]
    columns += ["Default"] if any("default" in without_null(field) for _, field, _ in fields) else []
    columns += ["Example"] if any(_example(field) for _, field, _ in fields) else []
    head = element("tr", *(element("th", column, scope="col") for column in columns))
    rows = [row for field in fields for row in _rows(field, columns, named, answered, depth)]
    return element("table", element("thead", head), element("tbody", *rows), class_="fields")


def _rows(field: Field, columns: list[str], named: Json, answered: bool, depth: int) -> Iterator[Element]:
    name, schema, required = field
    schema = without_null(schema)
    mark: list[Node] = []
    if required != answered:
        mark = [" ", element("span", "required" if required else "not always there", class_="mark")]
    said = schema.get("description") or resolved(schema, named).get("description", "")
    cells: dict[str, list[Node]] = {
        "Name and type": [element("code", name), *mark, element("div", *_type(field[1], named))],
        "Meaning": [*prose(said)] if "\n" in said else [*inline(said)],
        "Default": [element("code", json.dumps(schema["default"]))] if "default" in schema else [],
        "Example": [element("code", _example(schema))] if _example(schema) else [],
    }
    yield element("tr", *(element("td", *cells[column], data_label=column) for column in columns))
    inside = _object_in(schema, named)
    if inside and depth < DEEPEST:
        inner = table(fields_of(inside), named, answered=answered, depth=depth + 1)
        label = element("summary", "What is in ", element("code", name))
        more = element("td", element("details", label, inner), colspan=str(len(columns)))
        yield element("tr", more, class_="inside")


def _example(schema: Json) -> str:
    found = schema.get("examples")
    text = json.dumps(found[0], ensure_ascii=False) if found else ""
    return text if len(text) <= LONGEST else ""


def _type(schema: Json, named: Json) -> Iterator[Node]:
    yield element("span", type_of(schema, named), class_="type")
    schema = resolved(without_null(schema), named)
    said = {key: schema[key] for key in BOUNDS if key in schema and (key, schema[key]) not in UNSAID}
    bounds = [BOUNDS[key].format(value) for key, value in said.items()]
    yield from (element("small", f", {bound}") for bound in bounds)


def type_of(schema: Json, named: Json) -> str:
    """Return the type of a value in words."""
    schema = resolved(schema, named)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(kind, named) for kind in schema["anyOf"]))
    if schema.get("type") == "array":
        inner = schema.get("prefixItems") or [schema.get("items") or {}]
        words = ", ".join(type_of(item, named) for item in inner)
        return f"list of {words}s" if words in PLURALS else f"list of {words}"
    kind = str(schema.get("type", "anything"))
    return WORDS.get(kind, kind)


def _object_in(schema: Json, named: Json) -> Json | None:
    """Return the schema of the object that a value is, or is a list of, if its fields are known."""
    for kind in (schema, *schema.get("anyOf", ())):
        found = resolved(kind, named)
        if found.get("properties"):
            return found
        if isinstance(found.get("items"), dict) and (inside := _object_in(found["items"], named)):
            return inside
    return None
