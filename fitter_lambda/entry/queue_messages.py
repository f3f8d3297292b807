"""One message of the fit queue: fit, keep the answer, call back, forget.

The document is in S3 before the callback goes out, so that a redelivery only calls back. A message
that failed too often comes by the dead-letter queue: then the sender is told that the fitter gave up.
"""

import json
import logging
from typing import Any

from fitter_lambda.entry import callback_delivery as callback
from fitter_lambda.entry import fit_storage as inbox
from fitter_lambda.entry.fitting import failure, fit_payload
from fitter_lambda.input.payload import get_callback_url

__all__ = ["handle_record"]

_logger = logging.getLogger(__name__)

_GAVE_UP = (
    "The fitter gave up after several tries: the fit needed more time or memory than there is. "
    "Try fewer points, a fixed redshift, or fewer draws."
)


def handle_record(record: dict[str, Any], pauses: tuple[float, ...] = callback.PAUSES) -> None:
    """Handle one SQS record.

    Parameters
    ----------
    record : dict
        Its body is ``{"key": "fits/<uuid>/payload.json"}``.
    pauses : tuple of float
        See `callback.deliver`.

    Raises
    ------
    CallbackError
        The callback could not be delivered yet; the queue will bring the message again.
    """
    fit = _fit_of(record)
    payload = fit.payload() if fit else None
    if fit is None or payload is None:
        _logger.warning("a message without a payload was dropped")
        return
    url = get_callback_url(payload)
    if url is None:
        _logger.warning("fit %s has no callback_url and was dropped", fit.name)
        fit.forget()
        return
    document = fit.document()
    if document is None and _is_dead(record):
        document = failure(_GAVE_UP)
    elif document is None:
        document = fit_payload(payload, callback.ProgressReporter(url))
        fit.keep(document)
    taken = callback.deliver(url, document, pauses)
    _logger.info("fit %s: %s, callback %s", fit.name, document.get("status"), "taken" if taken else "refused")
    fit.forget()


def _fit_of(record: dict[str, Any]) -> inbox.Fit | None:
    try:
        body = json.loads(record["body"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return inbox.from_key(body.get("key") if isinstance(body, dict) else None)


def _is_dead(record: dict[str, Any]) -> bool:
    return str(record.get("eventSourceARN", "")).endswith("-dead")
