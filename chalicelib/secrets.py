"""Encrypted values (KMS), and keys derived from the deployment secret (Secrets Manager).

The deployment secret itself is never used as a key: each purpose has its own, derived by
HMAC-SHA-256 (RFC 2104) from the secret and the purpose's name. While the secret is being replaced there are two:
what was made with the previous one stays valid until that is taken away.
"""

import hashlib
import hmac
import json
import time
from functools import lru_cache
from typing import Any

from chalicelib import settings
from chalicelib.aws import get_client

SECRET_SECONDS = 300
"""How long a process knows the secret before it asks again."""

VERSIONS = ("AWSCURRENT", "AWSPREVIOUS")
"""Secrets Manager's labels of the two versions."""


@lru_cache(maxsize=1)
def _read_secrets(period: int) -> list[bytes]:
    """Return the deployment secret, and the previous one if it is still valid."""
    client = get_client("secretsmanager")
    versions = []
    for label in VERSIONS:
        try:
            answer = client.get_secret_value(SecretId=settings.resource_name("secret"), VersionStage=label)
        except client.exceptions.ResourceNotFoundException:
            if label == VERSIONS[0]:
                raise
        else:
            versions.append(str(answer["SecretString"]).encode())
    return versions


def derive_keys(purpose: str) -> list[bytes]:
    """Return this deployment's keys of 32 bytes for one purpose: the present one, then the previous one if valid."""
    versions = _read_secrets(int(time.time() // SECRET_SECONDS))
    return [hmac.digest(version, purpose.encode(), hashlib.sha256) for version in versions]


def derive_key(purpose: str) -> bytes:
    """Return this deployment's present key of 32 bytes for one purpose."""
    return derive_keys(purpose)[0]


def forget_secrets() -> None:
    """Read the deployment secret again when it is needed next."""
    _read_secrets.cache_clear()


def replace_secret(text: str) -> None:
    """Make a text the deployment secret; the present one stays valid as the previous one."""
    get_client("secretsmanager").put_secret_value(SecretId=settings.resource_name("secret"), SecretString=text)
    forget_secrets()


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
