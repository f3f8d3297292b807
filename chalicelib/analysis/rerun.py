"""Starting an analysis again: as it was started before, except for what the request changes."""

import json
from typing import Any

from chalicelib import blobs
from chalicelib.access import Requester, remaining_group_ids
from chalicelib.analysis.analysis_views import get_visible_analysis
from chalicelib.analysis.sealed_parameters import SealedParameters, is_secret, without_secrets
from chalicelib.analysis.start import EXTINCTION, StartedAnalysis, start_analysis
from chalicelib.blob_keys import inputs_key
from chalicelib.errors import InvalidError
from chalicelib.schemas.analyses import NewAnalysis, Rerun
from chalicelib.schemas.base import parse_body, sent_fields
from chalicelib.tables.analysis_items import AnalysisItem


def rerun_analysis(
    requester: Requester, analysis_id: int, request: Rerun, *, public_url: str, idempotency_key: str | None = None
) -> StartedAnalysis:
    """Start an analysis of the same source by the same service.

    It belongs to the groups of the earlier one, as far as they may see all that is sent this time.

    Parameters
    ----------
    requester : Requester
        The author, whose view of the source is sent this time.
    analysis_id : int
        The earlier analysis.
    request : Rerun
        What to change.
    public_url, idempotency_key
        As for `start_analysis`.

    Raises
    ------
    ForbiddenError
        If the analysis is not visible, or was an upload.
    InvalidError
        If the analysis has secrets of another author, and the request does not replace them.
    """
    item = get_visible_analysis(requester, analysis_id)
    changes = {name: value for name, value in sent_fields(request).items() if value is not None}
    parameters = {
        **_get_parameters(requester, item),
        **changes.pop("url_parameters", {}),
        **changes.pop("analysis_parameters", {}),
    }
    sealed = _get_sealed_parameters(requester, item, parameters)
    earlier_request = {
        "input_filters": item.input_filters,
        "show_parameters": item.show_parameters,
        "show_plots": item.show_plots,
        "show_corner": item.show_corner,
    }
    return start_analysis(
        requester,
        item.obj_id,
        item.analysis_service_id,
        parse_body(NewAnalysis, {**earlier_request, **changes, "analysis_parameters": parameters}),
        public_url=public_url,
        idempotency_key=idempotency_key,
        sealed=sealed,
        group_ids=remaining_group_ids(requester, item),
    )


def _get_sealed_parameters(requester: Requester, item: AnalysisItem, parameters: dict[str, Any]) -> SealedParameters:
    """Return the secrets of an analysis that the request does not replace."""
    sealed = {name: text for name, text in (item.sealed_parameters or {}).items() if name not in parameters}
    plain = {name for name in item.analysis_parameters if is_secret(name, None) and name not in parameters}
    foreign = {*sealed, *plain} if item.author_id != requester.user_id else set()
    if foreign:
        raise InvalidError(
            f"analysis_parameters.{min(foreign)}: this secret belongs to the author of analysis {item.id}; "
            "send your own, or null to run without it."
        )
    return sealed


def _get_parameters(requester: Requester, item: AnalysisItem) -> dict[str, Any]:
    """Return the parameters of an analysis, with the contents of files for the user who sent them."""
    kept: dict[str, Any] = dict(item.analysis_parameters)
    if item.author_id != requester.user_id:
        return without_secrets(kept)
    inputs = blobs.read_blob(inputs_key(item.id))
    sent = json.loads(inputs)["analysis_parameters"] if inputs else {}
    return {**sent, **({EXTINCTION: True} if EXTINCTION in kept else {})}
