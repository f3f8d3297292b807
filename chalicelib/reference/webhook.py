"""What an analysis service is sent: the one request that goes out from here."""

from typing import Any

from chalicelib.reference.examples import example
from chalicelib.reference.json_schemas import Components, Json
from chalicelib.schemas.payload import Payload

__all__ = ["webhook"]

DESCRIPTION = """
The request goes to the `url` of the service, and proves who sends it as the service's
`authentication_type` says. It is signed, too, as [Standard Webhooks](https://www.standardwebhooks.com) has it
(scheme `v1a`, ed25519 over `<webhook-id>.<webhook-timestamp>.<body>`): `GET /sysinfo` gives the public key.

The service acknowledges it at once and sends its results later, to `callback_url`.
"""

HEADERS: dict[str, tuple[str, Any]] = {
    "webhook-id": ("The same whenever the same request is sent again.", "analysis-32"),
    "webhook-timestamp": ("When it was sent, in seconds since 1970.", 1795317255),
    "webhook-signature": (
        "`v1a,` and the signature in base64.",
        "v1a,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
}

ANSWERS = {
    "2XX": "The service has the data and is at work.",
    "429": "It is sent again later, after `Retry-After` if that is there; a few times, within the timeout.",
    "5XX": "The same.",
    "default": "The analysis has failed. Redirects are not followed.",
}


def webhook(components: Components) -> Json:
    """Return the request as OpenAPI describes it.

    Parameters
    ----------
    components : Components
        Where the schemas that it names are kept.
    """
    schema = components.schema(Payload)
    return {
        "operationId": "service_receives",
        "tags": ["services"],
        "summary": "What an analysis service receives.",
        "description": DESCRIPTION.strip(),
        "security": [],
        "parameters": [_header(name, said, value) for name, (said, value) in HEADERS.items()],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example(schema, components.named)}},
        },
        "responses": {status: {"description": said} for status, said in ANSWERS.items()},
    }


def _header(name: str, said: str, value: Any) -> Json:
    kind = "integer" if isinstance(value, int) else "string"
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": said,
        "schema": {"type": kind, "examples": [value]},
    }
