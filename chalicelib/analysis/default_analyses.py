"""Default analyses: which there are, and starting them when their event comes.

An event (a classification, a save to a group) is a job on a queue, sent before the write that it
tells of. Each start carries a key made of the event, so that a job that comes twice starts once;
and it counts against the day's limit in the very transaction that adds the analysis.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from chalicelib import people, services
from chalicelib.access import Grouped, Requester, is_visible, remaining_group_ids, resolve_group_ids
from chalicelib.analysis import start as starting
from chalicelib.errors import BusyError, ForbiddenError, HeliographError, RetryLater, UnavailableError
from chalicelib.people import record_groups
from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.base import parse_body, sent_fields
from chalicelib.schemas.default_analyses import DefaultAnalysisChange, NewDefaultAnalysis, SourceFilter
from chalicelib.tables import analyses, remarks, sources
from chalicelib.tables import default_analyses as default_analyses_table
from chalicelib.tables.base import ConditionFailed, now

__all__ = [
    "create_default_analysis",
    "default_analyses_to_json",
    "delete_default_analysis",
    "get_visible_default_analysis",
    "list_default_analyses",
    "start_default_analyses",
    "update_default_analysis",
]

log = logging.getLogger(__name__)

DEFAULTS: dict[str, Any] = {
    "default_analysis_parameters": {},
    "daily_limit": 10,
    "show_parameters": True,
    "show_plots": True,
    "show_corner": True,
}

SOON = 10.0
"""Seconds until a job is tried again."""

KEPT_SECONDS = 3 * 86400
"""How long a day's count is kept."""


def get_visible_default_analysis(
    requester: Requester, service_id: int, number: int
) -> default_analyses_table.DefaultAnalysisItem:
    """Return a default analysis that the requester may see.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs (the same answer).
    """
    services.get_visible_service(requester, service_id)
    item = default_analyses_table.find_default_analysis(service_id, number)
    if item is None or not is_visible(requester, item):
        raise ForbiddenError(
            f"There is no default analysis {number} of service {service_id} that you may see."
        )
    return item


def list_default_analyses(
    requester: Requester, service_id: int
) -> list[default_analyses_table.DefaultAnalysisItem]:
    """Return the default analyses of a service that the requester may see."""
    services.get_visible_service(requester, service_id)
    return [
        item for item in default_analyses_table.find_of_service(service_id) if is_visible(requester, item)
    ]


def create_default_analysis(requester: Requester, service_id: int, request: NewDefaultAnalysis) -> int:
    """Add a default analysis; return its id.

    Its analyses see what the requester sees as a member of groups, whatever their token allows.

    Raises
    ------
    ForbiddenError
        If the service or one of the groups is not the requester's.
    InvalidError
        If the parameters do not fit the service.
    """
    fields = {**DEFAULTS, **_fields(request)}
    _check(requester, service_id, fields)
    group_ids = resolve_group_ids(requester, request.group_ids, requester.groups)
    values = {"author_id": requester.user_id, "group_ids": group_ids, "fields": fields}
    return default_analyses_table.insert_default_analysis(service_id, request.source_filter.events, values)


def update_default_analysis(
    requester: Requester, service_id: int, number: int, request: DefaultAnalysisChange
) -> None:
    """Change a default analysis of one's own, validated as a new one is."""
    item = _own(requester, service_id, number)
    fields = {**item.fields, **_fields(request)}
    _check(requester, service_id, fields)
    values: dict[str, Any] = {"fields": fields}
    if request.group_ids:
        values["group_ids"] = resolve_group_ids(requester, request.group_ids, ())
    try:
        default_analyses_table.update_default_item(
            item, parse_body(SourceFilter, fields["source_filter"]).events, values
        )
    except ConditionFailed:
        raise BusyError("It was changed by somebody else. Read it again, then change it.") from None


def delete_default_analysis(requester: Requester, service_id: int, number: int) -> None:
    """Delete a default analysis; what it has started stays."""
    default_analyses_table.delete_default_item(_own(requester, service_id, number))


def default_analyses_to_json(
    requester: Requester, items: list[default_analyses_table.DefaultAnalysisItem]
) -> list[dict[str, Any]]:
    """Return default analyses as the API shows them."""
    held = analyses.read_counts([_today(item).key for item in items])
    groups = record_groups.list_record_groups(requester, items)
    return [
        {**_shown(item, held.get(_today(item).key, 0)), "groups": its}
        for item, its in zip(items, groups, strict=True)
    ]


def _shown(item: default_analyses_table.DefaultAnalysisItem, count: int) -> dict[str, Any]:
    fields = dict(item.fields)
    limit = fields.pop("daily_limit")
    return {
        "id": int(item.id),
        "analysis_service_id": int(item.service_id),
        "author_id": int(item.author_id),
        **fields,
        "stats": {"daily_limit": limit, "daily_count": count},
        "created_at": item.created_at,
        "modified": item.modified,
    }


def start_default_analyses(job: dict[str, Any], pause: Callable[[float], None]) -> None:
    """Start what a classification, or a save to groups, starts; to be repeated without harm.

    Parameters
    ----------
    job : dict
        The ``source_id``; its ``classification_id``, or the ``group_ids`` that it was saved to; which
        ``occasion`` it was; and the ``public_url`` by which services can call back.
    pause : callable
        Says after how many seconds the queue shall bring the job again.

    Raises
    ------
    RetryLater
        If others are changing the same records, or something outside does not answer.
    """
    try:
        _start_all(job)
    except (BusyError, UnavailableError) as reason:
        pause(SOON)
        raise RetryLater(str(reason)) from None


def _start_all(job: dict[str, Any]) -> None:
    if number := job.get("classification_id"):
        _classified(job, number)
        return
    source = sources.find_source(job["source_id"])
    saved_to = set(job["group_ids"]) & source.group_ids if source else set()
    for group_id in sorted(saved_to):
        for item in default_analyses_table.find_triggered_by(f"group#{group_id}"):
            _start(item, job)


def _classified(job: dict[str, Any], number: int) -> None:
    there = remarks.find_remark(job["source_id"], remarks.remark_part("classification", number))
    if there is None:
        return
    name, probability = there.fields["classification"], there.fields.get("probability")
    for item in default_analyses_table.find_triggered_by(f"classification#{name}"):
        wanted = item.fields["source_filter"]["classifications"]
        least = min(float(entry["probability"]) for entry in wanted if entry["name"] == name)
        if (1.0 if probability is None else probability) >= least:
            _start(item, job, there)


def _start(
    item: default_analyses_table.DefaultAnalysisItem, job: dict[str, Any], cause: Grouped | None = None
) -> None:
    author, source_id = people.load_requester(int(item.author_id)), job["source_id"]
    if author is None or (cause is not None and not is_visible(author, cause)):
        return
    wanted = NewAnalysis(
        analysis_parameters=item.fields["default_analysis_parameters"],
        show_parameters=item.fields["show_parameters"],
        show_plots=item.fields["show_plots"],
        show_corner=item.fields["show_corner"],
        group_ids=remaining_group_ids(author, item),
    )
    try:
        starting.start_analysis(
            author,
            source_id,
            int(item.service_id),
            wanted,
            public_url=job["public_url"],
            idempotency_key=f"default {int(item.id)} {job['occasion']}",
            counts=[_today(item)],
        )
    except (BusyError, UnavailableError):
        raise
    except (HeliographError, analyses.CountLimitReached) as reason:
        log.info("default analysis %d does not start on %s: %s", item.id, source_id, reason)


def _today(item: default_analyses_table.DefaultAnalysisItem) -> analyses.LimitedCount:
    key = f"daily#{int(item.id)}#{now().date().isoformat()}"
    return analyses.LimitedCount(key, int(item.fields["daily_limit"]), int(time.time()) + KEPT_SECONDS)


def _fields(request: DefaultAnalysisChange) -> dict[str, Any]:
    return {name: value for name, value in sent_fields(request, "group_ids").items() if value is not None}


def _check(requester: Requester, service_id: int, fields: dict[str, Any]) -> None:
    """Refuse what could never start: it will run without the permissions of this request's token."""
    author = people.load_requester(requester.user_id) or requester
    service = starting.require_runnable_service(author, service_id)
    group_id = fields["source_filter"].get("group_id")
    if group_id:
        resolve_group_ids(requester, [group_id], ())
    starting.split_parameters(service, NewAnalysis(analysis_parameters=fields["default_analysis_parameters"]))


def _own(requester: Requester, service_id: int, number: int) -> default_analyses_table.DefaultAnalysisItem:
    item = get_visible_default_analysis(requester, service_id, number)
    if int(item.author_id) != requester.user_id and not requester.is_admin:
        raise ForbiddenError("Only its author, or an administrator, may change or delete a default analysis.")
    return item
