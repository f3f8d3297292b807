"""JSON Schemas of our types: msgspec's, with descriptions where readers look for them."""

import json
import re
from typing import Any

import msgspec

from chalicelib.reference.views import words

__all__ = ["Components", "Json", "resolved", "without_null"]

Json = dict[str, Any]

PLACE = "#/components/schemas/"

SAID = ("description", "examples")


class Components:
    """The schemas that a document refers to by their names.

    Attributes
    ----------
    named : dict
        Each of them by its name.
    """

    def __init__(self) -> None:
        self.named: dict[str, Json] = {}

    def schema(self, kind: Any) -> Json:
        """Return the schema of a type; what has a name is a reference.

        Raises
        ------
        ValueError
            If another type has the same name.
        """
        (found,), named = msgspec.json.schema_components([kind], ref_template=PLACE + "{name}")
        for name, schema in named.items():
            if "description" in schema:
                schema["description"] = words(schema["description"])
            if "properties" in schema:
                fields = schema["properties"].items()
                schema["properties"] = {key: _said(field, named) for key, field in fields}
            if self.named.setdefault(name, schema) != schema:
                raise ValueError(f"two schemas are called {name}; give one of them another name")
        return _said(found, self.named)

    def of(self, kind: Any) -> Json:
        """Return the schema of a type without a reference at its top."""
        return resolved(self.schema(kind), self.named)

    def used_by(self, what: Any) -> dict[str, Json]:
        """Return the schemas that something refers to, or that these refer to, in order of their names."""
        names = set(re.findall(PLACE + r"([\w.]+)", json.dumps([what, self.named])))
        return {name: self.named[name] for name in sorted(names)}


def resolved(schema: Json, named: dict[str, Json]) -> Json:
    """Return a schema with what it refers to; what it says itself comes first."""
    if "$ref" not in schema:
        return schema
    rest = {key: value for key, value in schema.items() if key != "$ref"}
    return {**named[schema["$ref"].removeprefix(PLACE)], **rest}


def without_null(schema: Json) -> Json:
    """Return the schema of a value that is there, of one that may be null."""
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    if schema.get("default") is not None:
        rest["default"] = schema["default"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1:
        return {**kinds[0], **rest}
    return {**rest, "anyOf": kinds} if kinds else rest


def _said(schema: Json, named: dict[str, Json]) -> Json:
    """Lift what is said of the only thing that a field can be, if it is not null, to the field."""
    if "anyOf" not in schema:
        return schema
    only = resolved(without_null(schema), named)
    said = {key: only[key] for key in SAID if key in only and key not in schema}
    return {**said, **schema}
