"""One analysis in a process of its own: watched, reported, ended when it is late or not wanted."""

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Literal

from heliograph.errors import CancelledError
from heliograph.service.analysis_process import run_analysis
from heliograph.service.payload_contents import Payload
from heliograph.service.portal_requests import Send
from heliograph.service.progress_reports import ProgressReporter
from heliograph.service.service_result import build_failure_document
from heliograph.service.spool import Spool
from heliograph.service.worker_preload import PRELOAD_VARIABLE

Outcome = Literal["ended", "cancelled", "stopped"]

_POLL_SECONDS = 0.2
_ASK_SECONDS = 20.0
_MARGIN = (1.0, 20.0)
"""Seconds before the deadline at which a late analysis ends, so that its failure arrives in time."""

_logger = logging.getLogger(__name__)


def prepare_workers(reference: str) -> None:
    """Have worker processes forked from one that has loaded the service."""
    os.environ[PRELOAD_VARIABLE] = reference
    multiprocessing.get_context("forkserver").set_forkserver_preload(["heliograph.service.worker_preload"])


def run_supervised(
    reference: str, spool: Spool, key: str, payload: Payload, send: Send, stop: threading.Event
) -> Outcome:
    """Run the analysis of a stored payload in a process, until its document is stored.

    Parameters
    ----------
    reference : str
        The service; see `load_service`.
    spool : Spool
    key : str
        Of the analysis.
    payload : Payload
    send : callable
        Sends reports of progress.
    stop : Event
        Ends the process at once; the analysis stays in the spool.

    Returns
    -------
    {'ended', 'cancelled', 'stopped'}
        Only an analysis that ended has a document.
    """
    reporter = ProgressReporter(payload.callback_url, send)
    try:
        # it may have been cancelled while it waited
        reporter.ask()
    except CancelledError:
        return "cancelled"
    context = multiprocessing.get_context("forkserver")
    reports, sender = context.Pipe(duplex=False)
    files = (spool.get_payload_file(key), spool.get_document_file(key))
    worker = context.Process(target=run_analysis, args=(reference, *files, sender))
    worker.start()
    sender.close()
    try:
        failure = _watch(worker, reports, reporter, payload.deadline, stop)
    except CancelledError:
        return "cancelled"
    finally:
        _kill(worker)
        reports.close()
    if failure is None and stop.is_set() and not files[1].exists():
        return "stopped"
    if not files[1].exists():
        spool.save_document(key, build_failure_document(failure or _describe_exit(worker.exitcode)))
    return "ended"


def _watch(
    worker: BaseProcess, reports: Connection, reporter: ProgressReporter, deadline: float | None, stop: threading.Event
) -> str | None:
    """Pass on reports until the worker ends or has to; return why it has failed, if it is late."""
    latest_end = _get_latest_end(deadline)
    next_question = time.monotonic() + _ASK_SECONDS
    while not stop.is_set():
        if time.time() > latest_end:
            return "The analysis took longer than the portal waits for it; ask for less, or for a longer timeout."
        ready = wait([reports, worker.sentinel], _POLL_SECONDS)
        if reports in ready and (report := _receive(reports)):
            reporter(*report)
            next_question = time.monotonic() + _ASK_SECONDS
        elif worker.sentinel in ready:
            return None
        if time.monotonic() > next_question:
            reporter.ask()
            next_question = time.monotonic() + _ASK_SECONDS
    return None


def _get_latest_end(deadline: float | None) -> float:
    if deadline is None:
        return float("inf")
    least, most = _MARGIN
    return deadline - min(max(0.1 * (deadline - time.time()), least), most)


def _receive(reports: Connection) -> tuple[float, str] | None:
    """Return the latest report; None if the worker has closed its end."""
    report = None
    with contextlib.suppress(EOFError, OSError):
        report = reports.recv()
        while reports.poll():
            report = reports.recv()
    return report


def _kill(worker: BaseProcess) -> None:
    """End a worker with all that it has started."""
    if worker.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)
    if worker.is_alive():
        # it has no group of its own yet
        worker.kill()
    worker.join(10)


def _describe_exit(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        number = -exit_code
        name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        reason = "; perhaps it needed more memory than there is" if name == "SIGKILL" else ""
        return f"The process of the analysis was ended by {name}{reason}. Try fewer points or a smaller model."
    return f"The process of the analysis ended without a result (exit code {exit_code})."
