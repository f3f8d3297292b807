"""What depends on MiniStack, the emulated AWS: its environment, paths and gaps.

Written for MiniStack 1.5.33, as is :mod:`infra.local.saved_state`. A test compares `MINISTACK_VERSION` with the
version that is pinned; check both when you change the pin.
"""

from pathlib import Path
from typing import Any

from infra.gateway_responses import put_gateway_responses
from infra.local.unpacked_code import share_unpacked_code

MINISTACK_VERSION = "1.5.33"

HEALTH_PATH = "/_ministack/health"

DEADLINE_HEADER = "X-Amzn-Lambda-Deadline-Ms"
"""Request header of an invocation that MiniStack passes to a container function."""

_NOMINAL_PORT = "4566"
"""Part of the queue names in the saved state: it must not depend on PORT."""


def get_environment(state_dir: Path, scratch: Path, account: str, region: str) -> dict[str, str]:
    """Return the variables that configure MiniStack; its Lambda processes inherit them.

    Parameters
    ----------
    state_dir
        The folder of its saved state.
    scratch
        A folder for temporary files; Lambda processes unpack their code there.
    account, region
        The AWS account and region that it emulates.
    """
    return {
        "GATEWAY_PORT": _NOMINAL_PORT,
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state_dir),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state_dir / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(scratch),
        "DOCKER_HOST": f"unix://{scratch}/no-docker",
        "LAMBDA_EXECUTOR": "local",
    }


def load_asgi_app() -> Any:
    """Return MiniStack's ASGI application; importing it reads the environment."""
    from ministack import app
    from ministack.core import lambda_runtime

    share_unpacked_code(lambda_runtime)
    return app.app


def get_api_url(emulator_url: str, api_id: str) -> str:
    """Return the address of a REST API's stage ``api`` in the emulator."""
    return f"{emulator_url}/_aws/execute-api/{api_id}/api"


def is_api_complete(apigateway: Any, api_id: str) -> bool:
    """Return whether :func:`complete_api` was called; a changed API document makes a new API."""
    responses = apigateway.get_gateway_responses(restApiId=api_id, limit=500)["items"]
    return not all(response.get("defaultResponse") for response in responses)


def complete_api(apigateway: Any, api_id: str, stage: str, document: dict[str, Any]) -> None:
    """Add what MiniStack ignores in an API document, and deploy the API's stage again.

    AWS reads gateway responses and the headers of preflight requests from the document. MiniStack reads
    routes and integrations only.

    Parameters
    ----------
    apigateway
        A boto3 client of API Gateway.
    api_id
        The REST API's id.
    stage
        The name of its stage.
    document
        The API's document, from Chalice.
    """
    pages = apigateway.get_paginator("get_resources").paginate(restApiId=api_id)
    resources = {resource["path"]: resource["id"] for page in pages for resource in page["items"]}
    for path, operations in document["paths"].items():
        integration = operations.get("options", {}).get("x-amazon-apigateway-integration", {})
        if integration.get("type") == "mock":
            apigateway.put_integration_response(
                restApiId=api_id,
                resourceId=resources[path],
                httpMethod="OPTIONS",
                statusCode="200",
                responseParameters=integration["responses"]["default"]["responseParameters"],
            )
    put_gateway_responses(apigateway, api_id, stage)
