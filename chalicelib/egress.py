"""Outgoing requests to analysis services, which can reach public addresses only.

Names are resolved at every request, only public addresses are called, and redirects are not
followed. Hosts in ``EGRESS_ALLOWED_HOSTS`` are exempt (the local stack exempts loopback).
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from requests_hardened import Config, Manager
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from chalicelib import settings
from chalicelib.egress_policy import is_exempt_host

SHORT_BODY = 16384
"""Most bytes read of a response."""

BODY_SECONDS = 3.0
"""Total seconds for the body; requests' own timeout restarts with each byte."""

LONGEST_WAIT = 11 * 3600.0
"""Most seconds of a ``Retry-After``; a queue hides a message for twelve hours at most."""


class AddressRefused(Exception):  # noqa: N818
    """The URL is not valid, or its address is not public; nothing was sent."""


class ConnectionFailed(Exception):  # noqa: N818
    """No connection was made, so nothing was sent; each subclass names one cause."""


class NameNotFound(ConnectionFailed):
    """The host name cannot be resolved."""


class ConnectionRefused(ConnectionFailed):
    """Nothing listens at the port, or the host cannot be reached."""


class ConnectTimedOut(ConnectionFailed):
    """The host did not accept the connection in time."""


class CertificateInvalid(ConnectionFailed):
    """The TLS handshake failed, mostly because of the certificate."""


class ResponseTimedOut(Exception):  # noqa: N818
    """The request was sent and no response came: the service may be at work."""


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
        If no response came in `settings.SEND_TIMEOUT`, or the connection broke after sending.
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
        Seconds to connect, and to wait for the first byte of the response.

    Raises
    ------
    AddressRefused, ConnectionFailed, ResponseTimedOut
        Like `post_to_service`.
    """
    return _send("GET", url, timeout)


def _send(method: str, url: str, timeout: tuple[float, float], **options: Any) -> ServiceResponse:
    options |= {"timeout": timeout, "allow_redirects": False, "stream": True}
    with _translate_errors(), _create_session(url) as session, session.request(method, url, **options) as response:
        retry_after = parse_retry_after(response.headers.get("Retry-After"))
        return ServiceResponse(response.status_code, retry_after, _read_error_body(response))


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise the exceptions of requests as those of this module."""
    try:
        yield
    except (requests.RequestException, ValueError) as error:
        raise _translate_error(error) from error


def _translate_error(error: Exception) -> Exception:
    """Return the exception of this module for one of requests, by the types of its causes."""
    invalid_address = (InvalidIPAddress, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)
    if isinstance(error, invalid_address):
        return AddressRefused("its address is not one that may be called from here")
    if isinstance(error, requests.exceptions.SSLError):
        return CertificateInvalid("its TLS certificate is not valid")
    if isinstance(error, requests.ConnectTimeout):
        return ConnectTimedOut("the connection timed out")
    if isinstance(error, requests.ConnectionError):
        causes = list(_iterate_causes(error))
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return NameNotFound("its host name is not known")
        # These are of a connection that exists, so that the request may have been sent.
        if any(isinstance(cause, ProtocolError | ReadTimeoutError) for cause in causes):
            return ResponseTimedOut("the connection closed before an answer came")
        return ConnectionRefused("the connection was refused")
    if isinstance(error, requests.Timeout):
        return ResponseTimedOut("no answer came in time")
    return AddressRefused("its address, or one of its credentials, cannot be used in a request")


def _iterate_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _create_session(url: str) -> requests.Session:
    if is_exempt_host(urlsplit(url).hostname or ""):
        session = requests.Session()
    else:
        config = Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=False,
            never_redirect=True,
            default_timeout=settings.SEND_TIMEOUT,
        )
        session = Manager(config).get_session()
    # A proxy of the environment would resolve names itself and bypass the filter.
    session.trust_env = False
    session.headers["User-Agent"] = f"heliograph/{settings.VERSION}"
    session.hooks["response"].append(_drop_redirect)
    return session


def _drop_redirect(response: requests.Response, **_: Any) -> requests.Response:
    # With a Location, requests reads the whole body and parses the address even if it does not follow.
    response.headers.pop("Location", None)
    return response


def _read_error_body(response: requests.Response) -> bytes:
    """Return the beginning of an error's body; nothing if it breaks off or takes too long.

    Read a little of every response: closing early looks like an error to the service.
    """

    def close_connection() -> None:
        # The response may end at the same moment.
        with suppress(RuntimeError, ValueError, OSError):
            response.raw.shutdown()

    deadline = time.monotonic() + BODY_SECONDS
    timer = threading.Timer(BODY_SECONDS, close_connection)
    timer.start()
    try:
        body: bytes = response.raw.read(SHORT_BODY, decode_content=True)
    except (HTTPError, OSError, ValueError):
        return b""
    finally:
        timer.cancel()
    return body if response.status_code >= 400 and time.monotonic() < deadline else b""


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
