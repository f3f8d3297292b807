"""Requests to the portals that were named at start, and to nobody else.

A callback URL comes with a payload, hence from anyone. It is called only if it lies under the address of one of the
portals. Redirects are not followed. An upload goes where the portal's own answer says. Callback URLs hold a token: they
are never logged, and errors are named by their type.
"""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests

from heliograph.credentials import clean_url

_MAX_ANSWER_BYTES = 256 * 1024
_CHUNK = 16 * 1024
_SEGMENTS = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class ForeignAddressError(requests.exceptions.InvalidURL):
    """An address does not belong to a portal that was named at start; nothing was sent."""


@dataclass(frozen=True)
class Answer:
    """An answer of a portal: its status, its headers, the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float:
        """Seconds that the portal asks to wait; 0 if it does not say so in seconds."""
        text = self.headers.get("Retry-After", "").strip()
        return float(text) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text, re.ASCII) else 0.0


class Send(Protocol):
    """Sends one request; raises `requests.RequestException` if there is no answer, or nothing may be sent."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (5.0, 30.0),
        is_upload: bool = False,
    ) -> Answer:
        """Send one request."""


@dataclass(frozen=True)
class PortalAddress:
    """The address of a portal, as its parts."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> "PortalAddress":
        """Parse an address such as ``https://heliograph.example.org``.

        Raises
        ------
        CredentialsError
            If it is no http or https URL of a host.
        """
        address = clean_url(url)
        parts = urlsplit(address)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return cls(address, parts.scheme, (parts.hostname or "").lower(), port, parts.path)

    def holds(self, url: str) -> bool:
        """Return whether a URL lies under this portal's API: plain segments below ``/api``, nothing else."""
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            return False
        is_plain = url.isascii() and url.isprintable() and not set(url) & set("\\@?#% ")
        same_host = (parts.scheme, (parts.hostname or "").lower(), port) == (self.scheme, self.host, self.port)
        base = f"{self.path}/api"
        is_below = parts.path.startswith(f"{base}/") and _SEGMENTS.fullmatch(parts.path[len(base) :]) is not None
        return is_plain and same_host and is_below


class PortalRequests:
    """Sends requests to some portals alone.

    Parameters
    ----------
    portals : iterable of str, or str
        Their addresses, or a single one.
    """

    def __init__(self, portals: Iterable[str] | str) -> None:
        urls = [portals] if isinstance(portals, str) else portals
        self.portals = tuple(PortalAddress.parse(url) for url in urls)

    def find_portal(self, url: object) -> PortalAddress | None:
        """Return the portal that a URL lies under, if any."""
        return next((portal for portal in self.portals if isinstance(url, str) and portal.holds(url)), None)

    def send(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: tuple[float, float] = (5.0, 30.0),
        is_upload: bool = False,
    ) -> Answer:
        """Send one request; of an upload, the address comes from a portal's answer and may be any store's.

        Raises
        ------
        ForeignAddressError
            If the address is none of a portal; nothing was sent.
        requests.RequestException
            If no answer came.
        """
        if not is_upload and self.find_portal(url) is None:
            raise ForeignAddressError("the address is not under a portal that was named at start")
        if is_upload and not url.startswith(("https://", "http://")):
            raise ForeignAddressError("the address of the upload is no http or https URL")
        started = time.monotonic()
        with requests.Session() as session:
            # .netrc would add a password
            session.auth = _keep_headers
            options: dict[str, Any] = {"json": json, "data": content, "headers": headers, "timeout": timeout}
            response = session.request(method, url, allow_redirects=False, stream=True, **options)
            body = _read_beginning(response, started + sum(timeout))
        return Answer(response.status_code, response.headers, body)


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read_beginning(response: requests.Response, deadline: float) -> bytes:
    """Return the beginning of a body; requests' own time-out begins anew with each byte."""
    body = b""
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > _MAX_ANSWER_BYTES or time.monotonic() > deadline:
            break
    return body[:_MAX_ANSWER_BYTES]
