"""The edge to SQS. Messages hold ids and keys, never data (claim check)."""

import json
from typing import Any

from chalicelib import settings
from chalicelib.aws import account_id, client

__all__ = ["DEAD_LETTERS", "DISPATCH", "FIT", "JOBS", "hide", "send"]

DISPATCH = "dispatch"
DEAD_LETTERS = "dispatch-dead"
FIT = "fit"
JOBS = "jobs"

LONGEST_PAUSE = 12 * 3600 - 60
"""SQS hides a message for at most twelve hours."""


def _url(queue: str) -> str:
    sqs = client("sqs")
    return f"{sqs.meta.endpoint_url}/{account_id()}/{settings.name(queue)}"


def send(queue: str, message: dict[str, Any], delay: int = 0) -> None:
    """Put a message into a queue, to be seen after `delay` seconds."""
    client("sqs").send_message(QueueUrl=_url(queue), MessageBody=json.dumps(message), DelaySeconds=delay)


def hide(queue: str, receipt_handle: str, seconds: float) -> None:
    """Say when a message that is being worked on shall come back, unless it is done."""
    client("sqs").change_message_visibility(
        QueueUrl=_url(queue),
        ReceiptHandle=receipt_handle,
        VisibilityTimeout=max(0, min(int(seconds), LONGEST_PAUSE)),
    )
