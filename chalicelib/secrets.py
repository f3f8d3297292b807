"""The edge to KMS and Secrets Manager: credentials, and what follows from the deployment secret.

The deployment secret itself is never used as a key: each purpose has a key of its own, derived
by HMAC-SHA-256 (RFC 2104) from the secret and the purpose's name.
"""

import hashlib
import hmac
import json
from functools import cache
from typing import Any

from chalicelib import settings
from chalicelib.aws import get_client

__all__ = ["decrypt_credentials", "derive_key", "encrypt_credentials"]


@cache
def _deployment_secret() -> bytes:
    answer = get_client("secretsmanager").get_secret_value(SecretId=settings.resource_name("secret"))
    return str(answer["SecretString"]).encode()


def derive_key(purpose: str) -> bytes:
    """Return the 32 bytes that are this deployment's key for one purpose."""
    return hmac.digest(_deployment_secret(), purpose.encode(), hashlib.sha256)


def encrypt_credentials(service_id: int, credentials: dict[str, Any]) -> bytes:
    """Encrypt a service's credentials, bound to the service's id.

    Parameters
    ----------
    service_id : int
        The service; the same is needed to open them.
    credentials : dict
        At most `settings.AUTHINFO_BYTES` of JSON.
    """
    answer = get_client("kms").encrypt(
        KeyId=f"alias/{settings.resource_name('').rstrip('-')}",
        Plaintext=json.dumps(credentials).encode(),
        EncryptionContext={"service": str(service_id)},
    )
    return bytes(answer["CiphertextBlob"])


def decrypt_credentials(service_id: int, sealed: bytes) -> dict[str, Any]:
    """Decrypt a service's credentials; only the dispatch function may."""
    answer = get_client("kms").decrypt(CiphertextBlob=sealed, EncryptionContext={"service": str(service_id)})
    opened: dict[str, Any] = json.loads(answer["Plaintext"])
    return opened
