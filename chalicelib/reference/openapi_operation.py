"""One operation of the OpenAPI document: permission, parameters, body, responses."""

from typing import Any

from chalicelib import settings
from chalicelib.errors import UnauthorizedError
from chalicelib.operation_signature import (
    Operation,
    docstring_to_markdown,
    get_body_schema,
    get_path_parts,
    get_query_schema,
    get_resource,
)
from chalicelib.reference.error_responses import build_error_responses
from chalicelib.reference.schema_components import Components, Json, build_example, drop_null, resolve_reference
from chalicelib.schemas.fields import LARGEST_ID, SourceId


def build_operation(operation: Operation, components: Components) -> Json:
    """Return the OpenAPI object of an operation.

    Parameters
    ----------
    operation : Operation
        The operation.
    components : Components
        Where named schemas are stored.
    """
    summary, _, description = docstring_to_markdown(operation.view.__doc__).partition("\n")
    resource, _ = get_resource(operation)
    return {
        "operationId": operation.operation_id,
        "tags": [resource],
        "summary": summary.strip(),
        **({"description": description.strip()} if description.strip() else {}),
        "security": _build_security(operation),
        "parameters": [*_build_path_parameters(operation, components), *_build_query_parameters(operation, components)],
        **_build_request_body(operation, components),
        "responses": {**_build_responses(operation, components), **build_error_responses(operation)},
    }


def build_json_content(schema: Json, components: Components, media_type: str = "application/json") -> Json:
    """Return the OpenAPI content of a body: its schema and an example."""
    return {media_type: {"schema": schema, "example": build_example(schema, components.schemas)}}


def _build_security(operation: Operation) -> list[Json]:
    if operation.needs_token:
        permissions = [operation.acl.value] if operation.acl else []
        return [{"token": permissions}, {"bearer": permissions}]
    return [{"fitter": []}] if UnauthorizedError in operation.raises else []


def _build_path_parameters(operation: Operation, components: Components) -> list[Json]:
    number = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID, "examples": [1]}
    text = {"type": "string", "minLength": 1, "examples": ["555ce6d4-15cf-4a6e-8f3b-0c2d1e9a7b65"]}
    source = _drop_description(components.build_inline_schema(SourceId))
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"Which {part.what}.",
            "schema": number if kind is int else source if part.what == "source" else text,
        }
        for name, (kind, part) in get_path_parts(operation).items()
    ]


def _build_query_parameters(operation: Operation, components: Components) -> list[Json]:
    schema = get_query_schema(operation)
    fields = components.build_inline_schema(schema) if schema else {}
    return [
        {
            "name": name,
            "in": "query",
            "required": name in fields["required"],
            "description": field.get("description", ""),
            "schema": drop_null(_drop_description(field)),
        }
        for name, field in fields.get("properties", {}).items()
    ]


def _drop_description(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key != "description"}


def _build_request_body(operation: Operation, components: Components) -> Json:
    # A GET accepts a body but never needs one, and many clients cannot send it.
    if operation.method == "GET" or "body" not in operation.takes:
        return {}
    if operation.takes["body"] is bytes:
        return {"requestBody": {"required": True, "content": _build_file_content()}}
    kind = get_body_schema(operation) or dict[str, Any]
    schema = components.build_schema(kind)
    required = bool(components.build_inline_schema(kind).get("required"))
    return {"requestBody": {"required": required, "content": build_json_content(schema, components)}}


def _build_file_content() -> Json:
    """Return the content of a body that is a file: the file itself, or a form with it."""
    example = "mjd,filter,mag,magerr\n59300.1,ztfg,18.1,0.05\n"
    file = {"description": "The file as it lies on disk.", "type": "string"}
    form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    return {
        "text/plain": {"schema": file, "example": example},
        "application/octet-stream": {"schema": file, "example": example},
        "multipart/form-data": {"schema": form, "example": {"file": example}},
    }


def _build_responses(operation: Operation, components: Components) -> dict[str, Json]:
    if operation.file_type:
        return _build_file_responses(operation, components)
    schema = components.build_schema(operation.answers)
    media_type = schema.pop("contentMediaType", "application/json")
    body = schema if operation.bare else _build_envelope(operation, schema, components)
    content = build_json_content(body, components, media_type)
    responses = {"200": {"description": "Success.", "content": content}}
    if operation.method == "GET" and not operation.bare:
        limit = settings.LARGE_ANSWER_BYTES >> 20
        responses["303"] = _build_redirect(f"Redirect to a response of more than {limit} MB.")
    return responses


def _build_file_responses(operation: Operation, components: Components) -> dict[str, Json]:
    """Return the responses of a route that answers a file of any type, or what the query asks for instead."""
    limit = settings.FILE_ANSWER_BYTES / 1e6
    content: Json = {str(operation.file_type): {}, "*/*": {}}
    if operation.answers is not None:
        schema = components.build_schema(operation.answers)
        content |= build_json_content(_build_envelope(operation, schema, components), components)
    return {
        "200": {"description": f"The file, usually {operation.file_type}.", "content": content},
        "303": _build_redirect(f"Redirect to a file of more than {limit:.0f} MB, or if there is no header `Accept`."),
    }


def _build_envelope(operation: Operation, schema: Json, components: Components) -> Json:
    if operation.answers is None:
        data = {"description": "Nothing.", "type": "null"}
    else:
        data = _add_list_description(schema, components)
    return {
        "type": "object",
        "properties": {
            "status": {"description": "The request succeeded.", "const": "success"},
            "data": data,
            "version": {"description": "The version of this API.", "type": "string", "example": settings.VERSION},
            "notes": {
                "description": "Parameters of the request that have no meaning here.",
                "type": "array",
                "items": {"type": "string"},
            },
            **{name: components.build_schema(kind) for name, kind in operation.beside.items()},
        },
        "required": ["status", "data", "version"],
        "additionalProperties": False,
    }


def _add_list_description(schema: Json, components: Components) -> Json:
    """Describe a list without a description by the description of its items."""
    if "$ref" in schema:
        return schema
    items = resolve_reference(schema.get("items") or {}, components.schemas)
    return {"description": items.get("description", "The result."), **schema}


def _build_redirect(description: str) -> Json:
    return {
        "description": f"{description} The address needs no token and works for {settings.LINK_SECONDS} s.",
        "headers": {
            "Location": {"description": "The address.", "required": True, "schema": {"type": "string", "format": "uri"}}
        },
    }
