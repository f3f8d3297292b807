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
    """Return the callback token of a new analysis.

    Parameters
    ----------
    analysis_id : int
        The analysis.
    created_at : str
        Its creation time, so that a deployment whose id counter was reset never repeats a token.
    """
    return _derive_token(secrets.derive_key("callback"), analysis_id, created_at)


def recover_callback_token(analysis_id: int, created_at: str, token_hash: str) -> str:
    """Return the callback token of an analysis that exists, whatever version of the secret it was made with.

    Raises
    ------
    LookupError
        If that version is not valid any more.
    """
    for _ in range(2):
        for key in secrets.derive_keys("callback"):
            token = _derive_token(key, analysis_id, created_at)
            if hash_callback_token(token) == token_hash:
                return token
        # Another process may know a newer secret.
        secrets.forget_secrets()
    raise LookupError(f"the secret that the token of analysis {analysis_id} was made with is not valid any more")


def _derive_token(key: bytes, analysis_id: int, created_at: str) -> str:
    digest = hmac.digest(key, f"{analysis_id}/{created_at}".encode(), hashlib.sha256)
    return str(uuid.UUID(bytes=digest[:16], version=4))


def hash_callback_token(token: str) -> str:
    """Return the hash under which a callback token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_callback_token(text: str) -> bool:
    """Return whether a text has the form of a callback token."""
    return FORM.fullmatch(text) is not None
