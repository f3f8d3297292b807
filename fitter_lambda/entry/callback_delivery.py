"""Calling back: until it gets its 200, as long as that makes sense; and reports of progress.

Callback URLs hold a one-time token. Nothing in here logs them, and errors are named by their type.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

import requests
from requests_hardened.ip_filter import InvalidIPAddress

from fitter_lambda.entry import egress
from fitter_lambda.errors import CallbackError, CancelledError

__all__ = ["PAUSES", "ProgressReporter", "deliver"]

_logger = logging.getLogger(__name__)

#: Seconds between tries within one invocation; the queue brings the rest.
PAUSES = (1.0, 2.0, 4.0, 8.0)
_LONGEST_PAUSE = 30.0
_TIMEOUT = (5.0, 30.0)
_PROGRESS_TIMEOUT = (2.0, 3.0)
_PROGRESS_INTERVAL_SECONDS = 2.0


def deliver(url: str, document: dict[str, Any], pauses: tuple[float, ...] = PAUSES) -> bool:
    """POST a document to a callback URL.

    Parameters
    ----------
    url : str
    document : dict
        ``{"status", "message", "analysis"}``.
    pauses : tuple of float
        Seconds to wait before each further try.

    Returns
    -------
    bool
        True: it was taken. False: it never will be (another 4xx, an address that is not public).

    Raises
    ------
    CallbackError
        Refused, timed out, 429 or 5xx in every try; worth trying again later.
    """
    reason = ""
    for pause in (*pauses, None):
        reason, asked = _try(url, document)
        if not reason:
            return True
        if asked is None:
            _logger.warning("the callback was refused for good: %s", reason)
            return False
        if pause is not None:
            time.sleep(min(max(pause, asked), _LONGEST_PAUSE))
    raise CallbackError(f"The callback failed {len(pauses) + 1} times, at last with {reason}; try later.")


def _try(url: str, document: dict[str, Any]) -> tuple[str, float | None]:
    """One try: the reason of its failure ("" for none), and seconds to wait (None: never again)."""
    try:
        response = egress.send("POST", url, json=document, timeout=_TIMEOUT, stream=True)
    except (InvalidIPAddress, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        return type(error).__name__, None
    except requests.RequestException as error:
        return type(error).__name__, 0.0
    with response:
        status = response.status_code
    if 200 <= status < 300:
        return "", None
    if status in (408, 425, 429) or status >= 500:
        return f"HTTP {status}", _retry_after(response)
    return f"HTTP {status}", None


def _retry_after(response: requests.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0  # an HTTP date: our own pauses will do


class ProgressReporter:
    """Reports progress by PATCH on the callback URL, at most every two seconds.

    A report is a courtesy: when one fails, nobody notices, and after a few nobody tries. But a refusal
    (403) says that the analysis was cancelled, or is over: then the work ends by a `CancelledError`.

    Parameters
    ----------
    url : str or None
        None: nothing is sent.
    clock : callable
        Seconds that only go up.
    """

    def __init__(self, url: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._next = -float("inf")
        self._patience = 3

    def __call__(self, fraction: float, message: str) -> None:
        """Report the fraction done (0..1) and what is being done."""
        now = self._clock()
        if not self._url or now < self._next or self._patience <= 0:
            return
        body = {"progress": round(min(max(fraction, 0.0), 1.0), 3), "message": message}
        self._patience -= 1
        with contextlib.suppress(requests.RequestException):
            response = egress.send("PATCH", self._url, json=body, timeout=_PROGRESS_TIMEOUT, stream=True)
            response.close()
            if response.status_code == 403:
                raise CancelledError("The analysis was cancelled, or is over; the fit was given up.")
            if response.status_code < 400:
                self._patience = 3
        self._next = self._clock() + _PROGRESS_INTERVAL_SECONDS
