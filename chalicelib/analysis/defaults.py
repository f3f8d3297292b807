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
from chalicelib.access import Grouped, Requester, groups_for, groups_left, may_see
from chalicelib.analysis import start as starting
from chalicelib.errors import BusyError, ForbiddenError, HeliographError, RetryLater, UnavailableError
from chalicelib.people import sharing
from chalicelib.schemas.analyses import NewAnalysis
from chalicelib.schemas.base import given, read
from chalicelib.schemas.default_analyses import DefaultAnalysisChange, NewDefaultAnalysis, SourceFilter
from chalicelib.tables import analyses, remarks, sources
from chalicelib.tables import default_analyses as table
from chalicelib.tables.base import LostRace, now

__all__ = ["add", "change", "happened", "of_service", "remove", "seen", "shown"]

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


def seen(requester: Requester, service_id: int, number: int) -> table.DefaultAnalysisItem:
    """Return a default analysis that the requester may see.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs (the same answer).
    """
    services.seen(requester, service_id)
    item = table.get(service_id, number)
    if item is None or not may_see(requester, item):
        raise ForbiddenError(
            f"There is no default analysis {number} of service {service_id} that you may see."
        )
    return item


def of_service(requester: Requester, service_id: int) -> list[table.DefaultAnalysisItem]:
    """Return the default analyses of a service that the requester may see."""
    services.seen(requester, service_id)
    return [item for item in table.of_service(service_id) if may_see(requester, item)]


def add(requester: Requester, service_id: int, wanted: NewDefaultAnalysis) -> int:
    """Add a default analysis; return its id.

    Its analyses see what the requester sees as a member of groups, whatever their token allows.

    Raises
    ------
    ForbiddenError
        If the service or one of the groups is not the requester's.
    InvalidError
        If the parameters do not fit the service.
    """
    fields = {**DEFAULTS, **_fields(wanted)}
    _check(requester, service_id, fields)
    group_ids = groups_for(requester, wanted.group_ids, requester.groups)
    values = {"author_id": requester.user_id, "group_ids": group_ids, "fields": fields}
    return table.add(service_id, wanted.source_filter.events, values)


def change(requester: Requester, service_id: int, number: int, wanted: DefaultAnalysisChange) -> None:
    """Change a default analysis of one's own, validated as a new one is."""
    item = _own(requester, service_id, number)
    fields = {**item.fields, **_fields(wanted)}
    _check(requester, service_id, fields)
    values: dict[str, Any] = {"fields": fields}
    if wanted.group_ids:
        values["group_ids"] = groups_for(requester, wanted.group_ids, ())
    try:
        table.update(item, read(SourceFilter, fields["source_filter"]).events, values)
    except LostRace:
        raise BusyError("It was changed by somebody else. Read it again, then change it.") from None


def remove(requester: Requester, service_id: int, number: int) -> None:
    """Delete a default analysis; what it has started stays."""
    table.remove(_own(requester, service_id, number))


def shown(requester: Requester, items: list[table.DefaultAnalysisItem]) -> list[dict[str, Any]]:
    """Return default analyses as the API shows them."""
    held = analyses.held([_today(item).key for item in items])
    groups = sharing.groups_of(requester, items)
    return [
        {**_shown(item, held.get(_today(item).key, 0)), "groups": its}
        for item, its in zip(items, groups, strict=True)
    ]


def _shown(item: table.DefaultAnalysisItem, count: int) -> dict[str, Any]:
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


def happened(job: dict[str, Any], pause: Callable[[float], None]) -> None:
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
    source = sources.get(job["source_id"])
    saved_to = set(job["group_ids"]) & sources.groups_of(source) if source else set()
    for group_id in sorted(saved_to):
        for item in table.started_by(f"group#{group_id}"):
            _start(item, job)


def _classified(job: dict[str, Any], number: int) -> None:
    there = remarks.get(job["source_id"], remarks.place("classification", number))
    if there is None:
        return
    name, probability = there.fields["classification"], there.fields.get("probability")
    for item in table.started_by(f"classification#{name}"):
        wanted = item.fields["source_filter"]["classifications"]
        least = min(float(entry["probability"]) for entry in wanted if entry["name"] == name)
        if (1.0 if probability is None else probability) >= least:
            _start(item, job, there)


def _start(item: table.DefaultAnalysisItem, job: dict[str, Any], cause: Grouped | None = None) -> None:
    author, source_id = people.requester_numbered(int(item.author_id)), job["source_id"]
    if author is None or (cause is not None and not may_see(author, cause)):
        return
    wanted = NewAnalysis(
        analysis_parameters=item.fields["default_analysis_parameters"],
        show_parameters=item.fields["show_parameters"],
        show_plots=item.fields["show_plots"],
        show_corner=item.fields["show_corner"],
        group_ids=groups_left(author, item),
    )
    try:
        starting.start(
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
    except (HeliographError, analyses.Full) as reason:
        log.info("default analysis %d does not start on %s: %s", item.id, source_id, reason)


def _today(item: table.DefaultAnalysisItem) -> analyses.Count:
    key = f"daily#{int(item.id)}#{now().date().isoformat()}"
    return analyses.Count(key, int(item.fields["daily_limit"]), int(time.time()) + KEPT_SECONDS)


def _fields(wanted: DefaultAnalysisChange) -> dict[str, Any]:
    return {name: value for name, value in given(wanted, "group_ids").items() if value is not None}


def _check(requester: Requester, service_id: int, fields: dict[str, Any]) -> None:
    """Refuse what could never start: it will run without the permissions of this request's token."""
    author = people.requester_numbered(requester.user_id) or requester
    service = starting.runnable(author, service_id)
    group_id = fields["source_filter"].get("group_id")
    if group_id:
        groups_for(requester, [group_id], ())
    starting.chosen(service, NewAnalysis(analysis_parameters=fields["default_analysis_parameters"]))


def _own(requester: Requester, service_id: int, number: int) -> table.DefaultAnalysisItem:
    item = seen(requester, service_id, number)
    if int(item.author_id) != requester.user_id and not requester.is_admin:
        raise ForbiddenError("Only its author, or an administrator, may change or delete a default analysis.")
    return item
