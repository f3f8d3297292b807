"""Outgoing HTTP that cannot be turned inward.

A callback URL comes with a payload, hence from anyone. Requests go to public addresses only, follow
no redirects and end in time. Hosts that the environment names in ``EGRESS_ALLOWED_HOSTS``
(comma-separated names or addresses, e.g. ``localhost,127.0.0.1``) are reached directly: they are what
the operator vouches for.
"""

import os
from typing import Any
from urllib.parse import urlsplit

import requests
from requests_hardened import Config, Manager

__all__ = ["send"]

_HARDENED = Manager(
    Config(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(5, 30),
        user_agent_override="heliograph-fitter",
    )
)


def send(method: str, url: str, *, timeout: tuple[float, float], **options: Any) -> requests.Response:
    """Send one request.

    Parameters
    ----------
    method, url : str
    timeout : tuple of float
        Seconds to connect, and between two bytes of the answer.
    **options
        As of `requests.request` (json, data, headers, stream).

    Returns
    -------
    requests.Response
        Whatever its status; redirects are answers like others.

    Raises
    ------
    requests.RequestException
        No answer: refused, timed out, not a URL, or an address that is not public
        (`requests_hardened.ip_filter.InvalidIPAddress`).
    """
    try:
        session = requests.Session() if _is_allowed(url) else _HARDENED.get_session()
        # a proxy named in the environment would look the address up itself, past the filter
        session.trust_env = False
        return session.request(method, url, timeout=timeout, allow_redirects=False, **options)
    except (UnicodeError, ValueError) as error:
        if isinstance(error, requests.RequestException):
            raise
        raise requests.exceptions.InvalidURL("the URL cannot be parsed") from error


def _is_allowed(url: str) -> bool:
    allowed = {host.strip().lower() for host in os.environ.get("EGRESS_ALLOWED_HOSTS", "").split(",")}
    # of the address as it will be called: parsers differ on what a strange one means
    host = urlsplit(requests.Request("GET", url).prepare().url or "").hostname
    return host is not None and host.lower() in allowed - {""}
