"""The edge to other people's servers: requests that cannot be turned inward.

Names are resolved at every request, only public addresses are called, redirects are not
followed. Hosts named in ``EGRESS_ALLOWED_HOSTS`` are exempt (the local stack names loopback).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase
from requests_hardened import Config, Manager
from requests_hardened.ip_filter import InvalidIPAddress

from chalicelib import settings
from chalicelib.egress_policy import is_exempt_host

__all__ = [
    "AddressRefused",
    "ConnectionFailed",
    "ConnectionProblem",
    "ResponseTimedOut",
    "ServiceResponse",
    "get_from_service",
    "post_to_service",
]

SHORT_BODY = 16384
"""So many bytes of a service's answer are read, at most."""

BODY_SECONDS = 3.0
"""And as long as they come within this time: a time-out of requests' starts anew with every byte."""

LONGEST_WAIT = 11 * 3600.0
"""A queue hides a message for twelve hours at most."""


class AddressRefused(Exception):  # noqa: N818
    """The address is not public, or the URL is not one."""


class ConnectionProblem(StrEnum):
    """Why nothing could be sent."""

    NAME = "its name is not known"
    PORT = "the connection was refused"
    SILENCE = "the connection timed out"
    CERTIFICATE = "its TLS certificate is not valid"


class ConnectionFailed(Exception):  # noqa: N818
    """Nothing was sent; `why` says what was in the way."""

    def __init__(self, why: ConnectionProblem) -> None:
        super().__init__(why.value)
        self.why = why


class ResponseTimedOut(Exception):  # noqa: N818
    """The request went out and no answer came: the service may be at work."""


@dataclass(frozen=True)
class ServiceResponse:
    """What a service said.

    Attributes
    ----------
    status : int
        The status code.
    retry_after : float or None
        Its ``Retry-After`` in seconds.
    body : bytes
        The first `SHORT_BODY` bytes of a refusal (4xx, 5xx); of any other answer, nothing.
    """

    status: int
    retry_after: float | None
    body: bytes


def post_to_service(
    url: str, body: bytes, headers: dict[str, str], auth: AuthBase | None = None
) -> ServiceResponse:
    """POST JSON to an analysis service.

    Raises
    ------
    EgressRefused
        If the URL points inward, or is no URL.
    NoConnection
        If nothing was sent.
    TimedOut
        If no answer came in `settings.SEND_TIMEOUT`, or the connection broke after sending.
    """
    headers = {"Content-Type": "application/json", **headers}
    return _answer("POST", url, settings.SEND_TIMEOUT, data=body, headers=headers, auth=auth)


def get_from_service(url: str, timeout: tuple[float, float]) -> ServiceResponse:
    """GET an address, without data or credentials.

    Parameters
    ----------
    url : str
        The address.
    timeout : tuple of float
        Seconds to connect, and to wait for the answer to begin.

    Raises
    ------
    EgressRefused, NoConnection, TimedOut
        As `post` does.
    """
    return _answer("GET", url, timeout)


def _answer(method: str, url: str, timeout: tuple[float, float], **options: Any) -> ServiceResponse:
    options |= {"timeout": timeout, "allow_redirects": False, "stream": True}
    with _in_our_words(), _session(url) as session, session.request(method, url, **options) as response:
        body = _beginning(response)
        return ServiceResponse(response.status_code, _seconds(response.headers.get("Retry-After")), body)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Raise what requests raises as one of the three errors of this module."""
    try:
        yield
    except (InvalidIPAddress, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise AddressRefused("its address is not one that may be called from here") from error
    except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
        raise ConnectionFailed(_obstacle(error)) from error
    except requests.ConnectionError as error:
        # The connection broke: before anything was sent, or while waiting for the answer?
        if _was_sent(error):
            raise ResponseTimedOut("the connection closed before an answer came") from error
        raise ConnectionFailed(_obstacle(error)) from error
    except requests.Timeout as error:
        raise ResponseTimedOut("no answer came in time") from error
    except (requests.RequestException, ValueError) as error:
        raise AddressRefused("its address, or one of its credentials, cannot be used in a request") from error


def _session(url: str) -> requests.Session:
    if is_exempt_host(urlsplit(url).hostname or ""):
        session = requests.Session()
    else:
        session = Manager(
            Config(
                ip_filter_enable=True,
                ip_filter_allow_loopback_ips=False,
                never_redirect=True,
                default_timeout=settings.SEND_TIMEOUT,
            )
        ).get_session()
    # A proxy of the environment would resolve names by itself, behind the filter's back.
    session.trust_env = False
    session.headers["User-Agent"] = f"heliograph/{settings.VERSION}"
    session.hooks["response"].append(_lead_nowhere)
    return session


def _lead_nowhere(response: requests.Response, **_: Any) -> requests.Response:
    """Forget where a redirect goes: even to leave it alone, requests reads its whole body and the address."""
    response.headers.pop("Location", None)
    return response


def _beginning(response: requests.Response) -> bytes:
    """Return how the body of a refusal begins; nothing if it breaks off, or takes too long.

    Of any answer something is taken off the line: a connection closed before that looks like a
    fault to the service.
    """

    def hang_up() -> None:
        # The answer may have ended in this very moment.
        with suppress(RuntimeError, ValueError, OSError):
            response.raw.shutdown()

    end, patience = time.monotonic() + BODY_SECONDS, threading.Timer(BODY_SECONDS, hang_up)
    patience.start()
    try:
        body: bytes = response.raw.read(SHORT_BODY, decode_content=True)
    except (urllib3.exceptions.HTTPError, OSError, ValueError):
        return b""
    finally:
        patience.cancel()
    return body if response.status_code >= 400 and time.monotonic() < end else b""


def _seconds(retry_after: str | None) -> float | None:
    """Return a ``Retry-After``, given in seconds or as a date (RFC 9110, 10.2.3), in seconds."""
    if not retry_after:
        return None
    if retry_after.isdecimal() and len(retry_after) < 7:
        return min(LONGEST_WAIT, float(retry_after))
    try:
        return min(LONGEST_WAIT, max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time()))
    except (ValueError, OverflowError):
        return None


def _was_sent(error: requests.ConnectionError) -> bool:
    text = repr(error)
    return "Connection aborted" in text or "RemoteDisconnected" in text or "Read timed out" in text


def _obstacle(error: Exception) -> ConnectionProblem:
    text = repr(error)
    if isinstance(error, requests.exceptions.SSLError):
        return ConnectionProblem.CERTIFICATE
    if "NameResolution" in text or "resolve" in text:
        return ConnectionProblem.NAME
    return ConnectionProblem.SILENCE if "Timeout" in text else ConnectionProblem.PORT
