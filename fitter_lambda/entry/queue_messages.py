"""One message of the fit queue: fit, save the document, call back, delete.

The document is saved before the callback goes out, so that a redelivered message only calls back. Messages
that failed too often come through the dead-letter queue: then a failure is called back.
"""

import json
import logging
from typing import Any

from fitter_lambda.entry.callback_delivery import RETRY_PAUSES, ProgressReporter, deliver_document
from fitter_lambda.entry.fit_storage import StoredFit
from fitter_lambda.entry.fitting import build_failure_document, fit_payload
from fitter_lambda.input.payload import get_callback_url

_logger = logging.getLogger(__name__)

_GAVE_UP = (
    "The fitter gave up after several tries: the fit needed more time or memory than there is. "
    "Try fewer points, a fixed redshift, or fewer draws."
)


def handle_record(record: dict[str, Any], pauses: tuple[float, ...] = RETRY_PAUSES) -> None:
    """Handle one SQS record.

    Parameters
    ----------
    record : dict
        Its body is ``{"key": "fits/<uuid>/payload.json"}``.
    pauses : tuple of float
        See `deliver_document`.

    Raises
    ------
    CallbackError
        The callback could not be delivered yet; the queue will deliver the message again.
    """
    fit = _find_fit(record)
    payload = fit.load_payload() if fit else None
    if fit is None or payload is None:
        _logger.warning("a message without a payload was dropped")
        return
    url = get_callback_url(payload)
    if url is None:
        _logger.warning("fit %s has no callback_url and was dropped", fit.name)
        fit.delete()
        return
    document = fit.load_document()
    if document is None and _is_dead_letter(record):
        document = build_failure_document(_GAVE_UP)
    elif document is None:
        document = fit_payload(payload, ProgressReporter(url))
        fit.save_document(document)
    outcome = "delivered" if deliver_document(url, document, pauses) else "refused"
    _logger.info("fit %s: %s, callback %s", fit.name, document.get("status"), outcome)
    fit.delete()


def _find_fit(record: dict[str, Any]) -> StoredFit | None:
    try:
        body = json.loads(record["body"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return StoredFit.from_key(body.get("key") if isinstance(body, dict) else None)


def _is_dead_letter(record: dict[str, Any]) -> bool:
    return str(record.get("eventSourceARN", "")).endswith("-dead")
