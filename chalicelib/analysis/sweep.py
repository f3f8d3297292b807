"""Every minute: end, send, write back or delete whatever has waited too long, and serve the lines of services."""

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice

from chalicelib import queues, settings
from chalicelib.analysis.analysis_deletion import finish_deletion
from chalicelib.analysis.dispatch_queue import DispatchMessage, queue_analysis
from chalicelib.analysis.line_waits import describe_end_of_wait, get_give_up_time, wake_line
from chalicelib.analysis.write_back import write_back
from chalicelib.log_context import log_about
from chalicelib.tables.analyses import find_watched, iterate_line, iterate_overdue
from chalicelib.tables.analysis_items import AnalysisItem, list_watches
from chalicelib.tables.analysis_transitions import end_analysis, postpone_check
from chalicelib.tables.base import StateChanged, now
from chalicelib.tables.service_lines import (
    ServiceLineItem,
    find_service_line,
    forget_line,
    list_watched_lines,
    retire_service_line,
)
from chalicelib.tables.services import find_service

log = logging.getLogger(__name__)

RECORDS_PER_TURN = 20
"""Records of one partition that are checked before those of the next: none starves another."""

SPARE_SECONDS = 10.0
"""Seconds before its end in which an invocation begins no further check."""

BACKLOG_SECONDS = 3600.0
"""Seconds for which an analysis is left to the messages that wait in the queue, if there are any."""


def sweep_overdue(ends_at: float = math.inf) -> int:
    """Check every record that is overdue, as long as there is time; return their number.

    Parameters
    ----------
    ends_at : float
        When the invocation is cut off (Unix seconds).
    """
    _serve_lines()
    return _Sweep(ends_at).check_records()


def _serve_lines() -> None:
    """Have the lines sent that nobody serves, because an invocation died or a pause is over."""
    for service_id in list_watched_lines():
        try:
            _serve_line(service_id)
        except Exception:
            # One broken record must not block the others.
            log.exception("the line of service %d could not be served", service_id)


def _serve_line(service_id: int) -> None:
    service = find_service(service_id)
    if service is None:
        retire_service_line(service_id)
    elif next(iterate_line(service_id, 1), None) is None:
        forget_line(find_service_line(service_id))
    else:
        wake_line(service)


@dataclass
class _Sweep:
    """One pass over the records that are overdue.

    Attributes
    ----------
    ends_at : float
        When the invocation is cut off.
    lines : dict
        What is remembered of services, as it was read in this pass.
    count : int
        How many records were checked.
    """

    ends_at: float
    lines: dict[int, ServiceLineItem] = field(default_factory=dict)
    count: int = 0

    def check_records(self) -> int:
        """Check some records of each partition in turn, until all were checked or the time is over."""
        partitions = [iterate_overdue(watch) for watch in list_watches()]
        while partitions and self.has_time:
            partitions = [partition for partition in partitions if self._check_some(partition)]
        return self.count

    @property
    def has_time(self) -> bool:
        """Whether another check may begin."""
        return time.time() < self.ends_at - SPARE_SECONDS

    @cached_property
    def has_backlog(self) -> bool:
        """Whether messages wait in the queue, so that those of queued analyses may be among them."""
        return queues.count_waiting(queues.DISPATCH) > 0

    def _check_some(self, partition: Iterator[str]) -> bool:
        """Check the next records of a partition; return False if there are none."""
        keys = list(islice(partition, RECORDS_PER_TURN))
        for item in find_watched(keys):
            if not self.has_time:
                return True
            self.count += 1
            with log_about(analysis_id=item.id):
                self._try_to_continue(item)
        return bool(keys)

    def _try_to_continue(self, item: AnalysisItem) -> None:
        try:
            self._continue(item)
        except StateChanged:
            log.info("analysis %d changed meanwhile", item.id)
        except Exception:
            # One broken record must not block the others.
            log.exception("analysis %d could not be continued", item.id)

    def _continue(self, item: AnalysisItem) -> None:
        if item.status == "queued":
            self._continue_queued(item)
            return
        # First, so that a record that fails comes after the others the next time.
        postpone_check(item, time.time() + settings.CHECK_AFTER)
        match item.status:
            case "pending":
                end_analysis(item, "timed_out", "The service did not call back in time.", leaving=("pending",))
            case "completed":
                write_back(item)
            case "deleted":
                finish_deletion(item)

    def _continue_queued(self, item: AnalysisItem) -> None:
        if item.line is not None:
            self._continue_in_line(item)
            return
        postpone_check(item, time.time() + settings.UNSENT_AFTER)
        unchanged_seconds = (now() - datetime.fromisoformat(item.modified)).total_seconds()
        # Duplicates would hold up all others.
        if not self.has_backlog or unchanged_seconds > BACKLOG_SECONDS:
            queue_analysis(DispatchMessage(item.id, item.attempts), item.analysis_service_id)

    def _continue_in_line(self, item: AnalysisItem) -> None:
        service_id = item.analysis_service_id
        if service_id not in self.lines:
            self.lines[service_id] = find_service_line(service_id)
        line = self.lines[service_id]
        give_up_at = get_give_up_time(item, line)
        if give_up_at is not None and give_up_at <= time.time():
            end_analysis(item, "failure", describe_end_of_wait(item, line), leaving=("queued",))
        else:
            postpone_check(item, give_up_at or time.time() + max(settings.UNSENT_AFTER, float(item.timeout)))
