"""Deliver the document of an analysis to its callback URL; large ones by upload."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import requests

from heliograph.errors import CallbackError
from heliograph.service.portal_requests import Answer, Send
from heliograph.service.service_result import CallbackDocument, build_failure_document

RETRY_PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try within one invocation of Lambda; after that the queue delivers the message again."""

INLINE_BYTES = 4_400_000
"""Larger documents are uploaded."""

_MAX_PAUSE = 30.0
_TIMEOUT = (5.0, 30.0)
_UPLOAD_TIMEOUT = (10.0, 300.0)
_MAX_REASON = 300
_WITHOUT_UPLOAD = (404, 405, 501)
"""Answers of a portal that knows no uploads, as SkyPortal; it takes large documents in the callback."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """What came of one attempt.

    Attributes
    ----------
    outcome : {'delivered', 'refused', 'failed'}
        Refused for good, or failed for a reason that may pass.
    reason : str
        In words, without the address.
    retry_after : float
        Seconds that the portal asks to wait.
    """

    outcome: Literal["delivered", "refused", "failed"]
    reason: str = ""
    retry_after: float = 0.0


def deliver_document(
    url: str, document: CallbackDocument, send: Send, pauses: tuple[float, ...] = RETRY_PAUSES
) -> bool:
    """Deliver a document, with retries.

    Parameters
    ----------
    url : str
        The callback URL.
    document : dict
        ``{"status", "message", "analysis"}``.
    send : callable
        Sends a request; see `heliograph.service.portal_requests`.
    pauses : tuple of float
        Seconds to wait before each further try.

    Returns
    -------
    bool
        True: accepted. False: refused for good.

    Raises
    ------
    CallbackError
        Each try ended in no answer, 408, 425, 429 or 5xx; try again later.
    """
    attempt = Attempt("failed")
    for pause in (*pauses, None):
        attempt = try_to_deliver(url, document, send)
        if attempt.outcome != "failed":
            return attempt.outcome == "delivered"
        if pause is not None:
            time.sleep(min(max(pause, attempt.retry_after), _MAX_PAUSE))
    raise CallbackError(f"The callback failed {len(pauses) + 1} times, at last with {attempt.reason}; try later.")


def try_to_deliver(url: str, document: CallbackDocument, send: Send) -> Attempt:
    """Try once to deliver a document; if the portal refuses the results, it is told that the analysis failed."""
    try:
        answer = _post_document(url, document, send)
    except requests.exceptions.InvalidURL as error:
        return Attempt("refused", f"an address that may not be called ({error})")
    except requests.RequestException as error:
        return Attempt("failed", type(error).__name__)
    if 200 <= answer.status < 300:
        return Attempt("delivered")
    reason = f"HTTP {answer.status} {_get_message(answer)}".strip()
    if answer.status in (408, 425, 429) or answer.status >= 500:
        return Attempt("failed", reason, answer.retry_after)
    _logger.warning("the callback was refused: %s", reason)
    if answer.status in (400, 413, 422) and document["status"] == "success":
        # malformed: the callback URL still works, and the analysis must not wait for its end
        return try_to_deliver(url, build_failure_document(f"The portal refused the results: {reason}"), send)
    return Attempt("refused", reason)


def _post_document(url: str, document: CallbackDocument, send: Send) -> Answer:
    body = json.dumps(document, allow_nan=False).encode()
    if len(body) <= INLINE_BYTES:
        answer = _post_json(url, body, send)
        if answer.status != 413:
            return answer
    analysis = json.dumps(document["analysis"], allow_nan=False).encode()
    answer = send("POST", f"{url}/upload", json={"size": len(analysis)}, timeout=_TIMEOUT)
    if answer.status in _WITHOUT_UPLOAD:
        return _post_json(url, body, send)
    if answer.status >= 300:
        return answer
    ticket = _parse_ticket(answer)
    if url.startswith("https://") and not ticket["url"].startswith("https://"):
        raise requests.exceptions.InvalidURL("the upload would not be encrypted")
    stored = send(
        "PUT", ticket["url"], content=analysis, headers=ticket["headers"], timeout=_UPLOAD_TIMEOUT, is_upload=True
    )
    if stored.status >= 300:
        return Answer(503, {}, b"")
    short = {**document, "analysis": {"upload_id": ticket["upload_id"]}}
    return _post_json(url, json.dumps(short).encode(), send)


def _post_json(url: str, body: bytes, send: Send) -> Answer:
    return send("POST", url, content=body, headers={"Content-Type": "application/json"}, timeout=_TIMEOUT)


def _parse_ticket(answer: Answer) -> Mapping[str, Any]:
    """Return where to upload: ``upload_id``, ``url``, ``headers``."""
    try:
        ticket = json.loads(answer.body)["data"]
        headers = {str(name): str(value) for name, value in (ticket.get("headers") or {}).items()}
        return {"upload_id": str(ticket["upload_id"]), "url": str(ticket["url"]), "headers": headers}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise requests.exceptions.ContentDecodingError("the answer names no upload") from None


def _get_message(answer: Answer) -> str:
    try:
        message = json.loads(answer.body)["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return "".join(character for character in str(message) if character.isprintable())[:_MAX_REASON]
