"""Trying whether a service can be reached, before any data go out to it."""

import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from chalicelib import egress
from chalicelib.errors import InvalidError
from chalicelib.tables.services import ServiceItem

__all__ = ["ping_service"]

TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and to wait for the answer to begin: a service may have to be woken up."""

LONGEST = 20.0
"""Seconds for all of it, the name's resolution too: API Gateway waits 29 for us."""

Verdict = dict[str, Any]
Outcome = egress.ServiceResponse | Exception

REFUSED = (
    "It was not called: {}. Services are called at public addresses only: give it a url whose host is one, "
    "or ask the operator to exempt the host (EGRESS_ALLOWED_HOSTS)."
)

WAYS_OUT = {
    egress.NameNotFound: "Check the host name in its url, and that DNS knows it.",
    egress.ConnectionRefused: "Nothing listens there: start the service, and check the port of its url.",
    egress.ConnectTimedOut: "Check the port of its url, and its firewall.",
    egress.CertificateInvalid: (
        "Give it a certificate of a public authority, for this very host, not expired, with its whole chain; "
        "or see whether this port speaks plain http."
    ),
}
"""What to do if nothing could be sent."""

SILENT = (
    "It was connected to, but {}. See whether the service is overloaded, and whether its url says http where "
    "it speaks https, or the other way round."
)


def ping_service(service: ServiceItem) -> Verdict:
    """Ask the address of a service for a page, without data or credentials.

    Parameters
    ----------
    service : ServiceItem
        The service.

    Returns
    -------
    dict
        ``allowed`` (by the egress policy), ``reached``, ``status`` and ``seconds`` of its answer if
        there is one, and a ``message`` for a person.

    Raises
    ------
    InvalidError
        If the service is never called.
    """
    if service.fields["upload_only"]:
        raise InvalidError(
            "This service is upload_only: it is never called, so there is nothing to try. "
            "Set upload_only to false if it shall be sent data."
        )
    begun = time.monotonic()
    outcome = _outcome(service.fields["url"])
    if isinstance(outcome, egress.ServiceResponse):
        return _reached(outcome.status, time.monotonic() - begun)
    return _unreached(outcome)


def _outcome(url: str) -> Outcome:
    """Return what comes of a GET, after `LONGEST` at the latest.

    The time-outs of a request do not bound it: names resolve as long as they like, and headers may
    drip in.
    """
    outcomes: SimpleQueue[Outcome] = SimpleQueue()

    def try_it() -> None:
        try:
            outcomes.put(egress.get_from_service(url, TIMEOUT))
        except (egress.AddressRefused, egress.ConnectionFailed, egress.ResponseTimedOut) as error:
            outcomes.put(error)

    Thread(target=try_it, daemon=True).start()
    try:
        return outcomes.get(timeout=LONGEST)
    except Empty:
        return egress.ResponseTimedOut("no answer came in time")


def _reached(status: int, seconds: float) -> Verdict:
    return {
        "allowed": True,
        "reached": True,
        "status": status,
        "seconds": round(seconds, 3),
        "message": f"It answered HTTP {status}: {_meaning(status)}",
    }


def _meaning(status: int) -> str:
    match status:
        case 405:
            return "it is there. A service need not answer GET, only POST."
        case 404 | 410:
            return "it is there. A service need not answer GET, only POST; but check the path of its url."
        case 401 | 403:
            return "it is there, and wants to know who calls. A ping carries no credentials; analyses do."
        case _ if 200 <= status < 300:
            return "it is there."
        case _ if 300 <= status < 400:
            return "it sends us elsewhere. Redirects are not followed: register the service's final address."
        case 429:
            return "it is there, and has too much to do. Analyses would be tried again for a while."
        case _ if status >= 500:
            return "it, or what stands before it, is in trouble. See the service's log."
    return "it is there, and did not like a plain GET. A service need only take POST."


def _unreached(error: Exception) -> Verdict:
    verdict = {"allowed": True, "reached": False, "status": None, "seconds": None}
    match error:
        case egress.AddressRefused():
            return {**verdict, "allowed": False, "message": REFUSED.format(error)}
        case egress.ConnectionFailed():
            return {**verdict, "message": f"It could not be reached: {error}. {WAYS_OUT[type(error)]}"}
    return {**verdict, "message": SILENT.format(error)}
