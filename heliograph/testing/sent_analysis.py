"""One analysis as a portal sees it: what was sent, reported and called back."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from heliograph.errors import WaitTimeoutError


@dataclass
class SentAnalysis:
    """An analysis that a fake portal has sent.

    Attributes
    ----------
    payload : dict
    callback_url : str
    status : str
        pending, completed, failure, cancelled or timed_out.
    message : str
        The service's words.
    document : dict
        The ``analysis`` that was called back; empty before.
    progress : list of (float or None, str or None)
        All reports that were taken.
    callbacks : list of int
        The statuses that callbacks were answered with.
    answers : list of int
        The statuses that the service answered when it was sent the payload.
    """

    payload: dict[str, Any]
    callback_url: str
    ends_at: float
    send: Callable[["SentAnalysis"], int]
    status: str = "pending"
    message: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    progress: list[tuple[float | None, str | None]] = field(default_factory=list)
    callbacks: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @property
    def results(self) -> Any:
        """The results that were called back, if they are JSON."""
        return (self.document.get("results") or {}).get("data")

    @property
    def results_count(self) -> int:
        """How many callbacks were taken; a portal takes one."""
        return sum(200 <= status < 300 for status in self.callbacks)

    def repeat(self) -> int:
        """Send the same request again; return the status of the service's answer."""
        return self.send(self)

    def cancel(self) -> None:
        """Cancel the analysis: reports and callbacks are answered 403 from now on."""
        with self.changed:
            self.status = "cancelled"
            self.changed.notify_all()

    def wait(self, timeout: float = 30.0) -> "SentAnalysis":
        """Wait until the analysis has ended, and return it.

        Raises
        ------
        WaitTimeoutError
            If it has not, in so many seconds.
        """
        return self.wait_for(lambda analysis: analysis.status != "pending", timeout)

    def wait_for(self, condition: Callable[["SentAnalysis"], bool], timeout: float = 30.0) -> "SentAnalysis":
        """Wait until a condition is met, and return the analysis.

        Raises
        ------
        WaitTimeoutError
            If it is not, in so many seconds.
        """
        deadline = time.monotonic() + timeout
        with self.changed:
            while not condition(self):
                if time.monotonic() > deadline:
                    raise WaitTimeoutError(
                        f"The analysis is {self.status} after {timeout:g} s; last: {self.message!r}."
                    )
                self.changed.wait(0.1)
        return self
