"""The environment: the stage, the names of its resources, and the limits.

All names of resources are derived from the stage here; the CloudFormation template derives the same.
"""

import os

VERSION = "0.2.0"
STAGE = os.environ.get("HELIOGRAPH_STAGE", "local")

ANALYSES_PER_SOURCE = int(os.environ.get("ANALYSES_PER_SOURCE", "50"))
"""Most completed or running analyses of one user and one source."""

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

SEND_TIMEOUT = (5.0, 20.0)
"""Seconds to connect to an analysis service, and to wait for its acknowledgement."""

DISPATCH_LEASE = 60.0
"""Seconds for which one invocation alone may send an analysis; more than twice ``SEND_TIMEOUT``
(with a digest challenge, two requests are sent)."""

DISPATCH_ATTEMPTS = 5
"""Most attempts to send an analysis after failed connections, 429 and 5xx; other refusals end it at once."""

UNSENT_AFTER = 120.0
"""Seconds after which a queued analysis that no invocation has leased is put into the queue again."""


def resource_name(resource: str) -> str:
    """Return the name of a resource of this stage, such as ``heliograph-prod-dispatch``."""
    return f"heliograph-{STAGE}-{resource}"


def get_egress_allowed_hosts() -> frozenset[str]:
    """Return the hosts that may be called although they are not public (``EGRESS_ALLOWED_HOSTS``)."""
    hosts = os.environ.get("EGRESS_ALLOWED_HOSTS", "")
    return frozenset(host.strip().lower() for host in hosts.split(",") if host.strip())


def get_public_url() -> str | None:
    """Return the URL of the API (``PUBLIC_URL``); if None, that of the request is used."""
    return os.environ.get("PUBLIC_URL", "").rstrip("/") or None
