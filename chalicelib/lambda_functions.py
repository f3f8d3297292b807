"""Calls of other Lambda functions that a request waits for."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.aws import get_client
from chalicelib.deadlines import limit_wait, require_time
from chalicelib.errors import UnavailableError

DOCUMENTS = "documents"
RENDER = "render"

LONGEST = 25.0
"""Seconds to wait; API Gateway ends a request after 29."""

STEP = 5.0
"""A shorter wait is a multiple of so many seconds: each length has a client of its own."""


class FunctionFailed(Exception):  # noqa: N818 - the caller turns it into an error of the request
    """The function raised an exception, or ran out of memory or time."""


def invoke_function(function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Call a function of this stage, and return its result.

    Raises
    ------
    FunctionFailed
        If it fails.
    UnavailableError
        If it does not respond in time.
    """
    require_time(STEP)
    client = get_client("lambda", read_timeout=limit_wait(LONGEST) // STEP * STEP, attempts=1)
    try:
        response = client.invoke(FunctionName=settings.resource_name(function), Payload=json.dumps(event).encode())
        result = json.loads(response["Payload"].read() or b"null")
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError(f"The {function} function did not respond in time. Try again.") from error
    if response.get("FunctionError") or not isinstance(result, dict):
        raise FunctionFailed(function)
    return result
