"""The OpenAPI document: every operation, every schema, and the conventions of all of them."""

from collections.abc import Iterable
from pathlib import Path

from chalicelib import settings
from chalicelib.reference.json_schemas import Components, Json
from chalicelib.reference.operation import described
from chalicelib.reference.views import Operation, room
from chalicelib.reference.webhook import webhook
from chalicelib.schemas.failure import Failure

__all__ = ["document"]

CONVENTIONS = Path(__file__).with_name("conventions.md")

SECURITY: dict[str, Json] = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Authorization: token <your token>`; it needs the permission that is named with it.",
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The same token, as `Authorization: Bearer <your token>`.",
    },
    "fitter": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of the supernova fitter, which those who registered it as a service have.",
    },
}


def document(operations: Iterable[Operation]) -> Json:
    """Return the OpenAPI 3.1 document of these operations, without its servers."""
    components = Components()
    components.schema(Failure)
    paths: Json = {}
    tags: Json = {}
    for operation in operations:
        name, said = room(operation)
        tags.setdefault(name, {"name": name, "description": said})
        paths.setdefault(operation.path, {})[operation.method.lower()] = described(operation, components)
    webhooks = {"analysis": {"post": webhook(components)}}
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
        "components": {"schemas": components.used_by([paths, webhooks]), "securitySchemes": SECURITY},
    }
