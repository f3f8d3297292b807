"""HTTP endpoints of the supernova fitter and the spectrum fitter, by SkyPortal's service contract.

They queue a payload. Both are services like any other and may run elsewhere; nothing else in the app refers to them.
"""

import base64
import hmac
import json
import re
from typing import Any

from chalicelib import blobs, queues, secrets
from chalicelib.blob_keys import fit_payload_key
from chalicelib.errors import InvalidError, UnauthorizedError


def choose_fit_queue(batch: str | None) -> str:
    """Return the queue of a fit of a light curve; `batch` is the header of an analysis that belongs to a batch."""
    return queues.FIT_BATCH if batch else queues.FIT


def list_fitter_tokens() -> list[str]:
    """Return the tokens that callers of the fitter may send, the present one first."""
    return [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in secrets.derive_keys("fitter")]


def accept_fit(authorization: str | None, payload: dict[str, Any], json_results: bool, queue: str = queues.FIT) -> None:
    """Queue a payload for fitting; the results will be sent to its callback URL in the format asked for.

    Parameters
    ----------
    authorization : str or None
        Header of the request.
    payload : dict
    json_results : bool
        Whether results of the supernova fitter, which are joblib, are sent as JSON, too.
    queue : str
        That of the fitter that is asked for.

    Raises
    ------
    UnauthorizedError
        If the token is not the fitter's.
    InvalidError
        If the payload lacks inputs or a callback URL.
    """
    scheme, _, token = (authorization or "").partition(" ")
    is_known = any(hmac.compare_digest(token.strip().encode(), each.encode()) for each in list_fitter_tokens())
    if scheme.lower() not in ("bearer", "token") or not is_known:
        raise UnauthorizedError("The fitter's own token is needed: 'Authorization: Bearer <token>'.")
    if not isinstance(payload.get("inputs"), dict):
        raise InvalidError("inputs: an object is needed, with a CSV text for each kind of data.")
    if not re.match(r"https?://[^/\s]", str(payload.get("callback_url"))):
        raise InvalidError("callback_url: an http(s) address is needed, to send the result to.")
    key = fit_payload_key()
    blobs.write_blob(key, json.dumps({**payload, "json_results": json_results}).encode())
    queues.send_message(queue, {"key": key})
