"""The edge to SQS. Messages hold ids and keys, never data (claim check).

What fails again and again is moved by SQS to the queue's dead letters, from where people send it back.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib import settings
from chalicelib.aws import get_account_id, get_client

__all__ = [
    "DEAD_LETTERS",
    "DISPATCH",
    "FIT",
    "JOBS",
    "count_dead_letters",
    "peek_dead_letters",
    "postpone_message",
    "redrive_dead_letters",
    "send_message",
]

DISPATCH = "dispatch"
DEAD_LETTERS = "dispatch-dead"
FIT = "fit"
JOBS = "jobs"

MOST_AT_ONCE = 10
"""SQS hands out no more messages in one call."""

LOOK_SECONDS = 5
"""How long a message that is looked at is hidden, should it not be given back at once."""

MOVE_SECONDS = 60
"""How long a message that is being moved is hidden: were it to come back, it would be sent twice."""

LONGEST_PAUSE = 12 * 3600 - 60
"""SQS hides a message for at most twelve hours."""


def _url(queue: str) -> str:
    sqs = get_client("sqs")
    return f"{sqs.meta.endpoint_url}/{get_account_id()}/{settings.resource_name(queue)}"


def send_message(queue: str, message: dict[str, Any], delay: int = 0) -> None:
    """Put a message into a queue, to be seen after `delay` seconds."""
    get_client("sqs").send_message(QueueUrl=_url(queue), MessageBody=json.dumps(message), DelaySeconds=delay)


def postpone_message(queue: str, receipt_handle: str, seconds: float) -> None:
    """Say when a message that is being worked on shall come back, unless it is done."""
    get_client("sqs").change_message_visibility(
        QueueUrl=_url(queue),
        ReceiptHandle=receipt_handle,
        VisibilityTimeout=max(0, min(int(seconds), LONGEST_PAUSE)),
    )


def count_dead_letters(queue: str) -> int:
    """Return how many dead letters a queue has, as far as SQS knows at this moment."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = get_client("sqs").get_queue_attributes(QueueUrl=_dead(queue), AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def peek_dead_letters(queue: str) -> list[dict[str, Any]]:
    """Look at some dead letters of a queue, which stay there.

    Returns
    -------
    list of dict
        ``id``, ``sent_at`` (UTC) and ``body`` of ten messages at most.
    """
    messages = _received(queue, LOOK_SECONDS)
    entries = [
        {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        for n, message in enumerate(messages)
    ]
    if entries:
        # All at once: of one that was taken away meanwhile SQS says so, and raises nothing.
        get_client("sqs").change_message_visibility_batch(QueueUrl=_dead(queue), Entries=entries)
    return [_shown(message) for message in messages]


def redrive_dead_letters(queue: str, most: int) -> int:
    """Send dead letters back to the queue that they come from, at most so many; return their number.

    A message is taken away only after it was sent: should this end between the two, it comes twice.
    """
    moved = 0
    for message in _each_dead(queue, most):
        get_client("sqs").send_message(QueueUrl=_url(queue), MessageBody=message["Body"])
        get_client("sqs").delete_message(QueueUrl=_dead(queue), ReceiptHandle=message["ReceiptHandle"])
        moved += 1
    return moved


def _dead(queue: str) -> str:
    return _url(f"{queue}-dead")


def _each_dead(queue: str, most: int) -> Iterator[dict[str, Any]]:
    while most > 0 and (messages := _received(queue, MOVE_SECONDS, most)):
        yield from messages
        most -= len(messages)


def _received(queue: str, hidden: int, most: int = MOST_AT_ONCE) -> list[dict[str, Any]]:
    # SQS asks all of its servers only if it may wait.
    answer = get_client("sqs").receive_message(
        QueueUrl=_dead(queue),
        MaxNumberOfMessages=min(most, MOST_AT_ONCE),
        VisibilityTimeout=hidden,
        WaitTimeSeconds=1,
        AttributeNames=["SentTimestamp"],
    )
    return list(answer.get("Messages", ()))


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    return {
        "id": message["MessageId"],
        "sent_at": sent.replace(tzinfo=None).isoformat(timespec="microseconds"),
        "body": _said(message["Body"]),
    }


def _said(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # Somebody wrote it by hand.
        return body
