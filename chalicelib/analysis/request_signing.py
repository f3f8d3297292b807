"""Signatures of the requests to services, so that a service can verify the sender.

Standard Webhooks (https://www.standardwebhooks.com), asymmetric scheme ``v1a``: ed25519 over
``<id>.<timestamp>.<body>``. ``GET /sysinfo`` shows the public key. While the deployment secret is being replaced,
requests have two signatures, so that a service that knows only the previous key verifies them, too.
"""

import base64
import time
from typing import TYPE_CHECKING

from chalicelib import secrets

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def _get_private_keys() -> "list[Ed25519PrivateKey]":
    # Imported lazily, to keep cold starts short: only the dispatch function signs.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return [Ed25519PrivateKey.from_private_bytes(key) for key in secrets.derive_keys("signing")]


def get_public_key() -> str:
    """Return the key that verifies this deployment's signatures, as ``whpk_<base64>``."""
    return "whpk_" + base64.b64encode(_get_private_keys()[0].public_key().public_bytes_raw()).decode()


def build_signature_headers(message_id: str, body: bytes) -> dict[str, str]:
    """Return the headers that sign a body.

    Parameters
    ----------
    message_id : str
        The same for each attempt to send the same message.
    body : bytes
        Exactly what is sent.
    """
    sent_at = str(int(time.time()))
    signed = f"{message_id}.{sent_at}.".encode() + body
    signatures = [base64.b64encode(key.sign(signed)).decode() for key in _get_private_keys()]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": sent_at,
        "webhook-signature": " ".join(f"v1a,{signature}" for signature in signatures),
    }
