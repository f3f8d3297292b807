"""The process of one analysis: it loads the service, runs the payload, and writes the document."""

import json
import logging
import os
import signal
import threading
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path

from heliograph.errors import CancelledError
from heliograph.service.analysis_run import describe_error, run_payload
from heliograph.service.json_logs import configure_logs
from heliograph.service.progress_reports import check_report
from heliograph.service.service_files import load_service
from heliograph.service.service_result import build_failure_document
from heliograph.service.spool import save_document_file

_logger = logging.getLogger(__name__)


def run_analysis(reference: str, payload_file: Path, document_file: Path, reports: Connection) -> None:
    """Run the analysis of a payload, and write its document.

    Parameters
    ----------
    reference : str
        The service; see `load_service`.
    payload_file, document_file : Path
        In the spool.
    reports : Connection
        Takes the reports of progress: pairs of a fraction and a message.
    """
    _leave_terminal()
    _end_with_parent()
    configure_logs(payload_file.parent.name)
    os.environ.setdefault("MPLBACKEND", "Agg")

    def report(fraction: float, message: str = "") -> None:
        reports.send(check_report(fraction, message))

    try:
        document = run_payload(load_service(reference), json.loads(payload_file.read_bytes()), report)
    except CancelledError as error:
        document = build_failure_document(str(error))
    except Exception as error:
        _logger.exception("the service cannot be loaded")
        document = build_failure_document(describe_error(error))
    save_document_file(document_file, document)


def _leave_terminal() -> None:
    """Begin a group of its own, which ends as a whole, and leave the signals of a stop to the parent."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _end_with_parent() -> None:
    """End when the parent was killed: the next one begins the analysis anew."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
