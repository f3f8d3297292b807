"""Several messages in one invocation of Lambda: one after the other, each with an outcome of its own.

The queue's trigger has to have ``FunctionResponseTypes: [ReportBatchItemFailures]``: without it, Lambda deletes the
messages that are reported to have failed.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from heliograph.errors import CallbackError
from heliograph.service.lambda_storage import show_message

LEAST_SECONDS = 100.0
"""No message but the first is begun with less time left, nor with less than twice what the slowest before it took."""

_logger = logging.getLogger(__name__)


def handle_batch(
    handle: Callable[[Mapping[str, Any]], None], records: Sequence[Mapping[str, Any]], ends_at: float
) -> dict[str, Any]:
    """Handle messages one after the other while there is time; hand back those that failed and those that are left.

    Parameters
    ----------
    handle : callable
        Handles one message; raises if it has to be delivered again.
    records : sequence of mapping
        The messages of an event.
    ends_at : float
        When the invocation is cut off (Unix seconds).

    Returns
    -------
    dict
        The messages that are to be delivered again, as Lambda reads them. They are visible in the queue at once.
    """
    returned: list[Mapping[str, Any]] = []
    slowest = 0.0
    for number, record in enumerate(records):
        began = time.time()
        if number and ends_at - began < max(LEAST_SECONDS, 2 * slowest):
            _logger.info("%d of %d messages are handed back: no time is left", len(records) - number, len(records))
            returned += records[number:]
            break
        if not _try_to_handle(handle, record):
            returned.append(record)
        slowest = max(slowest, time.time() - began)
    for record in returned:
        show_message(record)
    return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in returned]}


def _try_to_handle(handle: Callable[[Mapping[str, Any]], None], record: Mapping[str, Any]) -> bool:
    try:
        handle(record)
    except CallbackError as error:
        _logger.warning("a message is handed back: %s", error)
    except Exception:
        _logger.exception("a message is handed back")
    else:
        return True
    return False
