"""Reports of progress: what an analysis calls, and how a report reaches the portal."""

import logging
import math
import time
from collections.abc import Callable
from typing import Protocol

import requests

from heliograph.errors import ArgumentError, CancelledError
from heliograph.service.portal_requests import Send

REPORT_SECONDS = 2.0
"""Least seconds between two reports."""

_TIMEOUT = (2.0, 3.0)
_MAX_FAILURES = 3
_MAX_MESSAGE = 5000
_WITHOUT_PROGRESS = (404, 405, 501)
"""Answers of a portal that takes no reports, as SkyPortal."""

_logger = logging.getLogger(__name__)


class Progress(Protocol):
    """What an analysis calls to report its progress."""

    def __call__(self, fraction: float, message: str = "") -> None:
        """Report the fraction done (0 to 1), and what is being done."""


def check_report(fraction: float, message: str) -> tuple[float, str]:
    """Return a report as it is sent.

    Raises
    ------
    ArgumentError
        If the fraction is not from 0 to 1.
    """
    is_number = isinstance(fraction, int | float) or hasattr(fraction, "__float__")
    if not is_number or not -0.01 <= (number := float(fraction)) <= 1.01 or math.isnan(number):
        raise ArgumentError(f"The progress is {fraction!r:.60}; expected the fraction done, from 0 to 1.")
    return round(min(max(number, 0.0), 1.0), 3), str(message)[:_MAX_MESSAGE]


class ProgressReporter:
    """Reports progress by PATCH on a callback URL, at most every two seconds.

    Failed reports are ignored; after three in a row none is sent, nor to a portal that takes none.

    Parameters
    ----------
    url : str
        The callback URL.
    send : callable
        Sends a request; see `heliograph.service.portal_requests`.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, url: str, send: Send, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._send = send
        self._clock = clock
        self._next_time = -math.inf
        self._failures = 0

    def __call__(self, fraction: float, message: str = "") -> None:
        """Report the fraction done, unless the last report was a moment ago.

        Raises
        ------
        CancelledError
            If the portal does not want the analysis any more.
        ArgumentError
            If the fraction is not from 0 to 1.
        """
        number, text = check_report(fraction, message)
        if self._clock() < self._next_time or self._failures >= _MAX_FAILURES:
            return
        self._report({"progress": number, "message": text} if text else {"progress": number})
        self._next_time = self._clock() + REPORT_SECONDS

    def ask(self) -> None:
        """Ask whether the portal still wants the analysis, without a report.

        Raises
        ------
        CancelledError
            If it does not.
        """
        if self._failures < _MAX_FAILURES:
            self._report({})

    def _report(self, body: dict[str, object]) -> None:
        self._failures += 1
        try:
            answer = self._send("PATCH", self._url, json=body, timeout=_TIMEOUT)
        except requests.RequestException as error:
            _logger.info("a report of progress failed: %s", type(error).__name__)
            return
        if answer.status == 403:
            raise CancelledError("The analysis was cancelled, or is over.")
        if answer.status in _WITHOUT_PROGRESS:
            self._failures = _MAX_FAILURES
        elif answer.status < 400:
            self._failures = 0
