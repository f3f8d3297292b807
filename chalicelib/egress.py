"""Outgoing requests to analysis services, which can reach public addresses only (`egress_guard`)."""

import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from requests.auth import AuthBase

from chalicelib import settings
from heliograph_guards.egress_guard import (
    SHORT_BODY,
    AddressRefused,
    CertificateInvalid,
    ConnectionFailed,
    ConnectionRefused,
    ConnectTimedOut,
    NameNotFound,
    ResponseTimedOut,
    TimeLimits,
    send_guarded_request,
)

__all__ = [
    "BODY_SECONDS", "LONGEST_WAIT", "SHORT_BODY", "AddressRefused", "CertificateInvalid", "ConnectTimedOut",
    "ConnectionFailed", "ConnectionRefused", "NameNotFound", "ResponseTimedOut", "ServiceResponse",
    "get_from_service", "parse_retry_after", "post_to_service",
]  # fmt: skip

BODY_SECONDS = 3.0
"""Total seconds for the body."""

LONGEST_WAIT = 11 * 3600.0
"""Most seconds of a ``Retry-After``; a queue hides a message for twelve hours at most."""


@dataclass(frozen=True)
class ServiceResponse:
    """A response of a service.

    Attributes
    ----------
    status : int
        The status code.
    retry_after : float or None
        Its ``Retry-After`` in seconds.
    body : bytes
        The first `SHORT_BODY` bytes of an error (4xx, 5xx); empty for other statuses.
    """

    status: int
    retry_after: float | None
    body: bytes


def post_to_service(url: str, body: bytes, headers: dict[str, str], auth: AuthBase | None = None) -> ServiceResponse:
    """POST JSON to an analysis service.

    Raises
    ------
    AddressRefused
        If the URL is not valid, or its address is not public.
    ConnectionFailed
        If nothing was sent; a subclass names the cause.
    ResponseTimedOut
        If no response came within the sum of `settings.SEND_TIMEOUT`, or the connection broke after sending.
    """
    headers = {"Content-Type": "application/json", **headers}
    return _send("POST", url, settings.SEND_TIMEOUT, data=body, headers=headers, auth=auth)


def get_from_service(url: str, timeout: tuple[float, float]) -> ServiceResponse:
    """GET an address, without data or credentials.

    Parameters
    ----------
    url : str
        The address.
    timeout : tuple of float
        Seconds to connect, and to wait for the response; the whole takes no longer than their sum.

    Raises
    ------
    AddressRefused, ConnectionFailed, ResponseTimedOut
        Like `post_to_service`.
    """
    return _send("GET", url, timeout)


def _send(method: str, url: str, timeout: tuple[float, float], **options: Any) -> ServiceResponse:
    headers = {"User-Agent": f"heliograph/{settings.VERSION}", **options.pop("headers", {})}
    limits = TimeLimits(connect=timeout[0], total=sum(timeout), body=BODY_SECONDS)
    response = send_guarded_request(method, url, limits, headers=headers, **options)
    retry_after = parse_retry_after(response.headers.get("Retry-After"))
    body = response.content if response.status_code >= 400 else b""
    return ServiceResponse(response.status_code, retry_after, body)


def parse_retry_after(header: str | None) -> float | None:
    """Return the seconds of a ``Retry-After``, a number or a date (RFC 9110, 10.2.3)."""
    if not header:
        return None
    if header.isdecimal() and len(header) < 7:
        return min(LONGEST_WAIT, float(header))
    try:
        return min(LONGEST_WAIT, max(0.0, parsedate_to_datetime(header).timestamp() - time.time()))
    except (ValueError, OverflowError):
        return None
