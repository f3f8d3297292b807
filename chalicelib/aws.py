"""AWS clients, made once for a process and only when first used, and whose account this is.

They are botocore's own: what boto3 puts around them (resources, transfers of files) is not used
here, and its import would be a quarter of the API function's cold start.
"""

import os
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

__all__ = ["get_account_id", "get_client"]


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def get_client(service: str, read_timeout: float = 10.0, attempts: int = 4) -> Any:
    """Return the client of a service (``s3``, ``sqs``, …)."""
    # Presigned URLs shall name the bucket's region; the emulator's host has no subdomains.
    style = "path" if os.environ.get("AWS_ENDPOINT_URL") else "virtual"
    config = Config(
        connect_timeout=3.0,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": style},
    )
    return _session().create_client(service, config=config)


@cache
def get_account_id() -> str:
    """Return the account: bucket names and queue addresses hold it."""
    return str(get_client("sts").get_caller_identity()["Account"])
