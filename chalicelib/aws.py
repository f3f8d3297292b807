"""AWS clients, created once per process on first use, and the account id.

They are botocore's: boto3's resources and transfers are not used here; docs/design.md says what that saves.
"""

import os
from functools import cache, partial
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.deadlines import require_time

THROTTLED = ("Throttl", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "SlowDown", "TooManyRequests")
"""Parts of the codes with which AWS refuses a call that it would take later."""


@cache
def get_session() -> botocore.session.Session:
    """Return the session of this process, which reads the environment once."""
    return botocore.session.get_session()


@cache
def get_client(service: str, read_timeout: float = 10.0, attempts: int = 4) -> Any:
    """Return the client of a service (``s3``, ``sqs``, …)."""
    config = Config(
        connect_timeout=3.0,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        signature_version="s3v4" if service == "s3" else None,
        # Presigned URLs must name the bucket's region; the emulator's host has no subdomains.
        s3={"addressing_style": "path" if os.environ.get("AWS_ENDPOINT_URL") else "virtual"},
    )
    client = get_session().create_client(service, config=config)
    client.meta.events.register_last("request-created", partial(_require_time, read_timeout))
    return client


def _require_time(read_timeout: float, request: Any, **_: Any) -> None:
    """Send nothing that a request has no time for; what did not answer once is expected to take its whole time."""
    is_first = "attempt=1" in str(request.headers.get("amz-sdk-request", "attempt=1"))
    require_time(0.0 if is_first else read_timeout)


def is_throttled(error: BaseException) -> bool:
    """Return whether an error, or its cause, is that AWS refused a call for the rate of the calls."""
    cause = _find_aws_error(error)
    if not isinstance(cause, ClientError):
        return False
    answer: dict[str, Any] = dict(cause.response)
    # A cancelled transaction has the codes of its writes in its message.
    text = f"{answer.get('Error', {}).get('Code')} {answer.get('Error', {}).get('Message')}"
    return any(part in text for part in THROTTLED)


def is_temporary_failure(error: BaseException) -> bool:
    """Return whether an error, or its cause, is that AWS was slow or not reached."""
    cause = _find_aws_error(error)
    if isinstance(cause, ClientError):
        answer: dict[str, Any] = dict(cause.response)
        return bool(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500)
    return cause is not None


def _find_aws_error(error: BaseException) -> ClientError | BotoCoreError | None:
    """Return the error of botocore that an error is, or was caused by."""
    if isinstance(error, ClientError | BotoCoreError):
        return error
    cause = getattr(error, "cause", None) or error.__cause__
    return _find_aws_error(cause) if isinstance(cause, BaseException) and cause is not error else None


@cache
def get_account_id() -> str:
    """Return the account id, which is part of bucket names and queue URLs."""
    return str(get_client("sts").get_caller_identity()["Account"])
