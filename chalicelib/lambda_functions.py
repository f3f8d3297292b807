"""The edge to other Lambda functions that an answer waits for."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import settings
from chalicelib.aws import get_client
from chalicelib.errors import UnavailableError

__all__ = ["DOCUMENTS", "RENDER", "FunctionFailed", "invoke_function"]

DOCUMENTS = "documents"
RENDER = "render"

LONGEST = 25.0
"""Seconds; API Gateway waits 29 for us."""


class FunctionFailed(Exception):  # noqa: N818 - its caller says what it means
    """The function broke, or ran out of memory or time."""


def invoke_function(function: str, event: dict[str, Any]) -> dict[str, Any]:
    """Call a function of this stage, and return what it answers.

    Raises
    ------
    FunctionFailed
        If it breaks.
    UnavailableError
        If it does not answer in time.
    """
    try:
        answer = get_client("lambda", read_timeout=LONGEST, attempts=1).invoke(
            FunctionName=settings.resource_name(function), Payload=json.dumps(event).encode()
        )
        outcome = json.loads(answer["Payload"].read() or b"null")
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError(f"The {function} function did not answer in time. Try again.") from error
    if answer.get("FunctionError") or not isinstance(outcome, dict):
        raise FunctionFailed(function)
    return outcome
