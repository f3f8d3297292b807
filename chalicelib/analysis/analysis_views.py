"""Analyses as JSON with SkyPortal's keys, for those who may see them."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.analysis.documents import CURVE_FIELDS
from chalicelib.analysis.line_waits import describe_wait
from chalicelib.analysis.sealed_parameters import without_secrets
from chalicelib.errors import HiddenError
from chalicelib.people.groups import records_to_json
from chalicelib.people.users import find_author_names
from chalicelib.tables.analyses import find_analysis, iterate_source_analyses
from chalicelib.tables.analysis_items import VERDICT_WORDS, AnalysisItem
from chalicelib.tables.service_lines import ServiceLineItem, find_service_lines
from chalicelib.tables.services import ServiceItem, find_services

FIELDS = (
    "id", "obj_id", "analysis_service_id", "author_id", "status", "input_filters",
    "show_parameters", "show_plots", "show_corner", "last_activity", "duration", "invalid_after",
)  # fmt: skip
"""Attributes of a record that the API shows under the same name."""


def get_visible_analysis(requester: Requester, analysis_id: int, source_id: str | None = None) -> AnalysisItem:
    """Return an analysis that the requester may see, of this source if one is named.

    Raises
    ------
    ForbiddenError
        If it does not exist or is not visible (the same message).
    """
    item = find_analysis(analysis_id)
    if item is None or not is_analysis_visible(requester, item) or source_id not in (None, item.obj_id):
        raise HiddenError(f"There is no analysis {analysis_id} that you may see.")
    return item


def is_analysis_visible(requester: Requester, item: AnalysisItem) -> bool:
    """Return whether the requester may see an analysis: its author, members of its groups, administrators."""
    return item.author_id == requester.user_id or is_visible(requester, item)


def find_source_analyses(requester: Requester, source_id: str) -> list[AnalysisItem]:
    """Return the analyses of a source that the requester may see, newest first."""
    return [item for item in iterate_source_analyses(source_id) if is_analysis_visible(requester, item)]


def analyses_to_json(
    requester: Requester, items: Iterable[AnalysisItem], *, with_curves: bool = False, with_details: bool = False
) -> list[dict[str, Any]]:
    """Return analyses as the API shows them.

    Parameters
    ----------
    requester : Requester
        The reader.
    items : iterable of AnalysisItem
        The analyses.
    with_curves : bool
        Add the model light curves, for a source's list or one analysis.
    with_details : bool
        Add what SkyPortal's records do not have, which its strict clients refuse.
    """
    items = list(items)
    services = find_services({item.analysis_service_id for item in items})
    names = find_author_names(requester, (item.author_id for item in items)) if with_details else {}
    lines = find_service_lines({item.line for item in items if item.line})
    curves = [name for name in CURVE_FIELDS if with_details or name != "model_summary"] if with_curves else []

    def to_json(item: AnalysisItem) -> dict[str, Any]:
        return {
            **_to_json(item, services.get(item.analysis_service_id)),
            "status_message": _describe_status(item, lines),
            **({"author_name": names.get(item.author_id), "verdict": verdict_to_json(item)} if with_details else {}),
            **{name: item.products.curves.get(name) for name in curves},
        }

    return records_to_json(requester, items, to_json)


def _to_json(item: AnalysisItem, service: ServiceItem | None) -> dict[str, Any]:
    return {
        **{name: getattr(item, name) for name in FIELDS},
        "analysis_parameters": without_secrets(item.analysis_parameters),
        "analysis_service_name": service and (service.fields.display_name or service.name),
        "analysis_service_description": service and service.fields.description,
        "hash": item.products.hash,
        "num_plots": len(item.products.plots),
    }


def _describe_status(item: AnalysisItem, lines: dict[int, ServiceLineItem]) -> str:
    """Return the status message; of one that waits for its service, as it is now."""
    return describe_wait(lines[item.line]) if item.line in lines else item.status_message


def verdict_to_json(item: AnalysisItem) -> dict[str, Any] | None:
    """Return the verdict of an analysis; records of earlier versions have no word."""
    verdict = item.products.verdict
    return verdict and {"word": VERDICT_WORDS[verdict["describes_data"]][0], **verdict}


def status_to_json(item: AnalysisItem) -> dict[str, Any]:
    """Return the short form of an analysis, for polling."""
    lines = find_service_lines([item.line] if item.line else [])
    return {
        "id": item.id,
        "status": item.status,
        "message": _describe_status(item, lines),
        "progress": 1.0 if item.status == "completed" else item.progress,
        "verdict": verdict_to_json(item),
    }
