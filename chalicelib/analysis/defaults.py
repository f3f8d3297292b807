"""Default analyses: which there are, and starting them when their event comes.

An event (a classification, a save to a group) is a job on a queue, sent before the write that it
tells of. Each start carries a key made of the event, so that a job that comes twice starts once;
and it counts against the day's limit in the very transaction that adds the analysis.
"""

import logging
import time
from typing import Any

from chalicelib import people, services
from chalicelib.access import Grouped, Requester, groups_for, may_see
from chalicelib.analysis import parameters
from chalicelib.analysis.start import EXTINCTION, start
from chalicelib.errors import BusyError, ForbiddenError, HeliographError
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
    """Add a default analysis; return its id. Its analyses see what the requester sees.

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


def shown(requester: Requester, item: table.DefaultAnalysisItem) -> dict[str, Any]:
    """Return a default analysis as the API shows it."""
    fields = dict(item.fields)
    limit = fields.pop("daily_limit")
    return {
        "id": int(item.id),
        "analysis_service_id": int(item.service_id),
        "author_id": int(item.author_id),
        **fields,
        "stats": {"daily_limit": limit, "daily_count": analyses.held(_today(item).key)},
        "groups": sharing.groups_of(requester, [item])[0],
        "created_at": item.created_at,
        "modified": item.modified,
    }


def happened(job: dict[str, Any]) -> None:
    """Start what a classification, or a save to groups, starts; to be repeated without harm.

    Parameters
    ----------
    job : dict
        The ``source_id``; its ``classification_id``, or the ``group_ids`` that it was saved to; and
        the ``public_url`` by which services can call back.
    """
    if number := job.get("classification_id"):
        _classified(job, number)
        return
    source = sources.get(job["source_id"])
    saved_to = set(job["group_ids"]) & sources.groups_of(source) if source else set()
    for group_id in sorted(saved_to):
        for item in table.started_by(f"group#{group_id}"):
            _start(item, f"group {group_id} {job['source_id']}", job)


def _classified(job: dict[str, Any], number: int) -> None:
    there = remarks.get(job["source_id"], remarks.place("classification", number))
    if there is None:
        return
    name, probability = there.fields["classification"], there.fields.get("probability")
    for item in table.started_by(f"classification#{name}"):
        wanted = item.fields["source_filter"]["classifications"]
        least = min(float(entry["probability"]) for entry in wanted if entry["name"] == name)
        if (1.0 if probability is None else probability) >= least:
            _start(item, f"classification {number}", job, there)


def _start(
    item: table.DefaultAnalysisItem, occasion: str, job: dict[str, Any], cause: Grouped | None = None
) -> None:
    author, source_id = people.requester_numbered(int(item.author_id)), job["source_id"]
    if author is None or (cause is not None and not may_see(author, cause)):
        return
    wanted = NewAnalysis(
        analysis_parameters=item.fields["default_analysis_parameters"],
        show_parameters=item.fields["show_parameters"],
        show_plots=item.fields["show_plots"],
        show_corner=item.fields["show_corner"],
        group_ids=[int(group) for group in item.group_ids if may_see(author, [group])],
    )
    try:
        start(
            author,
            source_id,
            int(item.service_id),
            wanted,
            public_url=job["public_url"],
            idempotency_key=f"default {int(item.id)} {occasion}",
            counts=[_today(item)],
        )
    except BusyError:
        raise
    except (HeliographError, analyses.Full) as reason:
        log.info("default analysis %d does not start on %s: %s", item.id, source_id, reason)


def _today(item: table.DefaultAnalysisItem) -> analyses.Count:
    key = f"daily#{int(item.id)}#{now().date().isoformat()}"
    return analyses.Count(key, int(item.fields["daily_limit"]), int(time.time()) + KEPT_SECONDS)


def _fields(wanted: DefaultAnalysisChange) -> dict[str, Any]:
    return {name: value for name, value in given(wanted, "group_ids").items() if value is not None}


def _check(requester: Requester, service_id: int, fields: dict[str, Any]) -> None:
    """Refuse what could never start."""
    service = services.seen(requester, service_id)
    if service.fields["upload_only"]:
        raise ForbiddenError(f"Analysis service {service_id} takes uploads only: nothing can be started.")
    group_id = fields["source_filter"].get("group_id")
    if group_id:
        groups_for(requester, [group_id], ())
    chosen = {k: v for k, v in fields["default_analysis_parameters"].items() if k != EXTINCTION}
    parameters.choose(service.fields["optional_analysis_parameters"], chosen)


def _own(requester: Requester, service_id: int, number: int) -> table.DefaultAnalysisItem:
    item = seen(requester, service_id, number)
    if int(item.author_id) != requester.user_id and not requester.is_admin:
        raise ForbiddenError("Only its author, or an administrator, may change or delete a default analysis.")
    return item
