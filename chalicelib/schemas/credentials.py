"""The credentials of a service (``_authinfo``): what each authentication type needs and can send."""

import json
import re
from typing import Any

from chalicelib import settings
from chalicelib.errors import InvalidError
from chalicelib.schemas.payload import Payload
from chalicelib.schemas.services import Authentication

REQUIRED: dict[Authentication, tuple[str, ...]] = {
    Authentication.NONE: (),
    Authentication.HEADER_TOKEN: ("header_token",),
    Authentication.API_KEY: ("api_key", "api_key_name"),
    Authentication.BASIC: ("username", "password"),
    Authentication.DIGEST: ("username", "password"),
    Authentication.OAUTH1: ("app_key", "app_secret", "user_oauth_token", "user_oauth_token_secret"),
}
"""The fields of ``_authinfo`` that each authentication type needs."""

PAYLOAD = Payload.__struct_fields__
"""The keys of the payload: an API key is sent beside them and needs another name."""

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110, 5.6.2)."""

OWN_HEADERS = {
    "host", "connection", "content-length", "transfer-encoding",
    "webhook-id", "webhook-timestamp", "webhook-signature",
}  # fmt: skip
"""Headers of the request itself: its target, its length and its signature."""


def flatten_credentials(kind: Authentication, authinfo: dict[str, Any]) -> dict[str, Any]:
    """Return the credentials of one type, from the flat form or from SkyPortal's nested form.

    Parameters
    ----------
    kind : Authentication
        The service's ``authentication_type``.
    authinfo : dict
        The value of ``_authinfo``; fields that the type does not need are ignored.

    Raises
    ------
    InvalidError
        If a field is missing or cannot be sent. The message names the field, never its value.
    """
    nested = authinfo.get(kind.value)
    fields = nested if isinstance(nested, dict) and kind is not Authentication.HEADER_TOKEN else authinfo
    missing = [name for name in REQUIRED[kind] if not fields.get(name)]
    if missing:
        raise InvalidError(f"_authinfo: {', '.join(missing)} missing; {kind.value} needs {', '.join(REQUIRED[kind])}.")
    credentials = {name: fields[name] for name in REQUIRED[kind]}
    _check_texts(credentials["header_token"] if kind is Authentication.HEADER_TOKEN else credentials)
    match kind:
        case Authentication.HEADER_TOKEN:
            _check_headers(credentials["header_token"])
        case Authentication.API_KEY if credentials["api_key_name"] in PAYLOAD:
            raise InvalidError(
                "_authinfo: api_key_name: the payload has a key of this name; "
                f"choose another than {', '.join(PAYLOAD)}."
            )
        case Authentication.BASIC if ":" in credentials["username"]:
            raise InvalidError("_authinfo: username: HTTPBasicAuth allows no colon (RFC 7617).")
    if len(json.dumps(credentials)) > settings.AUTHINFO_BYTES:
        raise InvalidError(f"_authinfo: more than {settings.AUTHINFO_BYTES} bytes.")
    return credentials


def _check_texts(fields: Any) -> None:
    texts = fields.values() if isinstance(fields, dict) else [None]
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise InvalidError(
            "_authinfo: all values must be texts without line breaks; "
            'a header token is {"header_token": {"<header>": "<value>"}}.'
        )


def _check_headers(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in OWN_HEADERS:
            raise InvalidError(
                "_authinfo: header_token: a header name is invalid or reserved; use a name such as Authorization."
            )
        if not value or value != value.strip() or max(value) > "\xff":
            raise InvalidError(
                "_authinfo: header_token: a header value is empty, starts or ends with a blank, or has "
                "characters outside of ISO 8859-1."
            )
