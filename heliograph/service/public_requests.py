"""Requests to any public address, for a service that takes analyses of portals that it does not know.

A callback URL comes with a payload, hence from anyone: `heliograph_guards.egress_guard` sends every request. Hosts
and ports in ``EGRESS_ALLOWED_HOSTS`` (e.g. ``localhost:5000``) are exempt: the operator trusts them.
"""

from collections.abc import Mapping
from typing import Any

from heliograph.service.portal_requests import Answer
from heliograph_guards.egress_guard import TimeLimits, send_guarded_request


def send_to_public(
    method: str,
    url: str,
    *,
    json: Any = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: tuple[float, float] = (5.0, 30.0),
    is_upload: bool = False,
) -> Answer:
    """Send one request to a public address; a `heliograph.service.portal_requests.Send`.

    Parameters
    ----------
    method, url : str
    json, content
        The body, as a value or as bytes.
    headers : mapping, optional
    timeout : tuple of float
        Seconds to connect, and for the answer; the whole takes no longer than their sum.
    is_upload : bool
        Makes no difference here.

    Raises
    ------
    requests.RequestException
        There was no answer, or nothing was sent: one of the exceptions of `heliograph_guards.egress_guard`.
    """
    limits = TimeLimits(connect=timeout[0], total=sum(timeout))
    sent_headers = {"User-Agent": "heliograph-service", **(headers or {})}
    response = send_guarded_request(method, url, limits, json=json, data=content, headers=sent_headers)
    return Answer(response.status_code, response.headers, response.content)
