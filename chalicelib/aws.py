"""AWS clients, made once for a process and only when first used, and whose account this is.

They are botocore's own: what boto3 puts around them (resources, transfers of files) is not used
here, and its import would be a quarter of the API function's cold start.
"""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

__all__ = ["account_id", "client"]


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def client(service: str, read_timeout: float = 10.0) -> Any:
    """Return the client of a service (``s3``, ``sqs``, …)."""
    config = Config(
        connect_timeout=3.0,
        read_timeout=read_timeout,
        retries={"mode": "standard", "max_attempts": 4},
        signature_version="s3v4" if service == "s3" else None,
        # A bucket is addressed by path on the emulator, whose host has no subdomains.
        s3={"addressing_style": "auto"},
    )
    return _session().create_client(service, config=config)


@cache
def account_id() -> str:
    """Return the account: bucket names and queue addresses hold it."""
    return str(client("sts").get_caller_identity()["Account"])
