"""Outgoing HTTP to public addresses only.

A callback URL comes with a payload, hence from anyone. Requests go to public addresses, follow no redirects
and have timeouts. Hosts in ``EGRESS_ALLOWED_HOSTS`` (comma-separated names or addresses, e.g.
``localhost,127.0.0.1``) are exempt: the operator trusts them.
"""

import os
from typing import Any
from urllib.parse import urlsplit

import requests
from requests_hardened import Config, Manager

_HARDENED = Manager(
    Config(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(5, 30),
        user_agent_override="heliograph-fitter",
    )
)


def send_request(method: str, url: str, *, timeout: tuple[float, float], **options: Any) -> requests.Response:
    """Send one request.

    Parameters
    ----------
    method, url : str
    timeout : tuple of float
        Seconds to connect, and between two bytes of the response.
    **options
        Arguments of `requests.request` (json, data, headers, stream).

    Returns
    -------
    requests.Response
        Of any status, redirects included.

    Raises
    ------
    requests.RequestException
        There was no response, the URL cannot be parsed, or its address is not public
        (`requests_hardened.ip_filter.InvalidIPAddress`).
    """
    try:
        session = requests.Session() if _is_allowed(url) else _HARDENED.get_session()
        # a proxy would resolve the host itself, past the filter
        session.trust_env = False
        return session.request(method, url, timeout=timeout, allow_redirects=False, **options)
    except requests.RequestException:
        raise
    except ValueError as error:  # parsers of URLs raise it, and UnicodeError, which is one
        raise requests.exceptions.InvalidURL("the URL cannot be parsed") from error


def _is_allowed(url: str) -> bool:
    allowed = {host.strip().lower() for host in os.environ.get("EGRESS_ALLOWED_HOSTS", "").split(",")}
    # the prepared URL is the one that is called: other parsers differ on strange ones
    host = urlsplit(requests.Request("GET", url).prepare().url or "").hostname
    return host is not None and host.lower() in allowed - {""}
