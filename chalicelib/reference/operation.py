"""One operation of the document: who may ask, what it takes, what it answers."""

from typing import Any

from chalicelib import settings
from chalicelib.errors import UnauthorizedError
from chalicelib.reference.examples import example
from chalicelib.reference.failures import failures
from chalicelib.reference.json_schemas import Components, Json, resolved, without_null
from chalicelib.reference.views import Operation, body_schema, in_path, query_schema, room, words
from chalicelib.schemas.fields import LARGEST_ID, SourceId

__all__ = ["described"]

JSON = "application/json"

SUCCESS = {"description": "That it went well.", "const": "success"}

NOTHING = {"description": "Nothing.", "type": "null"}


def described(operation: Operation, components: Components) -> Json:
    """Return an operation as OpenAPI describes it.

    Parameters
    ----------
    operation : Operation
        The operation.
    components : Components
        Where the schemas that it names are kept.
    """
    summary, _, description = words(operation.view.__doc__).partition("\n")
    resource, _ = room(operation)
    return {
        "operationId": f"{resource}_{operation.view.__name__}",
        "tags": [resource],
        "summary": summary.strip(),
        **({"description": description.strip()} if description.strip() else {}),
        "security": _security(operation),
        "parameters": [*_path_parameters(operation, components), *_query_parameters(operation, components)],
        **_request(operation, components),
        "responses": {**_answers(operation, components), **failures(operation)},
    }


def _security(operation: Operation) -> list[Json]:
    if operation.needs_token:
        needed = [operation.acl.value] if operation.acl else []
        return [{"token": needed}, {"bearer": needed}]
    return [{"fitter": []}] if UnauthorizedError in operation.raises else []


def _path_parameters(operation: Operation, components: Components) -> list[Json]:
    number = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID, "examples": [1]}
    text = {"type": "string", "minLength": 1, "examples": ["555ce6d4-15cf-4a6e-8f3b-0c2d1e9a7b65"]}
    source = {key: said for key, said in components.of(SourceId).items() if key != "description"}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"Which {part.what}.",
            "schema": number if kind is int else source if part.what == "source" else text,
        }
        for name, (kind, part) in in_path(operation).items()
    ]


def _query_parameters(operation: Operation, components: Components) -> list[Json]:
    schema = query_schema(operation)
    fields = components.of(schema) if schema else {}
    return [
        {
            "name": name,
            "in": "query",
            "required": name in fields["required"],
            "description": field.get("description", ""),
            "schema": without_null({key: said for key, said in field.items() if key != "description"}),
        }
        for name, field in fields.get("properties", {}).items()
    ]


def _request(operation: Operation, components: Components) -> Json:
    """Describe the body, but not that of a GET: many clients cannot send one, and none has to."""
    if operation.method == "GET" or "body" not in operation.takes:
        return {}
    kind = body_schema(operation) or dict[str, Any]
    schema, required = components.schema(kind), bool(components.of(kind).get("required"))
    return {"requestBody": {"required": required, "content": {JSON: _with_example(schema, components)}}}


def _answers(operation: Operation, components: Components) -> dict[str, Json]:
    if operation.links:
        return {"303": _elsewhere(f"The product ({operation.links}) lies at another address.")}
    schema = components.schema(operation.answers)
    media = schema.pop("contentMediaType", JSON)
    whole = schema if operation.bare else _envelope(operation, schema, components)
    answers = {"200": {"description": "It went well.", "content": {media: _with_example(whole, components)}}}
    if operation.method == "GET" and not operation.bare:
        most = settings.LARGE_ANSWER_BYTES >> 20
        answers["303"] = _elsewhere(f"The answer takes more than {most} MB and lies at another address.")
    return answers


def _envelope(operation: Operation, schema: Json, components: Components) -> Json:
    data = NOTHING if operation.answers is None else _with_words(schema, components)
    beside = {name: components.schema(kind) for name, kind in operation.beside.items()}
    return {
        "type": "object",
        "properties": {"status": SUCCESS, "data": data, **beside},
        "required": ["status", "data"],
        "additionalProperties": False,
    }


def _with_words(schema: Json, components: Components) -> Json:
    """Say of a list what is said of what it lists, unless there is a word of its own."""
    listed = resolved(schema.get("items") or {}, components.named)
    said = {"description": listed.get("description", "What was asked for.")}
    return schema if "$ref" in schema else {**said, **schema}


def _elsewhere(why: str) -> Json:
    return {
        "description": f"{why} It works for {settings.LINK_SECONDS} seconds, and needs no token.",
        "headers": {
            "Location": {
                "description": "Where it lies.",
                "required": True,
                "schema": {"type": "string", "format": "uri"},
            }
        },
    }


def _with_example(schema: Json, components: Components) -> Json:
    return {"schema": schema, "example": example(schema, components.named)}
