"""Starting an analysis: from a request to a queued record with all that it will be sent.

Durable before visible: first the inputs are in S3, then the record is there, then the message is
in the queue. If the last step fails, the sweep finds the record and sends the message.
"""

import hashlib
import json
import logging
import time
from typing import Any

from chalicelib import blobs, queues, services, settings
from chalicelib.access import Requester, groups_for
from chalicelib.analysis import inputs, parameters, records, tokens
from chalicelib.errors import ForbiddenError, HeliographError, InvalidError, TooLargeError
from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.base import given, truth
from chalicelib.sources import catalogue
from chalicelib.tables import analyses as table
from chalicelib.tables.base import next_id, timestamp
from chalicelib.tables.services import ServiceItem

__all__ = ["inputs_key", "start"]

log = logging.getLogger(__name__)


def inputs_key(analysis_id: int) -> str:
    """Return where the inputs of an analysis lie."""
    return f"analyses/{analysis_id}/inputs.json"


def start(
    requester: Requester,
    source_id: str,
    service_id: int,
    wanted: NewAnalysis,
    *,
    public_url: str,
    idempotency_key: str | None = None,
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

    Raises
    ------
    ForbiddenError
        If the service is not there, not the requester's, disabled, or takes uploads only.
    InvalidError
        If the parameters do not fit, or the requester has too many analyses of the source.
    """
    service = _runnable(requester, service_id)
    source = catalogue.seen(requester, source_id)
    remembered = _remembered(requester, idempotency_key)
    if remembered and (earlier := table.repeated(remembered)):
        return earlier
    fields = service.fields
    chosen = _without_extinction(wanted.chosen)
    sent, kept = parameters.choose(fields["optional_analysis_parameters"], chosen)
    group_ids = groups_for(requester, wanted.group_ids, requester.groups)
    filters = given(wanted.input_filters) if wanted.input_filters else None
    data = inputs.assemble(requester, source, fields["input_data_types"], filters)

    analysis_id, created_at = next_id("analysis"), timestamp()
    token = tokens.callback_token(analysis_id, created_at)
    blobs.put(inputs_key(analysis_id), _document(source_id, source.fields, data, sent), "application/json")
    record = records.new(
        analysis_id,
        requester,
        source_id,
        service,
        wanted,
        group_ids=group_ids,
        status="queued",
        analysis_parameters=kept,
        input_filters=filters,
        created_at=created_at,
        callback_hash=tokens.token_hash(token),
        public_url=settings.public_url() or public_url,
        watch=table.WATCHED,
        check_at=time.time() + settings.UNSENT_AFTER,
    )
    return _queued(record, remembered)


def _remembered(requester: Requester, key: str | None) -> str | None:
    """Return an idempotency key as it is stored: its user's own, and of a length that fits."""
    return f"{requester.user_id}#{hashlib.sha256(key.encode()).hexdigest()}" if key else None


def _runnable(requester: Requester, service_id: int) -> ServiceItem:
    service = services.seen(requester, service_id)
    if service.fields["upload_only"]:
        raise ForbiddenError(
            f"Analysis service {service_id} takes uploads only: "
            f"POST /api/obj/<source>/analysis_upload/{service_id}."
        )
    if not service.enabled:
        raise ForbiddenError(f"Analysis service {service_id} is disabled by those who manage it.")
    return service


def _without_extinction(chosen: dict[str, Any]) -> dict[str, Any]:
    rest = dict(chosen)
    if truth(rest.pop("correct_extinction", False), "analysis_parameters.correct_extinction"):
        raise InvalidError(
            "analysis_parameters.correct_extinction: this deployment has no dust map, so photometry "
            "cannot be dereddened here. Leave it out, and tell the service the extinction if it can take it."
        )
    return rest


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


def _queued(record: table.AnalysisItem, remembered: str | None) -> int:
    """Add a record and put its message into the queue; return its id, or that of its twin."""
    analysis_id = int(record.id)
    try:
        records.add(record, remembered)
    except HeliographError:
        blobs.delete_under(f"analyses/{analysis_id}/")
        raise
    except table.RepeatedKey:
        blobs.delete_under(f"analyses/{analysis_id}/")
        return table.repeated(remembered or "") or analysis_id
    try:
        queues.send(queues.DISPATCH, {"analysis_id": analysis_id})
    except Exception:
        # The record is there: the sweep will send the message in its place.
        log.exception("analysis %d could not be queued and is left to the sweep", analysis_id)
    return analysis_id
