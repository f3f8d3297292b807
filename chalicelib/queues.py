"""The SQS queues. Messages hold ids and keys, never data (claim check).

SQS moves a message that keeps failing to its queue's dead-letter queue; a person sends it back from
there.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib import settings
from chalicelib.aws import get_account_id, get_client
from chalicelib.jobs import Job

DISPATCH = "dispatch"
DEAD_LETTERS = "dispatch-dead"
FIT = "fit"
FIT_BATCH = "fit-batch"
"""Fits of batches, which one invocation does by dozens; what fails there goes on alone in the queue of fits."""
SPECTRUM = "spectrum"
JOBS = "jobs"
WORKED = (DISPATCH, FIT, SPECTRUM, JOBS)
"""The queues that have a dead-letter queue."""

ALL = (DISPATCH, FIT, FIT_BATCH, SPECTRUM, JOBS)
"""The queues that functions work on, besides those of dead letters."""

MOST_PER_CALL = 10
"""Most messages that SQS returns in one call."""

PEEK_SECONDS = 5
"""How long a message is hidden while it is looked at, if making it visible again fails."""

REDRIVE_SECONDS = 60
"""How long a message is hidden while it is sent back: if it reappeared it would be sent twice."""

LONGEST_DELAY = 900
"""Most seconds by which SQS delays a message."""


def _url(queue: str) -> str:
    return f"{get_client('sqs').meta.endpoint_url}/{get_account_id()}/{settings.resource_name(queue)}"


def _dead_url(queue: str) -> str:
    return _url(f"{queue}-dead")


def send_message(queue: str, message: dict[str, Any], delay: float = 0, *, group: str | None = None) -> None:
    """Send a message.

    Parameters
    ----------
    queue : str
        The queue.
    message : dict
        The message.
    delay : float
        Seconds after which it is delivered, or `LONGEST_DELAY`.
    group : str, optional
        Whose message it is: SQS lets those of a group with many messages wait, not those of others (fair queues).
    """
    options = {"MessageGroupId": group} if group else {}
    get_client("sqs").send_message(
        QueueUrl=_url(queue), MessageBody=json.dumps(message), DelaySeconds=min(round(delay), LONGEST_DELAY), **options
    )


def send_job(job: Job, delay: float = 0) -> None:
    """Send a job, to be delivered after `delay` seconds."""
    send_message(JOBS, msgspec.to_builtins(job), delay)


def count_waiting(queue: str) -> int:
    """Return the approximate number of messages that could be delivered now."""
    name = "ApproximateNumberOfMessages"
    response = get_client("sqs").get_queue_attributes(QueueUrl=_url(queue), AttributeNames=[name])
    return int(response["Attributes"][name])


def count_messages(queue: str) -> dict[str, int]:
    """Return the approximate numbers of messages of a queue: ``waiting``, ``in_work``, ``delayed`` and ``dead``."""
    prefix = "ApproximateNumberOfMessages"
    names = {"waiting": prefix, "in_work": f"{prefix}NotVisible", "delayed": f"{prefix}Delayed"}
    response = get_client("sqs").get_queue_attributes(QueueUrl=_url(queue), AttributeNames=list(names.values()))
    counts = {kind: int(response["Attributes"][name]) for kind, name in names.items()}
    return {**counts, "dead": count_dead_letters(queue) if queue in WORKED else 0}


def count_dead_letters(queue: str) -> int:
    """Return the approximate number of dead letters of a queue."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    response = get_client("sqs").get_queue_attributes(QueueUrl=_dead_url(queue), AttributeNames=names)
    return sum(int(response["Attributes"][name]) for name in names)


def peek_dead_letters(queue: str) -> list[dict[str, Any]]:
    """Return some dead letters of a queue and leave them there.

    Returns
    -------
    list of dict
        ``id``, ``sent_at`` (UTC) and ``body`` of ten messages at most.
    """
    messages = _receive_dead_letters(queue, PEEK_SECONDS)
    entries = [
        {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
        for n, message in enumerate(messages)
    ]
    if entries:
        # The batch call reports messages that were deleted meanwhile; the single call would raise.
        get_client("sqs").change_message_visibility_batch(QueueUrl=_dead_url(queue), Entries=entries)
    return [_message_to_json(message) for message in messages]


def redrive_dead_letters(queue: str, limit: int) -> int:
    """Send at most `limit` dead letters back to their queue; return how many were sent.

    Each is deleted after it was sent: a crash between the two sends it twice.
    """
    count = 0
    for message in _iterate_dead_letters(queue, limit):
        get_client("sqs").send_message(QueueUrl=_url(queue), MessageBody=message["Body"])
        get_client("sqs").delete_message(QueueUrl=_dead_url(queue), ReceiptHandle=message["ReceiptHandle"])
        count += 1
    return count


def _iterate_dead_letters(queue: str, limit: int) -> Iterator[dict[str, Any]]:
    while limit > 0 and (messages := _receive_dead_letters(queue, REDRIVE_SECONDS, limit)):
        yield from messages
        limit -= len(messages)


def _receive_dead_letters(queue: str, hidden_seconds: int, limit: int = MOST_PER_CALL) -> list[dict[str, Any]]:
    response = get_client("sqs").receive_message(
        QueueUrl=_dead_url(queue),
        MaxNumberOfMessages=min(limit, MOST_PER_CALL),
        VisibilityTimeout=hidden_seconds,
        # Without waiting, SQS asks only some of its servers.
        WaitTimeSeconds=1,
        AttributeNames=["SentTimestamp"],
    )
    return list(response.get("Messages", ()))


def _message_to_json(message: dict[str, Any]) -> dict[str, Any]:
    sent_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    return {
        "id": message["MessageId"],
        "sent_at": sent_at.replace(tzinfo=None).isoformat(timespec="microseconds"),
        "body": _parse_body(message["Body"]),
    }


def _parse_body(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        # Messages that a person wrote need not be JSON.
        return body
