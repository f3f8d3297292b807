"""The one-time token of a callback.

It looks like a random UUID (RFC 9562, version 4) and is an HMAC of the analysis under a key of
the deployment, so that a second sending of the same analysis carries the same token although
only its hash is stored.
"""

import hashlib
import hmac
import re
import uuid

from chalicelib import secrets

__all__ = ["derive_callback_token", "hash_callback_token", "is_callback_token"]

SHAPE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def derive_callback_token(analysis_id: int, created_at: str) -> str:
    """Return the token of an analysis.

    Parameters
    ----------
    analysis_id : int
        The analysis.
    created_at : str
        When it was made; a deployment whose counters were set back gives no token twice.
    """
    message = f"{analysis_id}/{created_at}".encode()
    digest = hmac.digest(secrets.derive_key("callback"), message, hashlib.sha256)
    return str(uuid.UUID(bytes=digest[:16], version=4))


def hash_callback_token(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_callback_token(text: str) -> bool:
    """Say whether a text could be a token at all."""
    return SHAPE.fullmatch(text) is not None
