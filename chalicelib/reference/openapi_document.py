"""The OpenAPI document: all operations, all schemas, and the request that analysis services receive."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chalicelib import settings
from chalicelib.operation_signature import Operation, get_resource
from chalicelib.reference.openapi_operation import build_json_content, build_operation
from chalicelib.reference.schema_components import Components, Json
from chalicelib.schemas.failure import Failure
from chalicelib.schemas.payload import Payload

CONVENTIONS = Path(__file__).with_name("conventions.md")

SECURITY: dict[str, Json] = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Authorization: token <your token>`, with the permission that the operation names.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The same token, as `Authorization: Bearer <your token>`.",
    },
    "fitter": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of the supernova fitter, known to those who registered it as a service.",
    },
}

SERVICE_REQUEST = """
Sent to the `url` of the service, with the credentials of its `authentication_type`. The request is also
signed by [Standard Webhooks](https://www.standardwebhooks.com) (scheme `v1a`, ed25519 over
`<webhook-id>.<webhook-timestamp>.<body>`); `GET /sysinfo` returns the public key.

The service acknowledges the request at once and sends its results later, to `callback_url`.
"""

SERVICE_HEADERS: dict[str, tuple[str, Any]] = {
    "webhook-id": ("The same each time the same request is sent.", "analysis-32"),
    "webhook-timestamp": ("Time of sending, in seconds since 1970.", 1795317255),
    "webhook-signature": ("`v1a,` and the signature in base64.", "v1a,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
}

SERVICE_RESPONSES = {
    "2XX": "The service accepted the data and is working.",
    "429": "The request is sent again, after `Retry-After` if present: a few times, within the timeout.",
    "5XX": "As for 429.",
    "default": "The analysis fails. Redirects are not followed.",
}


def build_openapi_document(operations: Iterable[Operation]) -> Json:
    """Return the OpenAPI 3.1 document of operations, without servers."""
    components = Components()
    components.build_schema(Failure)
    paths: Json = {}
    tags: Json = {}
    for operation in operations:
        name, description = get_resource(operation)
        tags.setdefault(name, {"name": name, "description": description})
        methods = paths.setdefault(operation.path, {})
        methods[operation.method.lower()] = build_operation(operation, components)
    webhooks = {"analysis": {"post": _build_service_request(components)}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Heliograph",
            "version": settings.VERSION,
            "summary": "External analysis services for astronomical sources.",
            "description": CONVENTIONS.read_text(encoding="utf-8"),
            "license": {"name": "BSD 3-Clause", "identifier": "BSD-3-Clause"},
        },
        "tags": list(tags.values()),
        "paths": paths,
        "webhooks": webhooks,
        "components": {"schemas": components.select_used_schemas([paths, webhooks]), "securitySchemes": SECURITY},
    }


def _build_service_request(components: Components) -> Json:
    return {
        "operationId": "service_receives",
        "tags": ["services"],
        "summary": "What an analysis service receives.",
        "description": SERVICE_REQUEST.strip(),
        "security": [],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": description,
                "schema": {"type": "integer" if isinstance(value, int) else "string", "examples": [value]},
            }
            for name, (description, value) in SERVICE_HEADERS.items()
        ],
        "requestBody": {"required": True, "content": build_json_content(components.build_schema(Payload), components)},
        "responses": {status: {"description": description} for status, description in SERVICE_RESPONSES.items()},
    }
