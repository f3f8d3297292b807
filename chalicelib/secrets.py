"""Encrypted credentials (KMS), and keys derived from the deployment secret (Secrets Manager).

The deployment secret itself is never used as a key: each purpose has its own, derived by
HMAC-SHA-256 (RFC 2104) from the secret and the purpose's name.
"""

import hashlib
import hmac
import json
from functools import cache
from typing import Any

from chalicelib import settings
from chalicelib.aws import get_client


@cache
def _get_deployment_secret() -> bytes:
    response = get_client("secretsmanager").get_secret_value(SecretId=settings.resource_name("secret"))
    return str(response["SecretString"]).encode()


def derive_key(purpose: str) -> bytes:
    """Return this deployment's key of 32 bytes for one purpose."""
    return hmac.digest(_get_deployment_secret(), purpose.encode(), hashlib.sha256)


def encrypt_credentials(service_id: int, credentials: dict[str, Any]) -> bytes:
    """Encrypt a service's credentials, bound to the service's id.

    Parameters
    ----------
    service_id : int
        The service; decrypting needs the same.
    credentials : dict
        At most `settings.AUTHINFO_BYTES` of JSON.
    """
    response = get_client("kms").encrypt(
        KeyId=f"alias/{settings.resource_name('').rstrip('-')}",
        Plaintext=json.dumps(credentials).encode(),
        EncryptionContext={"service": str(service_id)},
    )
    return bytes(response["CiphertextBlob"])


def decrypt_credentials(service_id: int, ciphertext: bytes) -> dict[str, Any]:
    """Decrypt a service's credentials; only the dispatch function has the permission."""
    response = get_client("kms").decrypt(CiphertextBlob=ciphertext, EncryptionContext={"service": str(service_id)})
    credentials: dict[str, Any] = json.loads(response["Plaintext"])
    return credentials
