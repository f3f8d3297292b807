"""Starting an analysis: from a request to a queued record with everything that the service is sent.

Durable before visible: first the inputs are in S3, then the record exists, then the message is in the
queue. If the last step fails, the sweep finds the record and sends the message.
"""

import json
import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from chalicelib import blobs, services, settings
from chalicelib.access import Requester
from chalicelib.analysis.analysis_records import build_analysis_item, insert_counted_analysis
from chalicelib.analysis.callback_tokens import derive_callback_token, hash_callback_token
from chalicelib.analysis.dispatch_queue import DispatchMessage, queue_analysis
from chalicelib.analysis.group_choice import choose_group_ids, describe_wider_groups
from chalicelib.analysis.idempotency import find_earlier_id, get_earlier_id, scope_key
from chalicelib.analysis.sealed_parameters import SealedParameters, seal_parameters
from chalicelib.analysis.service_inputs import collect_inputs
from chalicelib.analysis.service_parameters import ResolvedParameters, keep_declared, resolve_parameters
from chalicelib.blob_keys import analysis_prefix, inputs_key
from chalicelib.errors import ForbiddenError, HeliographError, InvalidError, TooLargeError, UnreadableError
from chalicelib.people.render_limits import count_render
from chalicelib.renderer import render_blob
from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.base import parse_boolean, sent_fields
from chalicelib.sources.source_records import get_visible_source
from chalicelib.tables.analyses import CountLimit, CountLimitReached, IdempotencyKey, IdempotencyKeyUsed
from chalicelib.tables.analysis_items import AnalysisItem, choose_watch
from chalicelib.tables.base import next_id, timestamp
from chalicelib.tables.services import ServiceItem

EXTINCTION = "correct_extinction"
"""The reserved name of the parameter that dereddens the photometry."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StartedAnalysis:
    """An analysis that is durably queued; `warnings` are sentences for its author."""

    id: int
    warnings: list[str]


def start_analysis(
    requester: Requester,
    source_id: str,
    service_id: int,
    request: NewAnalysis,
    *,
    public_url: str,
    idempotency_key: str | None = None,
    key_seconds: int = settings.IDEMPOTENCY_SECONDS,
    sealed: SealedParameters | None = None,
    counts: Iterable[CountLimit] = (),
    group_ids: Iterable[int] | None = None,
    batch_id: int | None = None,
) -> StartedAnalysis:
    """Start an analysis of a source; return once it is durably queued.

    Parameters
    ----------
    requester : Requester
        The author; the service is sent what they may see.
    source_id, service_id
        The source, and the service that analyses it.
    request : NewAnalysis
        The request.
    public_url : str
        The address of this API, for the callback.
    idempotency_key : str, optional
        A second request with the same key gets the id of the first; another request with it is refused.
    key_seconds : int
        How long the key is remembered.
    sealed : dict, optional
        Secret parameters of the author that were sealed before.
    counts : iterable of CountLimit
        Counts that the analysis increases, besides the cap of its author.
    group_ids : iterable of int, optional
        The groups if the request names none, as far as they may see all that is sent; by default all
        of the author's.
    batch_id : int, optional
        The batch that its service is told of.

    Raises
    ------
    ForbiddenError
        If the service does not exist, is not visible, is disabled, or takes uploads only.
    InvalidError
        If the parameters do not fit, or the requester has reached the cap for the source.
    CountLimitReached
        If one of `counts` has reached its limit.
    """
    service = require_runnable_service(requester, service_id)
    source = get_visible_source(requester, source_id)
    subject = [source_id, service_id, sent_fields(request)]
    key = scope_key(requester, idempotency_key, "analysis", subject, key_seconds)
    if earlier_id := find_earlier_id(key):
        return StartedAnalysis(earlier_id, [])
    parameters = resolve_request_parameters(service, request, sealed or {})
    filters = sent_fields(request.input_filters) if request.input_filters else None
    data = collect_inputs(requester, source, service.fields.input_data_types, filters)
    chosen_ids = choose_group_ids(requester, request.group_ids, data.audience, group_ids)
    inputs = _dump_inputs(source_id, source.fields, data.texts, parameters.sent)
    sealed_parameters = _seal(requester, service, parameters, sealed or {})
    deredden = EXTINCTION in parameters.kept and "photometry" in data.texts

    analysis_id = next_id("analysis")
    created_at = timestamp()
    _store_inputs(requester, analysis_id, inputs, deredden=deredden)
    item = build_analysis_item(
        analysis_id,
        requester,
        source_id,
        service,
        request,
        group_ids=chosen_ids,
        status="queued",
        analysis_parameters=parameters.kept,
        sealed_parameters=sealed_parameters,
        input_filters=filters,
        created_at=created_at,
        callback_hash=hash_callback_token(derive_callback_token(analysis_id, created_at)),
        public_url=public_url,
        watch=choose_watch("queued", analysis_id),
        check_at=time.time() + settings.UNSENT_AFTER,
        batch_id=batch_id,
    )
    started_id = _insert_and_queue(item, key, counts)
    return StartedAnalysis(started_id, describe_wider_groups(requester, chosen_ids, data.audience))


def require_runnable_service(requester: Requester, service_id: int) -> ServiceItem:
    """Return a service that can be sent analyses of the requester.

    Raises
    ------
    ForbiddenError
        If it is not visible, takes uploads only, or is disabled.
    """
    service = services.get_visible_service(requester, service_id)
    if service.fields.upload_only:
        raise ForbiddenError(
            f"Analysis service {service_id} takes uploads only: POST /api/obj/<source>/analysis_upload/{service_id}."
        )
    services.require_enabled(service)
    return service


def resolve_request_parameters(
    service: ServiceItem, request: NewAnalysis, sealed: Collection[str] = ()
) -> ResolvedParameters:
    """Return the parameters of a request, besides the secrets that were sealed before.

    `EXTINCTION` is kept but not sent: it changes the data, and the service does not know it.

    Raises
    ------
    InvalidError
        If a parameter is unknown, missing or malformed; the message names it.
    """
    values = dict(request.parameters)
    deredden = parse_boolean(values.pop(EXTINCTION, False), f"analysis_parameters.{EXTINCTION}")
    parameters = resolve_parameters(service.fields.optional_analysis_parameters, values, sealed)
    if deredden:
        parameters.kept[EXTINCTION] = True
    return parameters


def _dump_inputs(source_id: str, source: dict[str, Any], data: dict[str, str], parameters: dict[str, Any]) -> bytes:
    inputs = json.dumps(
        {
            "inputs": {**data, "analysis_parameters": parameters},
            "analysis_parameters": parameters,
            "analysis_resource_type": "obj",
            "resource_id": source_id,
            "resource": {"ra": source.get("ra"), "dec": source.get("dec")},
        }
    ).encode()
    if len(inputs) > settings.SERVICE_REQUEST_BYTES:
        raise TooLargeError(
            f"The data of this source have {len(inputs) // 1024} kB; at most "
            f"{settings.SERVICE_REQUEST_BYTES // 1024} kB can be sent. "
            "Select fewer with input_filters, or send a smaller file."
        )
    return inputs


def _seal(
    requester: Requester, service: ServiceItem, parameters: ResolvedParameters, sealed: SealedParameters
) -> SealedParameters | None:
    """Return the secrets that are kept: those that were sealed before, and those of the request."""
    kept = keep_declared(service.fields.optional_analysis_parameters, sealed)
    return {**kept, **seal_parameters(service.id, requester.user_id, parameters.secret)} or None


def _store_inputs(requester: Requester, analysis_id: int, inputs: bytes, *, deredden: bool) -> None:
    """Store what will be sent, with the photometry corrected for Galactic extinction if asked for."""
    if deredden:
        count_render(requester)
    key = inputs_key(analysis_id)
    blobs.write_blob(key, inputs)
    if not deredden:
        return
    try:
        render_blob("deredden", key, key, "application/json")
    except HeliographError as error:
        blobs.delete_blobs(analysis_prefix(analysis_id))
        if isinstance(error, UnreadableError):
            raise InvalidError(f"analysis_parameters.{EXTINCTION}: {error}") from None
        raise


def _insert_and_queue(item: AnalysisItem, key: IdempotencyKey | None, counts: Iterable[CountLimit]) -> int:
    """Add a record and send its message; return its id, or that of an earlier request with the key."""
    try:
        insert_counted_analysis(item, key, counts=counts)
    except IdempotencyKeyUsed as used:
        blobs.delete_blobs(analysis_prefix(item.id))
        return get_earlier_id(key, used)
    except (HeliographError, CountLimitReached):
        blobs.delete_blobs(analysis_prefix(item.id))
        raise
    try:
        queue_analysis(DispatchMessage(item.id), item.analysis_service_id)
    except Exception:
        # The record exists: the sweep will send the message.
        log.exception("analysis %d could not be queued; the sweep will queue it", item.id)
    return item.id
