"""The door of the supernova fitter: a payload in, its key into the fit queue.

The fitter is a service like any other and may live elsewhere: this is all that the app knows of it.
"""

import base64
import hmac
import json
import re
from typing import Any

from chalicelib import blobs, queues, secrets
from chalicelib.blob_keys import fit_payload_key
from chalicelib.errors import InvalidError, UnauthorizedError

__all__ = ["accept_fit", "get_fitter_token"]


def get_fitter_token() -> str:
    """Return the token that callers of the fitter must have."""
    return base64.urlsafe_b64encode(secrets.derive_key("fitter")).decode().rstrip("=")


def accept_fit(authorization: str | None, payload: dict[str, Any]) -> None:
    """Take a payload to be fitted; the answer will be a callback.

    Raises
    ------
    UnauthorizedError
        If the token is not the fitter's.
    InvalidError
        If the payload lacks the address to call back.
    """
    scheme, _, text = (authorization or "").partition(" ")
    if scheme.lower() not in ("bearer", "token") or not hmac.compare_digest(
        text.strip().encode(), get_fitter_token().encode()
    ):
        raise UnauthorizedError("The fitter's own token is needed: 'Authorization: Bearer <token>'.")
    if not isinstance(payload.get("inputs"), dict):
        raise InvalidError("inputs: an object is needed, a CSV text for each kind of data.")
    if not re.match(r"https?://[^/\s]", str(payload.get("callback_url"))):
        raise InvalidError("callback_url: an http(s) address is needed, to send the result to.")
    key = fit_payload_key()
    blobs.write_blob(key, json.dumps(payload).encode(), "application/json")
    queues.send_message(queues.FIT, {"key": key})
