"""API Gateway's own errors, in the envelope of all responses of the API.

In the packaged template, and put on the emulator's API, which does not read them there.
"""

from typing import Any

from chalicelib.settings import VERSION
from chalicelib.strict_headers import STRICT_HEADERS

TOO_LARGE = (
    "the request is larger than the limit of 4.4 MB; send fewer rows, fewer or smaller plots, or thin the samples. "
    "Upload a large document of results separately (POST .../upload, see /api/docs). A request without a Content-Type "
    "is sent on as text, in which quotes and control characters count several times: give it one"
)
TIMED_OUT = "no response within 29 seconds; the request may still take effect"

_GATEWAY_MESSAGE = "$context.error.messageString"

_HEADERS = {**STRICT_HEADERS, "Strict-Transport-Security": "max-age=63072000; includeSubDomains"}

_RETRY_SECONDS = {"THROTTLED": 1, "QUOTA_EXCEEDED": 60, "INTEGRATION_TIMEOUT": 1, "DEFAULT_5XX": 1}
"""Seconds after which to try again what the gateway refused."""

_RESPONSES: dict[str, tuple[int | None, str]] = {
    "DEFAULT_4XX": (None, _GATEWAY_MESSAGE),
    "DEFAULT_5XX": (None, _GATEWAY_MESSAGE),
    # The gateway's name for a path or method without a route.
    "MISSING_AUTHENTICATION_TOKEN": (404, '"no route has this path and method"'),
    "REQUEST_TOO_LARGE": (413, f'"{TOO_LARGE}"'),
    "THROTTLED": (429, '"too many requests; try again in a second"'),
    "QUOTA_EXCEEDED": (429, '"too many requests; try again later"'),
    "UNAUTHORIZED": (401, _GATEWAY_MESSAGE),
    "INTEGRATION_TIMEOUT": (504, f'"{TIMED_OUT}"'),
}
"""Type -> status (None: the gateway's), message as JSON."""


def make_gateway_responses() -> dict[str, Any]:
    """Return the value of ``x-amazon-apigateway-gateway-responses`` for an API document."""
    document: dict[str, Any] = {}
    for kind, (status, message) in _RESPONSES.items():
        headers = {"Access-Control-Allow-Origin": "'*'"}
        headers |= {name: f"'{text}'" for name, text in _HEADERS.items()}
        if kind in _RETRY_SECONDS:
            headers["Retry-After"] = f"'{_RETRY_SECONDS[kind]}'"
        envelope = f'{{"status":"error","message":{message},"data":{{}},"version":"{VERSION}"}}'
        document[kind] = {
            "responseParameters": {f"gatewayresponse.header.{name}": text for name, text in headers.items()},
            "responseTemplates": {"application/json": envelope},
            **({"statusCode": str(status)} if status else {}),
        }
    return document


def put_gateway_responses(apigateway: Any, api_id: str, stage: str) -> None:
    """Put the responses on a REST API, and deploy its stage again to make them effective.

    Parameters
    ----------
    apigateway
        A boto3 client of API Gateway.
    api_id
        The REST API's id.
    stage
        The name of the API's stage.
    """
    for kind, response in make_gateway_responses().items():
        apigateway.put_gateway_response(restApiId=api_id, responseType=kind, **response)
    apigateway.create_deployment(restApiId=api_id, stageName=stage)
