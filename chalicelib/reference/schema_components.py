"""JSON Schemas of the project's types, made by msgspec, and example values that fit them."""

import json
import re
from typing import Any

import msgspec

from chalicelib.operation_signature import docstring_to_markdown

Json = dict[str, Any]

REFERENCE_PREFIX = "#/components/schemas/"

FORMAT_EXAMPLES = {"date-time": "2026-11-22T03:14:15Z", "uri": "https://example.org/"}


class Components:
    """The named schemas of one document.

    Attributes
    ----------
    schemas : dict
        The schemas by name.
    """

    def __init__(self) -> None:
        self.schemas: dict[str, Json] = {}

    def build_schema(self, kind: Any) -> Json:
        """Return the schema of a type; named types are stored here and referred to.

        Raises
        ------
        ValueError
            If another type has the same name.
        """
        (schema,), components = msgspec.json.schema_components([kind], ref_template=REFERENCE_PREFIX + "{name}")
        for name, component in components.items():
            if "description" in component:
                component["description"] = docstring_to_markdown(component["description"])
            if "properties" in component:
                fields = component["properties"].items()
                component["properties"] = {key: _copy_description(field, components) for key, field in fields}
            if self.schemas.setdefault(name, component) != component:
                raise ValueError(f"two types are named {name}; rename one of them")
        return _copy_description(schema, self.schemas)

    def build_inline_schema(self, kind: Any) -> Json:
        """Return the schema of a type without a reference at its top."""
        return resolve_reference(self.build_schema(kind), self.schemas)

    def select_used_schemas(self, content: Any) -> dict[str, Json]:
        """Return the schemas that some content or another schema refers to, sorted by name."""
        names = set(re.findall(REFERENCE_PREFIX + r"([\w.]+)", json.dumps([content, self.schemas])))
        return {name: self.schemas[name] for name in sorted(names)}


def resolve_reference(schema: Json, schemas: dict[str, Json]) -> Json:
    """Return a schema with the keys of the one that it refers to; its own keys take precedence."""
    if "$ref" not in schema:
        return schema
    own_keys = {key: value for key, value in schema.items() if key != "$ref"}
    return {**schemas[schema["$ref"].removeprefix(REFERENCE_PREFIX)], **own_keys}


def drop_null(schema: Json) -> Json:
    """Return the schema of a nullable value without its null."""
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
    if schema.get("default") is not None:
        rest["default"] = schema["default"]
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) == 1:
        return {**kinds[0], **rest}
    return {**rest, "anyOf": kinds} if kinds else rest


def _copy_description(schema: Json, schemas: dict[str, Json]) -> Json:
    """Copy description and examples from the only alternative to null up to a nullable field."""
    if "anyOf" not in schema:
        return schema
    alternative = resolve_reference(drop_null(schema), schemas)
    copies = {key: alternative[key] for key in ("description", "examples") if key in alternative}
    return {**{key: value for key, value in copies.items() if key not in schema}, **schema}


def build_example(schema: Json, schemas: dict[str, Json]) -> Any:
    """Return a value that fits a schema.

    Objects hold the required fields and the fields with an example.

    Parameters
    ----------
    schema : dict
        The schema.
    schemas : dict
        The schemas that it may refer to, by name.
    """
    if schema.get("examples"):
        return schema["examples"][0]
    schema = resolve_reference(schema, schemas)
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return build_example(schema["anyOf"][0], schemas)
    match schema.get("type"):
        case "object":
            return _build_object_example(schema, schemas)
        case "array":
            length = max(1, schema.get("minItems", 1))
            items = schema.get("prefixItems") or [schema.get("items") or {}] * length
            return [build_example(item, schemas) for item in items]
        case "string":
            return FORMAT_EXAMPLES.get(schema.get("format", ""), "text")
        case "integer" | "number":
            return max(schema.get("minimum", 0), schema.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            return False
        case _:
            return None


def _build_object_example(schema: Json, schemas: dict[str, Json]) -> Json:
    required = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    return {
        name: build_example(field, schemas)
        for name, field in sorted(fields, key=lambda item: item[0] not in required)
        if name in required or field.get("examples")
    }
