"""AWS clients, created once per process on first use, and the account id.

They are botocore's: boto3's resources and transfers are not used here, and importing them would be a
quarter of the API function's cold start.
"""

import os
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config


@cache
def _get_session() -> botocore.session.Session:
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
    return _get_session().create_client(service, config=config)


@cache
def get_account_id() -> str:
    """Return the account id, which is part of bucket names and queue URLs."""
    return str(get_client("sts").get_caller_identity()["Account"])
