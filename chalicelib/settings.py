"""The environment: the stage, the names that follow from it, and the limits.

Every name of a resource is made here from the stage, so that the CloudFormation template and
the code agree without anything being copied from one to the other.
"""

import os

__all__ = [
    "ANALYSES_PER_SOURCE",
    "AUTHINFO_BYTES",
    "DISPATCH_ATTEMPTS",
    "DISPATCH_LEASE",
    "DOCUMENT_BYTES",
    "IDEMPOTENCY_SECONDS",
    "LARGE_ANSWER_BYTES",
    "LINK_SECONDS",
    "REQUEST_BYTES",
    "SEND_TIMEOUT",
    "STAGE",
    "UNSENT_AFTER",
    "UPLOAD_SECONDS",
    "VERSION",
    "get_egress_allowed_hosts",
    "get_public_url",
    "resource_name",
]

VERSION = "0.2.0"
STAGE = os.environ.get("HELIOGRAPH_STAGE", "local")

ANALYSES_PER_SOURCE = int(os.environ.get("ANALYSES_PER_SOURCE", "50"))
"""Completed or running analyses that one user may have of one source."""

REQUEST_BYTES = 6 * 1024 * 1024
"""The largest request that is taken: a synchronous Lambda invocation carries no more."""

LARGE_ANSWER_BYTES = 5 * 1024 * 1024
"""A JSON answer over this is a redirect to a presigned URL."""

DOCUMENT_BYTES = 200 * 1024 * 1024
"""The largest document that is taken by a presigned upload."""

UPLOAD_SECONDS = 3600
"""How long the address of such an upload works."""

AUTHINFO_BYTES = 3000
"""The largest ``_authinfo``; KMS encrypts at most 4096 bytes directly."""

LINK_SECONDS = 300
"""How long a presigned URL works."""

IDEMPOTENCY_SECONDS = 24 * 3600
"""How long an ``Idempotency-Key`` is remembered."""

SEND_TIMEOUT = (5.0, 20.0)
"""Seconds to connect to an analysis service, and to wait for its acknowledgement."""

DISPATCH_LEASE = 60.0
"""Seconds for which one invocation alone may send an analysis; longer than twice ``SEND_TIMEOUT``
(a digest challenge makes two requests of one)."""

DISPATCH_ATTEMPTS = 5
"""How often a service that refuses is tried."""

UNSENT_AFTER = 120.0
"""Seconds after which a queued analysis that nobody has taken is put into the queue again."""


def resource_name(resource: str) -> str:
    """Return the name of a resource of this stage, such as ``heliograph-prod-dispatch``."""
    return f"heliograph-{STAGE}-{resource}"


def get_egress_allowed_hosts() -> frozenset[str]:
    """Return the hosts that may be called although they are not public (``EGRESS_ALLOWED_HOSTS``)."""
    hosts = os.environ.get("EGRESS_ALLOWED_HOSTS", "")
    return frozenset(host.strip().lower() for host in hosts.split(",") if host.strip())


def get_public_url() -> str | None:
    """Return where the API is reached from outside (``PUBLIC_URL``), or None: where the request came in."""
    return os.environ.get("PUBLIC_URL", "").rstrip("/") or None
