"""The credentials of a service (``_authinfo``): what each type of authentication needs, and can send."""

import json
import re
from typing import Any

from chalicelib import settings
from chalicelib.errors import InvalidError
from chalicelib.schemas.payload import Payload
from chalicelib.schemas.services import Authentication

__all__ = ["flatten_credentials"]

NEEDED: dict[Authentication, tuple[str, ...]] = {
    Authentication.NONE: (),
    Authentication.HEADER_TOKEN: ("header_token",),
    Authentication.API_KEY: ("api_key", "api_key_name"),
    Authentication.BASIC: ("username", "password"),
    Authentication.DIGEST: ("username", "password"),
    Authentication.OAUTH1: ("app_key", "app_secret", "user_oauth_token", "user_oauth_token_secret"),
}
"""What ``_authinfo`` must hold for each type of authentication."""

PAYLOAD = Payload.__struct_fields__
"""What a service is sent: an API key travels beside it, and needs a name of its own."""

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token (RFC 9110, 5.6.2)."""

OWN_HEADERS = {
    "host", "connection", "content-length", "transfer-encoding",
    "webhook-id", "webhook-timestamp", "webhook-signature",
}  # fmt: skip
"""Headers that say where a request goes and where it ends, and who signed it."""


def flatten_credentials(kind: Authentication, authinfo: dict[str, Any]) -> dict[str, Any]:
    """Return the credentials of one type, from the flat or from SkyPortal's nested form.

    Parameters
    ----------
    kind : Authentication
        The service's ``authentication_type``.
    authinfo : dict
        What was given as ``_authinfo``; what the type does not need is left out.

    Raises
    ------
    InvalidError
        If something is missing, or cannot be sent. It names the field, never its value.
    """
    nested = authinfo.get(kind.value)
    inside = nested if isinstance(nested, dict) and kind is not Authentication.HEADER_TOKEN else authinfo
    missing = [name for name in NEEDED[kind] if not inside.get(name)]
    if missing:
        raise InvalidError(
            f"_authinfo: {', '.join(missing)} missing; {kind.value} needs {', '.join(NEEDED[kind])}."
        )
    found = {name: inside[name] for name in NEEDED[kind]}
    _check_texts(found["header_token"] if kind is Authentication.HEADER_TOKEN else found)
    match kind:
        case Authentication.HEADER_TOKEN:
            _check_headers(found["header_token"])
        case Authentication.API_KEY if found["api_key_name"] in PAYLOAD:
            raise InvalidError(
                f"_authinfo: api_key_name: {', '.join(PAYLOAD)} are sent, too; choose another."
            )
        case Authentication.BASIC if ":" in found["username"]:
            raise InvalidError("_authinfo: username: HTTPBasicAuth allows no colon in it (RFC 7617).")
    if len(json.dumps(found)) > settings.AUTHINFO_BYTES:
        raise InvalidError(f"_authinfo: more than {settings.AUTHINFO_BYTES} bytes.")
    return found


def _check_texts(found: Any) -> None:
    texts = found.values() if isinstance(found, dict) else [None]
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise InvalidError(
            "_authinfo: its values must be texts without line breaks; "
            'a header token is {"header_token": {"<header>": "<value>"}}.'
        )


def _check_headers(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or name.lower() in OWN_HEADERS:
            raise InvalidError(
                "_authinfo: header_token: it names what no token's header can be called; "
                "give a name such as Authorization."
            )
        if not value or value != value.strip() or max(value) > "\xff":
            raise InvalidError(
                "_authinfo: header_token: a value in it cannot be sent; "
                "a header has no blanks around its value, and only characters of ISO 8859-1."
            )
