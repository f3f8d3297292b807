"""What API Gateway answers by itself, in the envelope that everything else is answered in.

One table, used twice: inside the packaged template, and on an API that ``chalice deploy`` made.
"""

from __future__ import annotations

from typing import Any

__all__ = ["TIMED_OUT", "TOO_LARGE", "as_openapi", "put_gateway_responses"]

TOO_LARGE = (
    "the request is larger than 6 MB, which is the most that is taken; "
    "send fewer or smaller plots, or thin the samples"
)
TIMED_OUT = "no answer within 29 seconds; what was asked for may still happen"

_AS_GATEWAY_SAYS = "$context.error.messageString"
_CORS = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}

# Type: (status, or None for the gateway's own; message, or what the gateway says).
_RESPONSES: dict[str, tuple[int | None, str]] = {
    "DEFAULT_4XX": (None, _AS_GATEWAY_SAYS),
    "DEFAULT_5XX": (None, _AS_GATEWAY_SAYS),
    # The gateway's words for a path or method that no route has.
    "MISSING_AUTHENTICATION_TOKEN": (
        404,
        '"no route has this path and method"',
    ),
    "REQUEST_TOO_LARGE": (
        413,
        f'"{TOO_LARGE}"',
    ),
    "THROTTLED": (429, '"too many requests; try again in a second"'),
    "QUOTA_EXCEEDED": (429, '"too many requests; try again later"'),
    "UNAUTHORIZED": (401, _AS_GATEWAY_SAYS),
    "INTEGRATION_TIMEOUT": (504, f'"{TIMED_OUT}"'),
}


def _template(message: str) -> str:
    return '{"status":"error","message":' + message + "}"


def _parameters(kind: str) -> dict[str, str]:
    if kind == "THROTTLED":
        return {**_CORS, "gatewayresponse.header.Retry-After": "'1'"}
    return dict(_CORS)


def as_openapi() -> dict[str, Any]:
    """Return the value of ``x-amazon-apigateway-gateway-responses`` for an API document."""
    document: dict[str, Any] = {}
    for kind, (status, message) in _RESPONSES.items():
        document[kind] = {
            "responseParameters": _parameters(kind),
            "responseTemplates": {"application/json": _template(message)},
        }
        if status is not None:
            document[kind]["statusCode"] = str(status)
    return document


def put_gateway_responses(apigateway: Any, api_id: str, stage: str) -> None:
    """Put the responses on a REST API, and deploy its stage again, without which they do nothing.

    Parameters
    ----------
    apigateway
        A boto3 client of API Gateway.
    api_id
        The REST API's id.
    stage
        The name of the API's stage.
    """
    for kind, response in as_openapi().items():
        apigateway.put_gateway_response(restApiId=api_id, responseType=kind, **response)
    apigateway.create_deployment(restApiId=api_id, stageName=stage)
