"""Starting an analysis again: as it was started before, but for what the request says."""

import json
from typing import Any

from chalicelib import blobs
from chalicelib.access import Requester, remaining_group_ids
from chalicelib.analysis import analysis_views
from chalicelib.analysis.start import EXTINCTION, inputs_key, start_analysis
from chalicelib.schemas.analyses import NewAnalysis, Rerun
from chalicelib.schemas.base import parse_body, sent_fields
from chalicelib.tables.analyses import AnalysisItem

__all__ = ["rerun_analysis"]


def rerun_analysis(
    requester: Requester,
    analysis_id: int,
    request: Rerun,
    *,
    public_url: str,
    idempotency_key: str | None = None,
) -> int:
    """Start an analysis of the same source by the same service; return its id.

    Parameters
    ----------
    requester : Requester
        Who asks, and whose view of the source is sent this time.
    analysis_id : int
        The analysis to be started again.
    wanted : Rerun
        What shall be different.
    public_url, idempotency_key
        As for `start`.

    Raises
    ------
    ForbiddenError
        If the analysis is not the requester's to see, or was an upload.
    """
    item = analysis_views.get_visible_analysis(requester, analysis_id)
    changes = {name: value for name, value in sent_fields(request).items() if value is not None}
    chosen = {**_chosen(requester, item), **changes.pop("url_parameters", {})}
    before = {
        "input_filters": item.input_filters,
        "show_parameters": bool(item.show_parameters),
        "show_plots": bool(item.show_plots),
        "show_corner": bool(item.show_corner),
        "group_ids": remaining_group_ids(requester, item),
    }
    chosen |= changes.pop("analysis_parameters", {})
    again = parse_body(NewAnalysis, {**before, **changes, "analysis_parameters": chosen})
    return start_analysis(
        requester,
        item.obj_id,
        int(item.analysis_service_id),
        again,
        public_url=public_url,
        idempotency_key=idempotency_key,
    )


def _chosen(requester: Requester, item: AnalysisItem) -> dict[str, Any]:
    """Return the parameters of an analysis; its files too, for those who sent them."""
    kept: dict[str, Any] = dict(item.analysis_parameters)
    if int(item.author_id) != requester.user_id:
        return kept
    document = blobs.read_blob(inputs_key(int(item.id)))
    sent = json.loads(document)["analysis_parameters"] if document else {}
    return {**sent, **({EXTINCTION: True} if EXTINCTION in kept else {})}
