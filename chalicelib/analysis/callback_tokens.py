"""The one-time token of a callback.

It has the form of a random UUID (RFC 9562, version 4) and is an HMAC of the analysis under a key of the
deployment, so that a second attempt to send an analysis has the same token, although only its hash is
stored.
"""

import hashlib
import hmac
import re
import uuid

from chalicelib import secrets

FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def derive_callback_token(analysis_id: int, created_at: str) -> str:
    """Return the callback token of an analysis.

    Parameters
    ----------
    analysis_id : int
        The analysis.
    created_at : str
        Its creation time, so that a deployment whose id counter was reset never repeats a token.
    """
    message = f"{analysis_id}/{created_at}".encode()
    digest = hmac.digest(secrets.derive_key("callback"), message, hashlib.sha256)
    return str(uuid.UUID(bytes=digest[:16], version=4))


def hash_callback_token(token: str) -> str:
    """Return the hash under which a callback token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_callback_token(text: str) -> bool:
    """Return whether a text has the form of a callback token."""
    return FORM.fullmatch(text) is not None
