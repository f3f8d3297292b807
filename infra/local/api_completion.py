"""What MiniStack leaves out when it imports an API's document: put in afterwards, by the API's own calls.

AWS reads both from the document. MiniStack 1.5.33 takes routes and integrations only, and so would answer
errors of its own in other words, and preflight requests of browsers without their headers.
"""

from __future__ import annotations

from typing import Any

from infra.gateway_responses import put_gateway_responses

__all__ = ["complete", "is_complete"]


def is_complete(apigateway: Any, api_id: str) -> bool:
    """Return whether :func:`complete` was done; an API whose document changed is a new one."""
    responses = apigateway.get_gateway_responses(restApiId=api_id, limit=500)["items"]
    return not all(response.get("defaultResponse") for response in responses)


def complete(apigateway: Any, api_id: str, stage: str, document: dict[str, Any]) -> None:
    """Put what the import left out, and deploy the API's stage again.

    Parameters
    ----------
    apigateway
        A boto3 client of API Gateway.
    api_id
        The REST API's id.
    stage
        The name of its stage.
    document
        The API's document, as Chalice wrote it.
    """
    pages = apigateway.get_paginator("get_resources").paginate(restApiId=api_id)
    resources = {resource["path"]: resource["id"] for page in pages for resource in page["items"]}
    for path, operations in document["paths"].items():
        preflight = operations.get("options", {}).get("x-amazon-apigateway-integration", {})
        if preflight.get("type") != "mock":
            continue
        apigateway.put_integration_response(
            restApiId=api_id,
            resourceId=resources[path],
            httpMethod="OPTIONS",
            statusCode="200",
            responseParameters=preflight["responses"]["default"]["responseParameters"],
        )
    put_gateway_responses(apigateway, api_id, stage)
