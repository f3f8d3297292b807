"""Parameters that are secrets, such as keys for other archives: sent to the service, shown to nobody.

Each is sealed on its own by KMS, bound to the service and to the author: a rerun by the same author copies it
as it is, and only the dispatch function can open it.
"""

from base64 import b64decode, b64encode
from typing import Any

from chalicelib import secrets
from chalicelib.errors import InvalidError

SECRET = "secret"  # noqa: S105 - the name of a type
"""The declared type of a secret parameter."""

SECRET_ENDINGS = ("api_key", "apikey", "password", "secret", "token")
"""A parameter whose name ends so is a secret, whatever its declared type."""

LONGEST_SECRET = 3000
"""Bytes; KMS encrypts at most 4096 directly."""

SealedParameters = dict[str, str]
"""Secrets by name, encrypted, in base64."""


def is_secret(name: str, declaration: object) -> bool:
    """Return whether a declared parameter is a secret: by its type, or by its name."""
    is_declared = isinstance(declaration, dict) and declaration.get("type") == SECRET
    return is_declared or name.lower().replace("-", "_").endswith(SECRET_ENDINGS)


def without_secrets(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters without secrets: records that are older than their sealing still have some."""
    return {name: value for name, value in parameters.items() if not is_secret(name, None)}


def seal_parameters(service_id: int, author_id: int, values: dict[str, str]) -> SealedParameters:
    """Encrypt secrets for a service.

    Raises
    ------
    InvalidError
        If one is longer than `LONGEST_SECRET`.
    """
    for name, value in values.items():
        if len(value.encode()) > LONGEST_SECRET:
            raise InvalidError(f"analysis_parameters.{name}: a secret has at most {LONGEST_SECRET} bytes.")
    context = _make_context(service_id, author_id)
    return {name: b64encode(secrets.encrypt(context, value)).decode() for name, value in values.items()}


def open_parameters(service_id: int, author_id: int, sealed: SealedParameters) -> dict[str, str]:
    """Decrypt secrets; only the dispatch function has the permission."""
    context = _make_context(service_id, author_id)
    return {name: secrets.decrypt(context, b64decode(text)) for name, text in sealed.items()}


def _make_context(service_id: int, author_id: int) -> dict[str, str]:
    return {"parameters_of_service": str(service_id), "author": str(author_id)}
