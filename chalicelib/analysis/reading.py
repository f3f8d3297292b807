"""Analyses as their readers see them, with SkyPortal's keys."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, may_see
from chalicelib.analysis.documents import CURVES
from chalicelib.errors import ForbiddenError
from chalicelib.people import sharing
from chalicelib.tables import analyses as table
from chalicelib.tables import services as service_table

__all__ = ["of_source", "seen", "shown", "status", "visible"]


def seen(requester: Requester, analysis_id: int, source_id: str | None = None) -> table.AnalysisItem:
    """Return an analysis that the requester may see, of this source if one is named.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs (the same answer).
    """
    item = table.get(analysis_id)
    if item is None or not visible(requester, item) or source_id not in (None, item.obj_id):
        raise ForbiddenError(f"There is no analysis {analysis_id} that you may see.")
    return item


def visible(requester: Requester, item: table.AnalysisItem) -> bool:
    """Say whether the requester may see an analysis."""
    return int(item.author_id) == requester.user_id or may_see(requester, item)


def of_source(requester: Requester, source_id: str) -> list[table.AnalysisItem]:
    """Return the analyses of a source that the requester may see, newest first."""
    return [item for item in table.by_source(source_id) if visible(requester, item)]


def shown(
    requester: Requester, items: Iterable[table.AnalysisItem], *, curves: bool = False
) -> list[dict[str, Any]]:
    """Return analyses as the API shows them.

    Parameters
    ----------
    requester : Requester
        Who asks.
    items : iterable of AnalysisItem
        The analyses.
    curves : bool
        Add the model light curves (a source's list carries them).
    """
    items = list(items)
    services = service_table.some({int(item.analysis_service_id) for item in items})
    views = []
    for item, groups in zip(items, sharing.groups_of(requester, items), strict=True):
        view = {**_view(item, services.get(int(item.analysis_service_id))), "groups": groups}
        if curves:
            view |= {name: (item.products or {}).get("curves", {}).get(name) for name in CURVES}
        views.append(view)
    return views


def _view(item: table.AnalysisItem, service: service_table.ServiceItem | None) -> dict[str, Any]:
    products = item.products or {}
    return {
        "id": int(item.id),
        "obj_id": item.obj_id,
        "analysis_service_id": int(item.analysis_service_id),
        "analysis_service_name": service and (service.fields["display_name"] or service.name),
        "analysis_service_description": service and service.fields["description"],
        "author_id": int(item.author_id),
        "status": item.status,
        "status_message": item.status_message,
        "analysis_parameters": item.analysis_parameters,
        "input_filters": item.input_filters,
        "show_parameters": bool(item.show_parameters),
        "show_plots": bool(item.show_plots),
        "show_corner": bool(item.show_corner),
        "created_at": item.created_at,
        "modified": item.modified,
        "last_activity": item.last_activity,
        "duration": item.duration,
        "invalid_after": item.invalid_after,
        "hash": products.get("hash"),
        "num_plots": len(products.get("plots", [])),
    }


def status(item: table.AnalysisItem) -> dict[str, Any]:
    """Return what one polls for."""
    progress = 1.0 if item.status == "completed" else item.progress
    return {
        "id": int(item.id),
        "status": item.status,
        "message": item.status_message,
        "progress": progress,
    }
