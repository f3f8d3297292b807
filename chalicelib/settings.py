"""The environment: the stage, the names of its resources, and the limits.

All names of resources are derived from the stage here; the CloudFormation template derives the same.
"""

import os


def read_limit(name: str, default: int) -> int:
    """Return a limit from the environment; one of 0 would stop everybody."""
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise ValueError(f"{name} is {text!r}; expected a whole number of at least 1, such as {default}.")
    return int(text)


VERSION = "0.2.0"
STAGE = os.environ.get("HELIOGRAPH_STAGE", "local")

ANALYSES_PER_SOURCE = int(os.environ.get("ANALYSES_PER_SOURCE", "50"))
"""Most completed or running analyses of one user and one source."""

REQUESTS_PER_MINUTE = read_limit("REQUESTS_PER_MINUTE", 3000)
"""Most requests of one token in a minute."""

RENDERS_PER_MINUTE = read_limit("RENDERS_PER_MINUTE", 300)
"""Most pictures, tables and periodograms of one user that are made in a minute, besides those of jobs."""

REQUEST_BYTES = 4_400_000
"""Largest body of a request: a synchronous Lambda invocation carries 6 MiB, and bodies reach it in base64."""

SERVICE_REQUEST_BYTES = 6 * 1024 * 1024
"""Largest data of a source that a service is sent."""

FILE_ANSWER_BYTES = 4_000_000
"""A larger picture or file is a redirect to a presigned URL."""

LARGE_ANSWER_BYTES = 5 * 1024 * 1024
"""A larger JSON answer is a redirect to a presigned URL."""

DOCUMENT_BYTES = 200 * 1024 * 1024
"""Largest document of a presigned upload."""

UPLOAD_SECONDS = 3600
"""How long an upload URL is valid."""

AUTHINFO_BYTES = 3000
"""Largest ``_authinfo``; KMS encrypts at most 4096 bytes directly."""

LINK_SECONDS = 300
"""How long a presigned download URL is valid."""

IDEMPOTENCY_SECONDS = 24 * 3600
"""How long an ``Idempotency-Key`` is stored."""

CAUSE_SECONDS = 30 * 86400
"""How long the cause of an analysis that a job starts is stored: longer than a message can live, in its queue and
then among the dead letters."""

SEND_TIMEOUT = (5.0, 20.0)
"""Seconds to connect to an analysis service, and to wait for its acknowledgement; their sum is the deadline of all
that is exchanged with it, both requests of a digest challenge included."""

DISPATCH_LEASE = 60.0
"""Seconds for which one invocation alone may send an analysis; more than the sum of ``SEND_TIMEOUT``."""

DISPATCH_CONCURRENCY = read_limit("DISPATCH_CONCURRENCY", 10 if STAGE == "local" else 100)
"""Most invocations that send analyses at a time; one service takes half of them at most. On one machine each is a
process of its own."""

UNSENT_AFTER = 900.0
"""Seconds after which a queued analysis is checked: until then its message is on its way."""

CHECK_AFTER = 120.0
"""Seconds after which anything else is checked that should have happened at once: a sender that died, a write-back,
a deletion."""


def resource_name(resource: str) -> str:
    """Return the name of a resource of this stage, such as ``heliograph-prod-dispatch``."""
    return f"heliograph-{STAGE}-{resource}"


def get_public_url() -> str | None:
    """Return the URL of the API (``PUBLIC_URL``); if None, the deployment's own is used."""
    return os.environ.get("PUBLIC_URL", "").rstrip("/") or None


def get_region() -> str:
    """Return the AWS region of this deployment."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
