"""What every log line says of the work that it belongs to, and metrics in log lines.

Lambda writes a log record as JSON, in which attributes that were added to it are fields of their own. CloudWatch
takes a metric from a line with the field ``_aws`` (its "embedded metric format").
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from chalicelib import settings

log = logging.getLogger(__name__)

NAMESPACE = "Heliograph"
"""The namespace of the metrics in CloudWatch."""

_subject: ContextVar[dict[str, Any] | None] = ContextVar("subject", default=None)
_make_record = logging.getLogRecordFactory()


@contextmanager
def log_about(**names: Any) -> Iterator[None]:
    """Add fields, such as ``analysis_id``, to every log line that is written inside the `with` block."""
    token = _subject.set({**(_subject.get() or {}), **names})
    try:
        yield
    finally:
        _subject.reset(token)


def _make_record_with_subject(*arguments: Any, **options: Any) -> logging.LogRecord:
    record = _make_record(*arguments, **options)
    for name, value in (_subject.get() or {}).items():
        setattr(record, name, value)
    return record


logging.setLogRecordFactory(_make_record_with_subject)


def record_metric(name: str, value: float, unit: str, **dimensions: str) -> None:
    """Record a value of a metric of this stage.

    Parameters
    ----------
    name : str
        The metric.
    value : float
        Its value.
    unit : str
        A unit of CloudWatch, such as ``Seconds`` or ``Count``.
    **dimensions
        What the value belongs to, besides the stage. CloudWatch bills each combination of values.
    """
    names = {"Stage": settings.STAGE, **dimensions}
    directive = {"Namespace": NAMESPACE, "Dimensions": [list(names)], "Metrics": [{"Name": name, "Unit": unit}]}
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    log.info("%s: %g", name, value, extra={"_aws": metadata, **names, name: value})
