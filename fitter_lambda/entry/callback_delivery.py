"""Deliver the document to its callback URL, with retries; report progress.

Callback URLs hold a one-time token. They are never logged, and errors are named by their type.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from requests_hardened.ip_filter import InvalidIPAddress

from fitter_lambda.entry.egress import send_request
from fitter_lambda.errors import CallbackError, CancelledError

_logger = logging.getLogger(__name__)

#: Seconds between tries within one invocation; after that the queue delivers the message again.
RETRY_PAUSES = (1.0, 2.0, 4.0, 8.0)
_MAX_PAUSE = 30.0
_TIMEOUT = (5.0, 30.0)
_PROGRESS_TIMEOUT = (2.0, 3.0)
_PROGRESS_INTERVAL_SECONDS = 2.0
_MAX_FAILED_REPORTS = 3


def deliver_document(url: str, document: Mapping[str, Any], pauses: tuple[float, ...] = RETRY_PAUSES) -> bool:
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
        True: accepted. False: refused for good (another 4xx, or an address that is not public).

    Raises
    ------
    CallbackError
        Each try ended in no response, 408, 425, 429 or 5xx; try again later.
    """
    reason = ""
    for pause in (*pauses, None):
        reason, retry_after = _try_to_deliver(url, document)
        if not reason:
            return True
        if retry_after is None:
            _logger.warning("the callback was refused for good: %s", reason)
            return False
        if pause is not None:
            time.sleep(min(max(pause, retry_after), _MAX_PAUSE))
    raise CallbackError(f"The callback failed {len(pauses) + 1} times, at last with {reason}; try later.")


def _try_to_deliver(url: str, document: Mapping[str, Any]) -> tuple[str, float | None]:
    """Return the reason of a failure ("" for none) and the seconds to wait (None: do not retry)."""
    try:
        with send_request("POST", url, json=document, timeout=_TIMEOUT, stream=True) as response:
            status, reason = response.status_code, f"HTTP {response.status_code}"
    except requests.RequestException as error:
        is_final = isinstance(
            error, (InvalidIPAddress, requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)
        )
        return type(error).__name__, None if is_final else 0.0
    if 200 <= status < 300:
        return "", None
    if status in (408, 425, 429) or status >= 500:
        return reason, _parse_retry_after(response)
    return reason, None


def _parse_retry_after(response: requests.Response) -> float:
    try:
        return max(0.0, float(response.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0  # an HTTP date is ignored


class ProgressReporter:
    """Reports progress by PATCH on the callback URL, at most every two seconds.

    Failed reports are ignored; after three in a row none is sent. 403 raises `CancelledError`: the analysis
    was cancelled or has ended.

    Parameters
    ----------
    url : str or None
        None: nothing is sent.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, url: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._next_time = -float("inf")
        self._failures = 0

    def __call__(self, fraction: float, message: str) -> None:
        """Report the fraction done (0..1) and what is being done."""
        if not self._url or self._clock() < self._next_time or self._failures >= _MAX_FAILED_REPORTS:
            return
        body = {"progress": round(min(max(fraction, 0.0), 1.0), 3), "message": message}
        self._failures += 1
        with contextlib.suppress(requests.RequestException):
            response = send_request("PATCH", self._url, json=body, timeout=_PROGRESS_TIMEOUT, stream=True)
            response.close()
            if response.status_code == 403:
                raise CancelledError("The analysis was cancelled, or is over; the fit was given up.")
            if response.status_code < 400:
                self._failures = 0
        self._next_time = self._clock() + _PROGRESS_INTERVAL_SECONDS
