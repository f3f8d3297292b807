"""Which requests a service takes: those that a portal named at start has signed, or that bear the service's token."""

import hmac
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from heliograph.errors import ArgumentError, InputError, ServiceError
from heliograph.service.payload_contents import Payload, decode_payload
from heliograph.service.portal_requests import PortalAddress, PortalRequests
from heliograph.service.signature_checks import KeyRing, is_signed_by
from heliograph.service.spool import Spool

_logger = logging.getLogger(__name__)

_LEAST_TOKEN = 16
_MAX_ID = 200


class RequestRefusedError(ServiceError):
    """A request is not taken.

    Attributes
    ----------
    status : int
        The HTTP status to answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class AdmittedRequest:
    """A request that is taken.

    Attributes
    ----------
    payload : Payload
    key : str
        The same for a repeated request.
    name : str
        By which the portal knows the request; empty if it has said none.
    """

    payload: Payload
    key: str
    name: str


class Admission:
    """Decides which requests are taken.

    Parameters
    ----------
    requests : PortalRequests
        Knows the portals that were named at start.
    token : str or None
        What a portal that signs nothing has to send as ``Authorization: Bearer <token>``.

    Raises
    ------
    ArgumentError
        If no portal is named, or the token is short.
    """

    def __init__(self, requests: PortalRequests, token: str | None) -> None:
        if not requests.portals:
            raise ArgumentError("No portal is named; expected the address of at least one, which may send analyses.")
        if token is not None and (len(token) < _LEAST_TOKEN or not token.isascii() or not token.isprintable()):
            raise ArgumentError(f"The token of the service is too short; expected {_LEAST_TOKEN} characters or more.")
        self._requests = requests
        self._token = token
        self._keys = KeyRing(requests.send)

    def fetch_keys(self) -> None:
        """Ask all portals for their keys, so that the first requests do not wait for that."""
        for portal in self._requests.portals:
            self._keys.get_key(portal)

    def admit(self, headers: Mapping[str, str], raw: bytes) -> AdmittedRequest:
        """Return what is in a request that is taken.

        Parameters
        ----------
        headers : mapping
            Names in lower case.
        raw : bytes
            The body as it came.

        Raises
        ------
        RequestRefusedError
            If nobody who may has sent it, or its payload is malformed.
        """
        is_signed = "webhook-signature" in headers
        if not is_signed and not self._has_token(headers):
            raise RequestRefusedError(401, "A signature of a portal, or the token of this service, is needed")
        signer = self._find_signer(headers, raw) if is_signed else None
        try:
            payload = decode_payload(raw)
        except InputError as error:
            raise RequestRefusedError(400, str(error)) from None
        portal = self._requests.find_portal(payload.callback_url)
        if portal is None:
            _log_foreign_address(payload.callback_url, self._requests)
            raise RequestRefusedError(403, "callback_url is not an address of a portal that this service knows")
        if is_signed and portal != signer:
            raise RequestRefusedError(403, "callback_url is not an address of the portal that has signed")
        if not is_signed:
            self._require_unsigned(portal)
        name = headers.get("webhook-id", "")[:_MAX_ID] if is_signed else ""
        # a portal that was set up anew counts from 1 again, but its callback URLs are others
        return AdmittedRequest(payload, Spool.make_key(portal.url, f"{name}\n{payload.callback_url}"), name)

    def _has_token(self, headers: Mapping[str, str]) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        is_same = hmac.compare_digest(token.strip().encode(), (self._token or "").encode())
        return self._token is not None and scheme.lower() in ("bearer", "token") and is_same

    def _find_signer(self, headers: Mapping[str, str], raw: bytes) -> PortalAddress:
        """Return the portal that has signed a request."""
        is_reachable = True
        for is_doubtful in (False, True):
            for portal in self._requests.portals:
                key = self._keys.get_key(portal, is_doubtful=is_doubtful)
                is_reachable = is_reachable and key is not None
                if key and key.public_key and is_signed_by(key.public_key, headers, raw, time.time()):
                    return portal
        if not is_reachable:
            raise RequestRefusedError(503, "A portal does not answer; its key is needed to verify signatures")
        raise RequestRefusedError(401, "The signature is not valid, or older than five minutes")

    def _require_unsigned(self, portal: PortalAddress) -> None:
        """Raise unless a portal signs nothing: whoever learns the token could act in the name of others."""
        key = self._keys.get_key(portal)
        if key is None:
            raise RequestRefusedError(503, "The portal does not answer; whether it signs requests is needed")
        if key.public_key is not None:
            raise RequestRefusedError(401, "The portal of callback_url signs its requests; this one has no signature")


def _log_foreign_address(url: str, requests: PortalRequests) -> None:
    """Log where a callback would have gone, without its path, which holds a token."""
    try:
        parts = urlsplit(url)
        place = f"{parts.scheme}://{parts.hostname}:{parts.port or ''}"[:100]
    except ValueError:
        place = "no valid address"
    known = ", ".join(portal.url for portal in requests.portals)
    _logger.warning("callback_url is at %s; the portals that were named at start are %s", place, known)
