"""The work of a serving process: analyses wait, run in a bounded number of processes, and are called back."""

import heapq
import itertools
import logging
import queue
import random
import threading
import time
from dataclasses import dataclass, field

from heliograph.errors import InputError
from heliograph.service.document_delivery import try_to_deliver
from heliograph.service.payload_contents import Payload, decode_payload
from heliograph.service.portal_requests import Send
from heliograph.service.service_result import build_failure_document
from heliograph.service.spool import Spool
from heliograph.service.supervised_run import prepare_workers, run_supervised

_MAX_ATTEMPTS = 3
_DELIVERY_THREADS = 4
_PAUSE_GROWTH = 1.5
_MAX_PAUSE = 60.0
_MAX_RETRY_AFTER = 3600.0
_GIVE_UP_SECONDS = 86400.0
"""How long a document without a deadline is called back."""
_GRACE_AFTER_DEADLINE = 60.0
_MACHINE_PAUSE = 60.0
_LEAST_SECONDS = 0.5
"""From taking an analysis to its callback."""

_logger = logging.getLogger(__name__)


@dataclass(order=True)
class _Delivery:
    """A document that is due at a time (monotonic seconds); `give_up_at` is in Unix seconds."""

    due: float
    number: int
    key: str = field(compare=False)
    url: str = field(compare=False)
    give_up_at: float = field(compare=False)
    failures: int = field(compare=False, default=0)


class AnalysisPool:
    """Runs and delivers the analyses of a spool.

    Parameters
    ----------
    reference : str
        The service; see `load_service`.
    spool : Spool
    send : callable
        Sends requests to portals.
    workers : int
        Most analyses that run at a time.
    queue_size : int
        Most analyses that wait to be run or called back.
    first_pause : float
        Seconds from the first attempt to call back to the second.
    """

    def __init__(
        self, reference: str, spool: Spool, send: Send, *, workers: int, queue_size: int, first_pause: float = 0.5
    ) -> None:
        self._reference = reference
        self._spool = spool
        self._send = send
        self._queue_size = queue_size
        self._first_pause = first_pause
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._deliveries: list[_Delivery] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._running = 0
        self._delivering = 0
        self._kill = threading.Event()
        self._is_stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run_analyses, daemon=True) for _ in range(workers)]
        self._threads += [
            threading.Thread(target=self._deliver_documents, daemon=True) for _ in range(_DELIVERY_THREADS)
        ]

    def start(self) -> None:
        """Begin to work, first on what an earlier process left in the spool."""
        prepare_workers(self._reference)
        for key in self._spool.list_waiting():
            self._waiting.put(key)
        for thread in self._threads:
            thread.start()

    def count(self) -> dict[str, int]:
        """Return how many analyses wait, run, and are called back."""
        with self._changed:
            deliveries = len(self._deliveries) + self._delivering
            return {"waiting": self._waiting.qsize(), "running": self._running, "deliveries": deliveries}

    @property
    def is_full(self) -> bool:
        """Whether no further analysis may wait."""
        counts = self.count()
        return counts["waiting"] + counts["deliveries"] >= self._queue_size

    def submit(self, key: str) -> None:
        """Have an analysis of the spool done."""
        self._waiting.put(key)

    def _submit_later(self, key: str) -> None:
        """Have an analysis done in a minute, after a failure of this machine such as a full disk."""
        timer = threading.Timer(_MACHINE_PAUSE, self.submit, [key])
        timer.daemon = True
        timer.start()

    def stop(self, grace_seconds: float) -> None:
        """Stop: finish and deliver what runs if that is possible in some time; the rest stays in the spool."""
        self._is_stopping.set()
        deadline = time.monotonic() + grace_seconds
        with self._changed:
            while self._has_work_to_finish() and time.monotonic() < deadline:
                self._changed.wait(0.2)
        self._kill.set()
        for _ in self._threads:
            self._waiting.put(None)
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(10)

    def _has_work_to_finish(self) -> bool:
        """Return whether something runs, or is about to be called back for the first time."""
        is_new = any(not delivery.failures for delivery in self._deliveries)
        return bool(self._running or self._delivering or is_new)

    def _run_analyses(self) -> None:
        while (key := self._waiting.get()) is not None:
            if self._is_stopping.is_set():
                continue
            with self._changed:
                self._running += 1
            try:
                self._run_analysis(key)
            except Exception:
                _logger.exception("the analysis is tried again in a minute", extra={"analysis": key})
                self._submit_later(key)
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _run_analysis(self, key: str) -> None:
        try:
            payload = decode_payload(self._spool.get_payload_file(key).read_bytes())
        except InputError as error:
            _logger.warning("a payload in the spool is dropped: %s", error, extra={"analysis": key})
            self._spool.finish(key)
            return
        if self._spool.load_document(key) is None and not self._make_document(key, payload):
            return
        self._schedule_delivery(key, payload)

    def _make_document(self, key: str, payload: Payload) -> bool:
        """Run an analysis; return whether there is a document to deliver."""
        if payload.deadline is not None and time.time() > payload.deadline:
            _logger.warning("the portal does not wait any more; the analysis is dropped", extra={"analysis": key})
            self._spool.finish(key)
            return False
        if self._spool.count_attempt(key) > _MAX_ATTEMPTS:
            message = f"The service ended {_MAX_ATTEMPTS} times during this analysis; perhaps it needs too much memory."
            self._spool.save_document(key, build_failure_document(message))
            return True
        _logger.info("the analysis begins", extra={"analysis": key})
        outcome = run_supervised(self._reference, self._spool, key, payload, self._send, self._kill)
        _logger.info("the analysis is %s", outcome, extra={"analysis": key})
        if outcome == "cancelled":
            self._spool.finish(key)
        elif outcome == "stopped":
            self._spool.forget_attempt(key)
        return outcome == "ended"

    def _schedule_delivery(self, key: str, payload: Payload) -> None:
        received_at = self._spool.get_payload_file(key).stat().st_mtime
        end = payload.deadline or received_at + _GIVE_UP_SECONDS
        # SkyPortal notes the acknowledgement in its own time, and would take a callback before that for undone
        due = time.monotonic() + max(0.0, received_at + _LEAST_SECONDS - time.time())
        delivery = _Delivery(due, next(self._numbers), key, payload.callback_url, end + _GRACE_AFTER_DEADLINE)
        with self._changed:
            heapq.heappush(self._deliveries, delivery)
            self._changed.notify_all()

    def _deliver_documents(self) -> None:
        while (delivery := self._take_delivery()) is not None:
            try:
                self._deliver(delivery)
            except Exception:
                _logger.exception("the document is sent again in a minute", extra={"analysis": delivery.key})
                self._submit_later(delivery.key)
            with self._changed:
                self._delivering -= 1
                self._changed.notify_all()

    def _take_delivery(self) -> _Delivery | None:
        """Return the next delivery when it is due; None at the end."""
        with self._changed:
            while not self._kill.is_set():
                pause = self._deliveries[0].due - time.monotonic() if self._deliveries else None
                if pause is not None and pause <= 0:
                    self._delivering += 1
                    return heapq.heappop(self._deliveries)
                self._changed.wait(pause)
        return None

    def _deliver(self, delivery: _Delivery) -> None:
        document = self._spool.load_document(delivery.key)
        if document is None:
            _logger.error("the document is lost", extra={"analysis": delivery.key})
            return
        attempt = try_to_deliver(delivery.url, document, self._send)
        if attempt.outcome == "failed" and time.time() < delivery.give_up_at:
            self._postpone(delivery, attempt.retry_after)
            text = f"callback failed ({attempt.reason}); it is tried again"
        else:
            self._spool.finish(delivery.key)
            text = f"callback {attempt.outcome} {attempt.reason}".strip()
        _logger.info("%s: %s", document["status"], text, extra={"analysis": delivery.key})

    def _postpone(self, delivery: _Delivery, retry_after: float) -> None:
        pause = min(self._first_pause * _PAUSE_GROWTH**delivery.failures, _MAX_PAUSE) * random.uniform(0.5, 1)  # noqa: S311
        delivery.failures = min(delivery.failures + 1, 100)
        delivery.due = time.monotonic() + max(pause, min(retry_after, _MAX_RETRY_AFTER))
        with self._changed:
            heapq.heappush(self._deliveries, delivery)
            self._changed.notify_all()
