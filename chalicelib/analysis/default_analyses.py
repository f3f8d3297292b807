"""Default analyses: managing them, and starting them when their event occurs.

An event (a classification, a save to a group) is a job on the queue, sent before the write that it
announces. Each start has an idempotency key made of what was written, so that an event starts an analysis once:
however often its job is delivered, and however many jobs announce it (several people at once, a repeated request).
The daily limit is counted in the transaction that adds the analysis.
"""

import json
import logging
import time
from typing import Any

from msgspec import convert, to_builtins
from msgspec.structs import replace

from chalicelib import people, services, settings
from chalicelib.access import Grouped, Requester, is_visible, remaining_group_ids, require_owner, resolve_group_ids
from chalicelib.analysis.sealed_parameters import seal_parameters
from chalicelib.analysis.start import require_runnable_service, resolve_request_parameters, start_analysis
from chalicelib.deadlines import REQUEST_SECONDS
from chalicelib.errors import BusyError, HeliographError, HiddenError, RetryLater, UnavailableError
from chalicelib.jobs import StartDefaultAnalyses
from chalicelib.people.groups import records_to_json
from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.base import sent_fields
from chalicelib.schemas.default_analyses import DefaultAnalysisChange, NewDefaultAnalysis
from chalicelib.tables import default_analyses as defaults_table, remarks, sources
from chalicelib.tables.analyses import CountLimit, CountLimitReached, read_counts
from chalicelib.tables.base import StateChanged, now
from chalicelib.tables.default_analyses import DefaultAnalysisFields, DefaultAnalysisItem
from chalicelib.tables.sources import SourceItem

log = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
"""Seconds after which a job is repeated."""

COUNT_SECONDS = 3 * 86400
"""Seconds for which the count of a day is kept."""


def get_visible_default_analysis(requester: Requester, service_id: int, default_id: int) -> DefaultAnalysisItem:
    """Return a default analysis that the requester may see.

    Raises
    ------
    ForbiddenError
        If it does not exist or is not visible (the same message).
    """
    services.get_visible_service(requester, service_id)
    item = defaults_table.find_default_analysis(service_id, default_id)
    if item is None or not is_visible(requester, item):
        raise HiddenError(f"There is no default analysis {default_id} of service {service_id} that you may see.")
    return item


def list_default_analyses(requester: Requester, service_id: int) -> list[DefaultAnalysisItem]:
    """Return the default analyses of a service that the requester may see."""
    services.get_visible_service(requester, service_id)
    return [item for item in defaults_table.find_of_service(service_id) if is_visible(requester, item)]


def create_default_analysis(requester: Requester, service_id: int, request: NewDefaultAnalysis) -> int:
    """Add a default analysis; return its id.

    Its analyses see what the requester sees as a member of groups, whatever their token allows.

    Raises
    ------
    ForbiddenError
        If the service or one of the groups is not visible to the requester.
    InvalidError
        If the parameters do not fit the service.
    """
    proposed = convert(_get_fields(request), DefaultAnalysisFields)
    fields = _seal_startable(requester, requester.user_id, service_id, proposed)
    group_ids = resolve_group_ids(requester, request.group_ids, requester.groups)
    values = {"author_id": requester.user_id, "group_ids": group_ids, "fields": fields}
    return defaults_table.insert_default_analysis(service_id, request.source_filter.events, values)


def update_default_analysis(
    requester: Requester, service_id: int, default_id: int, request: DefaultAnalysisChange
) -> None:
    """Change a default analysis of the requester, validated like a new one."""
    item = _get_own_default_analysis(requester, service_id, default_id)
    changed = convert({**to_builtins(item.fields), **_get_fields(request)}, DefaultAnalysisFields)
    fields = _seal_startable(requester, item.author_id, service_id, changed)
    values: dict[str, Any] = {"fields": fields}
    if request.group_ids:
        values["group_ids"] = resolve_group_ids(requester, request.group_ids, ())
    try:
        defaults_table.update_default_item(item, fields.source_filter.events, values)
    except StateChanged:
        raise BusyError("Another request changed the default analysis. Read it again, then change it.") from None


def delete_default_analysis(requester: Requester, service_id: int, default_id: int) -> None:
    """Delete a default analysis of the requester; the analyses that it started stay."""
    defaults_table.delete_default_item(_get_own_default_analysis(requester, service_id, default_id))


def default_analyses_to_json(requester: Requester, items: list[DefaultAnalysisItem]) -> list[dict[str, Any]]:
    """Return default analyses as the API shows them."""
    counts = read_counts([_make_daily_limit(item).key for item in items])
    return records_to_json(requester, items, lambda item: _to_json(item, counts.get(_make_daily_limit(item).key, 0)))


def _to_json(item: DefaultAnalysisItem, daily_count: int) -> dict[str, Any]:
    fields = to_builtins(item.fields)
    daily_limit = fields.pop("daily_limit")
    del fields["sealed_parameters"]
    return {
        "id": item.id,
        "analysis_service_id": item.service_id,
        "author_id": item.author_id,
        **fields,
        "stats": {"daily_limit": daily_limit, "daily_count": daily_count},
    }


def start_default_analyses(job: StartDefaultAnalyses) -> None:
    """Start the analyses of an event; repeating the job starts nothing twice.

    Parameters
    ----------
    job : StartDefaultAnalyses
        The event.

    Raises
    ------
    RetryLater
        If other requests are changing the same records, a function does not respond, or the event is not written yet.
    """
    source = sources.find_source(job.source_id)
    try:
        if source and job.classification_id:
            _start_for_classification(job, source, job.classification_id)
        elif source:
            _start_for_groups(job, source)
    except (BusyError, UnavailableError) as error:
        raise RetryLater(str(error), RETRY_SECONDS) from None
    if job.repeats == 0 and not _is_written(job, source):
        # the request that announced the event may still be writing it
        raise RetryLater("the event is not written", REQUEST_SECONDS)


def _is_written(job: StartDefaultAnalyses, source: SourceItem | None) -> bool:
    if source is None:
        return False
    if job.classification_id:
        return (
            remarks.find_remark(job.source_id, remarks.remark_part("classification", job.classification_id)) is not None
        )
    return set(job.group_ids) <= source.group_ids


def _start_for_groups(job: StartDefaultAnalyses, source: SourceItem) -> None:
    for group_id in sorted(set(job.group_ids) & source.group_ids):
        occasion = ["save", source.source_id, group_id, sources.get_saved_at(source, group_id)]
        for item in defaults_table.find_triggered_by(f"group#{group_id}"):
            _start_one(item, job, occasion)


def _start_for_classification(job: StartDefaultAnalyses, source: SourceItem, classification_id: int) -> None:
    remark = remarks.find_remark(job.source_id, remarks.remark_part("classification", classification_id))
    if remark is None:
        return
    name = remark.fields["classification"]
    probability = remark.fields.get("probability")
    # A repeated request makes a second classification, but no second analysis.
    content = [remark.fields.get(name) for name in ("classification", "taxonomy_id", "probability")]
    occasion = ["classification", source.source_id, source.created_at, remark.owner_id, *content]
    for item in defaults_table.find_triggered_by(f"classification#{name}"):
        filters = item.fields.source_filter.classifications or []
        minimum = min(entry.probability for entry in filters if entry.name == name)
        if (1.0 if probability is None else probability) >= minimum:
            _start_one(item, job, occasion, remark)


def _start_one(
    item: DefaultAnalysisItem, job: StartDefaultAnalyses, occasion: list[Any], cause: Grouped | None = None
) -> None:
    author = people.load_requester(item.author_id)
    if author is None or (cause is not None and not is_visible(author, cause)):
        return
    request = NewAnalysis(
        analysis_parameters=item.fields.default_analysis_parameters,
        show_parameters=item.fields.show_parameters,
        show_plots=item.fields.show_plots,
        show_corner=item.fields.show_corner,
    )
    try:
        start_analysis(
            author,
            job.source_id,
            item.service_id,
            request,
            public_url=job.public_url,
            idempotency_key=f"default {item.id} {json.dumps(occasion)}",
            key_seconds=settings.CAUSE_SECONDS,
            sealed=item.fields.sealed_parameters,
            counts=[_make_daily_limit(item)],
            group_ids=remaining_group_ids(author, item),
        )
    except (BusyError, UnavailableError):
        raise
    except (HeliographError, CountLimitReached) as error:
        log.info("default analysis %d does not start on %s: %s", item.id, job.source_id, error)


def _make_daily_limit(item: DefaultAnalysisItem) -> CountLimit:
    """Return today's (UTC) counter of a default analysis, with the limit that `insert_analysis` enforces."""
    key = f"daily#{item.id}#{now().date().isoformat()}"
    return CountLimit(key, item.fields.daily_limit, int(time.time()) + COUNT_SECONDS)


def _get_fields(request: DefaultAnalysisChange) -> dict[str, Any]:
    return {name: value for name, value in sent_fields(request, "group_ids").items() if value is not None}


def _seal_startable(
    requester: Requester, author_id: int, service_id: int, fields: DefaultAnalysisFields
) -> DefaultAnalysisFields:
    """Seal the secrets of a default analysis; refuse one that could never start without this token's permissions."""
    author = people.load_requester(requester.user_id) or requester
    service = require_runnable_service(author, service_id)
    if group_id := fields.source_filter.group_id:
        resolve_group_ids(requester, [group_id], ())
    request = NewAnalysis(analysis_parameters=fields.default_analysis_parameters)
    secrets = resolve_request_parameters(service, request, fields.sealed_parameters).secret
    parameters = {name: value for name, value in request.parameters.items() if name not in secrets}
    sealed = {**fields.sealed_parameters, **seal_parameters(service_id, author_id, secrets)}
    return replace(fields, default_analysis_parameters=parameters, sealed_parameters=sealed)


def _get_own_default_analysis(requester: Requester, service_id: int, default_id: int) -> DefaultAnalysisItem:
    item = get_visible_default_analysis(requester, service_id, default_id)
    require_owner(
        requester, item.author_id, "Only its author, or an administrator, may change or delete a default analysis."
    )
    return item
