"""Starting an analysis: from a request to a queued record with all that it will be sent.

Durable before visible: first the inputs are in S3, then the record is there, then the message is
in the queue. If the last step fails, the sweep finds the record and sends the message.
"""

import hashlib
import json
import logging
import time
from collections.abc import Iterable
from typing import Any

from chalicelib import blobs, queues, services, settings
from chalicelib.access import Requester, resolve_group_ids
from chalicelib.analysis import analysis_records, callback_tokens, service_inputs, service_parameters
from chalicelib.errors import ForbiddenError, HeliographError, InvalidError, TooLargeError, UnreadableError
from chalicelib.renderer import render_blob
from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.base import parse_boolean, sent_fields
from chalicelib.sources import source_records
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables.base import next_id, timestamp
from chalicelib.tables.services import ServiceItem

__all__ = [
    "EXTINCTION",
    "inputs_key",
    "require_runnable_service",
    "scoped_idempotency_key",
    "split_parameters",
    "start_analysis",
]

EXTINCTION = "correct_extinction"
"""The reserved name of the parameter that dereddens the photometry."""


log = logging.getLogger(__name__)


def inputs_key(analysis_id: int) -> str:
    """Return where the inputs of an analysis lie."""
    return f"analyses/{analysis_id}/inputs.json"


def start_analysis(
    requester: Requester,
    source_id: str,
    service_id: int,
    request: NewAnalysis,
    *,
    public_url: str,
    idempotency_key: str | None = None,
    counts: Iterable[analyses_table.LimitedCount] = (),
) -> int:
    """Start an analysis of a source; return its id once it is durably queued.

    Parameters
    ----------
    requester : Requester
        Who asks; the service is sent what they may see.
    source_id, service_id
        What is to be analysed, and by whom.
    wanted : NewAnalysis
        The request.
    public_url : str
        Where the service can call back.
    idempotency_key : str, optional
        A second request with the same key gets the id of the first.
    counts : iterable of Count
        What it counts against besides the cap of its author.

    Raises
    ------
    ForbiddenError
        If the service is not there, not the requester's, disabled, or takes uploads only.
    InvalidError
        If the parameters do not fit, or the requester has too many analyses of the source.
    """
    service = require_runnable_service(requester, service_id)
    source = source_records.get_visible_source(requester, source_id)
    key = scoped_idempotency_key(requester, idempotency_key)
    if key and (earlier := analyses_table.find_earlier_id(key)):
        return earlier
    sent, kept = split_parameters(service, request)
    group_ids = resolve_group_ids(requester, request.group_ids, requester.groups)
    filters = sent_fields(request.input_filters) if request.input_filters else None
    data = service_inputs.collect_inputs(requester, source, service.fields["input_data_types"], filters)
    document = _document(source_id, source.fields, data, sent)

    analysis_id, created_at = next_id("analysis"), timestamp()
    _keep_inputs(analysis_id, document, dereddened=EXTINCTION in kept and "photometry" in data)
    record = analysis_records.build_analysis_item(
        analysis_id,
        requester,
        source_id,
        service,
        request,
        group_ids=group_ids,
        status="queued",
        analysis_parameters=kept,
        input_filters=filters,
        created_at=created_at,
        callback_hash=callback_tokens.hash_callback_token(
            callback_tokens.derive_callback_token(analysis_id, created_at)
        ),
        public_url=settings.get_public_url() or public_url,
        watch=analyses_table.WATCHED,
        check_at=time.time() + settings.UNSENT_AFTER,
    )
    return _queued(record, key, counts)


def scoped_idempotency_key(requester: Requester, key: str | None, kind: str = "analysis") -> str | None:
    """Return an idempotency key as it is stored: its user's own, of its kind, of a length that fits."""
    if not key:
        return None
    digest = hashlib.sha256(f"{kind}/{key}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{requester.user_id}#{digest}"


def require_runnable_service(requester: Requester, service_id: int) -> ServiceItem:
    """Return a service that the requester may have analyses of.

    Raises
    ------
    ForbiddenError
        If it is not theirs, takes uploads only, or is disabled.
    """
    service = services.get_visible_service(requester, service_id)
    if service.fields["upload_only"]:
        raise ForbiddenError(
            f"Analysis service {service_id} takes uploads only: "
            f"POST /api/obj/<source>/analysis_upload/{service_id}."
        )
    if not service.enabled:
        raise ForbiddenError(f"Analysis service {service_id} is disabled by those who manage it.")
    return service


def split_parameters(
    service: ServiceItem, request: NewAnalysis
) -> tuple[service_parameters.Values, service_parameters.Values]:
    """Return the parameters as the service gets them, and as the record keeps them.

    `EXTINCTION` is kept but not sent: it says what is done to the data, not what the service does.

    Raises
    ------
    InvalidError
        Naming the parameter that is wrong.
    """
    rest = dict(request.chosen)
    dereddened = parse_boolean(rest.pop(EXTINCTION, False), f"analysis_parameters.{EXTINCTION}")
    sent, kept = service_parameters.resolve_parameters(service.fields["optional_analysis_parameters"], rest)
    return sent, {**kept, **({EXTINCTION: True} if dereddened else {})}


def _keep_inputs(analysis_id: int, document: bytes, *, dereddened: bool) -> None:
    """Store what will be sent, its photometry corrected for the extinction in our Galaxy if asked for."""
    key = inputs_key(analysis_id)
    blobs.write_blob(key, document, "application/json")
    if not dereddened:
        return
    try:
        render_blob("deredden", key, key, "application/json")
    except HeliographError as error:
        blobs.delete_blobs(f"analyses/{analysis_id}/")
        if isinstance(error, UnreadableError):
            raise InvalidError(f"analysis_parameters.{EXTINCTION}: {error}") from None
        raise


def _document(source_id: str, source: dict[str, Any], data: dict[str, str], sent: dict[str, Any]) -> bytes:
    document = json.dumps(
        {
            "inputs": {**data, "analysis_parameters": sent},
            "analysis_parameters": sent,
            "analysis_resource_type": "obj",
            "resource_id": source_id,
            "resource": {"ra": source.get("ra"), "dec": source.get("dec")},
        }
    ).encode()
    if len(document) > settings.REQUEST_BYTES:
        raise TooLargeError(
            f"The data of this source take {len(document) // 1024} kB, over the "
            f"{settings.REQUEST_BYTES // 1024} kB that can be sent. "
            "Choose fewer with input_filters, or a smaller file."
        )
    return document


def _queued(
    record: analyses_table.AnalysisItem, key: str | None, counts: Iterable[analyses_table.LimitedCount]
) -> int:
    """Add a record and put its message into the queue; return its id, or that of its twin."""
    analysis_id = int(record.id)
    try:
        analysis_records.insert_counted_analysis(record, key, counts=counts)
    except analyses_table.IdempotencyKeyUsed as used:
        blobs.delete_blobs(f"analyses/{analysis_id}/")
        return used.earlier_id
    except (HeliographError, analyses_table.CountLimitReached):
        blobs.delete_blobs(f"analyses/{analysis_id}/")
        raise
    try:
        queues.send_message(queues.DISPATCH, {"analysis_id": analysis_id})
    except Exception:
        # The record is there: the sweep will send the message in its place.
        log.exception("analysis %d could not be queued and is left to the sweep", analysis_id)
    return analysis_id
