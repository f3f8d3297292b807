"""Signing what is sent to services, so that they can know who calls.

Standard Webhooks (https://www.standardwebhooks.com), asymmetric scheme ``v1a``: ed25519 over
``<id>.<timestamp>.<body>``. The public key is in ``GET /sysinfo``.
"""

import base64
import time
from typing import TYPE_CHECKING

from chalicelib import secrets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["build_signature_headers", "get_public_key"]


def _key() -> "Ed25519PrivateKey":
    # Only the dispatch function signs: no other shall pay for this import.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(secrets.derive_key("signing"))


def get_public_key() -> str:
    """Return the key that verifies this deployment's signatures, as ``whpk_<base64>``."""
    return "whpk_" + base64.b64encode(_key().public_key().public_bytes_raw()).decode()


def build_signature_headers(message_id: str, body: bytes) -> dict[str, str]:
    """Return the headers that sign a body.

    Parameters
    ----------
    message_id : str
        The same whenever the same message is sent again.
    body : bytes
        Exactly what is sent.
    """
    at = str(int(time.time()))
    signature = _key().sign(f"{message_id}.{at}.".encode() + body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": "v1a," + base64.b64encode(signature).decode(),
    }
