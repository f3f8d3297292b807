"""Encrypted values (KMS), and keys derived from the deployment secret (Secrets Manager).

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


def encrypt(context: dict[str, str], value: Any) -> bytes:
    """Encrypt a JSON value of at most 4096 bytes.

    Parameters
    ----------
    context : dict
        What it is bound to; decrypting needs the same.
    value : object
        Any JSON value.
    """
    response = get_client("kms").encrypt(
        KeyId=f"alias/{settings.resource_name('').rstrip('-')}",
        Plaintext=json.dumps(value, ensure_ascii=False).encode(),
        EncryptionContext=context,
    )
    return bytes(response["CiphertextBlob"])


def decrypt(context: dict[str, str], ciphertext: bytes) -> Any:
    """Decrypt a value; only the dispatch function has the permission."""
    response = get_client("kms").decrypt(CiphertextBlob=ciphertext, EncryptionContext=context)
    return json.loads(response["Plaintext"])
