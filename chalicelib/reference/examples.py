"""Examples that follow from schemas: what the fields give as theirs, put together."""

from typing import Any

from chalicelib.reference.json_schemas import Json, resolved

__all__ = ["example"]

OF_FORMAT = {"date-time": "2026-11-22T03:14:15Z", "uri": "https://example.org/"}


def example(schema: Json, named: dict[str, Json]) -> Any:
    """Return a value that fits a schema.

    Of an object's fields it holds those that are required, and those that have an example.

    Parameters
    ----------
    schema : dict
        The schema.
    named : dict
        The schemas that it may refer to.
    """
    if schema.get("examples"):
        return schema["examples"][0]
    schema = resolved(schema, named)
    for key in ("const", "default"):
        if schema.get(key) is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], named)
    return _of_type(schema, named)


def _of_type(schema: Json, named: dict[str, Json]) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, named)
        case "array":
            items = schema.get("prefixItems") or [schema.get("items") or {}] * max(
                1, schema.get("minItems", 1)
            )
            return [example(item, named) for item in items]
        case "string":
            return OF_FORMAT.get(schema.get("format", ""), "text")
        case "integer" | "number":
            return max(schema.get("minimum", 0), schema.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            return False
        case _:
            return None


def _object(schema: Json, named: dict[str, Json]) -> Json:
    required = schema.get("required", ())
    fields = schema.get("properties", {}).items()
    return {
        name: example(field, named)
        for name, field in sorted(fields, key=lambda field: field[0] not in required)
        if name in required or field.get("examples")
    }
