"""Whether a service can be reached, before any data are sent to it."""

import time
from typing import Any

from chalicelib import egress
from chalicelib.analysis.line_waits import resume_sending
from chalicelib.errors import InvalidError
from chalicelib.tables.services import ServiceItem

TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and to wait for the response: a service may have to wake up. API Gateway waits 29."""

Report = dict[str, Any]

ADDRESS_REFUSED = (
    "It was not called: {}. Services are called at public addresses only: register a url with a public host, "
    "or ask the operator to allow the host and its port (EGRESS_ALLOWED_HOSTS)."
)

ADVICE = {
    egress.NameNotFound: "Check the host in its url, and whether DNS has the name.",
    egress.ConnectionRefused: "Nothing listens there: start the service, and check the port of its url.",
    egress.ConnectTimedOut: "Check the port of its url, and whether a firewall blocks it.",
    egress.CertificateInvalid: (
        "It needs a certificate of a public authority for this host, not expired, with the whole chain. "
        "Or the port speaks plain http: check the scheme of its url."
    ),
}
"""What to do if nothing could be sent."""

NO_RESPONSE = (
    "It accepted the connection, but {}. Check whether the service is overloaded, and whether its url says "
    "http where it speaks https, or the reverse."
)


def ping_service(service: ServiceItem) -> Report:
    """Send a GET to the address of a service, without data or credentials; if it responds well, its pause ends.

    Parameters
    ----------
    service : ServiceItem
        The service.

    Returns
    -------
    dict
        ``allowed`` (by the egress policy), ``reached``, ``status`` and ``seconds`` of the response if
        there is one, and a ``message`` for a person.

    Raises
    ------
    InvalidError
        If the service is never called.
    """
    if service.fields.upload_only:
        raise InvalidError(
            "This service is upload_only: it is never called, so it cannot be pinged. "
            "Set upload_only to false if it should be sent data."
        )
    started = time.monotonic()
    try:
        response = egress.get_from_service(service.fields.url, TIMEOUT)
    except (egress.AddressRefused, egress.ConnectionFailed, egress.ResponseTimedOut) as error:
        return _report_failure(error)
    if response.status < 500 and response.status != 429:
        resume_sending(service.id)
    return _report_response(response.status, time.monotonic() - started)


def _report_response(status: int, seconds: float) -> Report:
    return {
        "allowed": True,
        "reached": True,
        "status": status,
        "seconds": round(seconds, 3),
        "message": f"It answered HTTP {status}: {_explain_status(status)}",
    }


def _explain_status(status: int) -> str:
    match status:
        case 405:
            return "it is reachable. A service need not answer GET, only POST."
        case 404 | 410:
            return "it is reachable. A service need not answer GET, only POST; but check the path of its url."
        case 401 | 403:
            return "it is reachable and requires credentials. A ping sends none; analyses do."
        case _ if 200 <= status < 300:
            return "it is reachable."
        case _ if 300 <= status < 400:
            return "it redirects. Redirects are not followed: register the service's final address."
        case 429:
            return "it is reachable and overloaded. Analyses would be sent again for a while."
        case _ if status >= 500:
            return "it, or a proxy in front of it, has an error. See the service's log."
    return "it is reachable and refused a plain GET. A service need only accept POST."


def _report_failure(error: Exception) -> Report:
    report = {"allowed": True, "reached": False, "status": None, "seconds": None}
    match error:
        case egress.AddressRefused():
            return {**report, "allowed": False, "message": ADDRESS_REFUSED.format(error)}
        case egress.ConnectionFailed():
            return {**report, "message": f"It could not be reached: {error}. {ADVICE[type(error)]}"}
    return {**report, "message": NO_RESPONSE.format(error)}
