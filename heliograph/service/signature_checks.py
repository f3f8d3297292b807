"""Signatures of requests: Standard Webhooks with ed25519 (``v1a``), by the keys that portals publish."""

import base64
import binascii
import json
import logging
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests

from heliograph.service.portal_requests import PortalAddress, Send

_TOLERANCE_SECONDS = 300
_KEEP_SECONDS = 3600.0
_LEAST_PAUSE = 5.0
_TIMEOUT = (5.0, 10.0)
_KEY_PREFIX = "whpk_"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PortalKey:
    """What a portal says of its signatures: its public key, or None if it signs nothing."""

    public_key: bytes | None


class KeyRing:
    """The public keys of portals, fetched when they are needed, and again after an hour.

    Parameters
    ----------
    send : callable
        Sends requests to portals.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._keys: dict[str, PortalKey] = {}
        self._asked_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def get_key(self, portal: PortalAddress, *, is_doubtful: bool = False) -> PortalKey | None:
        """Return the key of a portal; None if it has not answered.

        A portal that does not answer is asked every few seconds at most: requests of others do not wait for it.

        Parameters
        ----------
        portal : PortalAddress
        is_doubtful : bool
            Fetch it again, since a signature did not fit; at most every few seconds.
        """
        pause = _LEAST_PAUSE if is_doubtful or portal.url not in self._keys else _KEEP_SECONDS
        with self._lock:
            now = time.monotonic()
            is_due = now - self._asked_at.get(portal.url, -math.inf) > pause
            if is_due:
                self._asked_at[portal.url] = now
        key = self._fetch(portal) if is_due else None
        if key is not None:
            self._keys[portal.url] = key
        return self._keys.get(portal.url)

    def _fetch(self, portal: PortalAddress) -> PortalKey | None:
        try:
            answer = self._send("GET", f"{portal.url}/api/sysinfo", timeout=_TIMEOUT)
        except requests.RequestException as error:
            _logger.warning("%s does not answer (%s)", portal.url, type(error).__name__)
            return None
        try:
            document = json.loads(answer.body) if answer.status == 200 else None
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or document.get("status") != "success":
            _logger.warning("%s/api/sysinfo is no portal's answer (HTTP %d)", portal.url, answer.status)
            return None
        return PortalKey(_decode_key(document.get("public_key")))


def _decode_key(text: object) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        key = base64.b64decode(text.removeprefix(_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == 32 else None


def is_signed_by(public_key: bytes, headers: Mapping[str, str], raw: bytes, now: float) -> bool:
    """Return whether a request is recent and signed with a key.

    Parameters
    ----------
    public_key : bytes
    headers : mapping
        Names in lower case.
    raw : bytes
        The body as it came.
    now : float
        Unix seconds.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    sent_at = headers.get("webhook-timestamp", "")
    if not (sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 15):
        return False
    if abs(now - int(sent_at)) > _TOLERANCE_SECONDS:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + raw
    key = Ed25519PublicKey.from_public_bytes(public_key)
    for part in headers.get("webhook-signature", "").split()[:10]:
        version, _, signature = part.partition(",")
        if version == "v1a":
            try:
                key.verify(base64.b64decode(signature, validate=True), signed)
            except (InvalidSignature, binascii.Error, ValueError):
                continue
            return True
    return False
