"""Analyses as their readers see them, with SkyPortal's keys."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.analysis.documents import CURVE_FIELDS
from chalicelib.errors import ForbiddenError
from chalicelib.people.groups import list_record_groups
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables import services as service_table

__all__ = [
    "analyses_to_json",
    "find_source_analyses",
    "get_visible_analysis",
    "is_analysis_visible",
    "status_to_json",
]


def get_visible_analysis(
    requester: Requester, analysis_id: int, source_id: str | None = None
) -> analyses_table.AnalysisItem:
    """Return an analysis that the requester may see, of this source if one is named.

    Raises
    ------
    ForbiddenError
        If there is none, or it is not theirs (the same answer).
    """
    item = analyses_table.find_analysis(analysis_id)
    if item is None or not is_analysis_visible(requester, item) or source_id not in (None, item.obj_id):
        raise ForbiddenError(f"There is no analysis {analysis_id} that you may see.")
    return item


def is_analysis_visible(requester: Requester, item: analyses_table.AnalysisItem) -> bool:
    """Say whether the requester may see an analysis."""
    return int(item.author_id) == requester.user_id or is_visible(requester, item)


def find_source_analyses(requester: Requester, source_id: str) -> list[analyses_table.AnalysisItem]:
    """Return the analyses of a source that the requester may see, newest first."""
    return [
        item
        for item in analyses_table.iterate_source_analyses(source_id)
        if is_analysis_visible(requester, item)
    ]


def analyses_to_json(
    requester: Requester, items: Iterable[analyses_table.AnalysisItem], *, curves: bool = False
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
    services = service_table.find_services({int(item.analysis_service_id) for item in items})
    views = []
    for item, groups in zip(items, list_record_groups(requester, items), strict=True):
        view = {**_view(item, services.get(int(item.analysis_service_id))), "groups": groups}
        if curves:
            view |= {name: (item.products or {}).get("curves", {}).get(name) for name in CURVE_FIELDS}
        views.append(view)
    return views


def _view(item: analyses_table.AnalysisItem, service: service_table.ServiceItem | None) -> dict[str, Any]:
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


def status_to_json(item: analyses_table.AnalysisItem) -> dict[str, Any]:
    """Return what one polls for."""
    progress = 1.0 if item.status == "completed" else item.progress
    return {
        "id": int(item.id),
        "status": item.status,
        "message": item.status_message,
        "progress": progress,
    }
