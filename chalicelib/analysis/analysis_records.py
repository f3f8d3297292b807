"""New records of analyses: built in one place, and counted against their author's cap."""

from collections.abc import Iterable
from typing import Any

from chalicelib import settings
from chalicelib.access import Requester, has_permission
from chalicelib.errors import HeliographError, InvalidError
from chalicelib.schemas.analyses import NewAnalysis, Upload
from chalicelib.schemas.people import Acl
from chalicelib.tables.analyses import CountLimit, CountLimitReached, IdempotencyKey, insert_analysis
from chalicelib.tables.analysis_items import COUNTED, AnalysisItem, tally_key
from chalicelib.tables.services import ServiceItem


def build_analysis_item(
    analysis_id: int,
    requester: Requester,
    source_id: str,
    service: ServiceItem,
    request: NewAnalysis | Upload,
    **state: Any,
) -> AnalysisItem:
    """Return the record of an analysis that is about to be added.

    Parameters
    ----------
    analysis_id : int
        Its id.
    requester : Requester
        Its author.
    source_id, service
        The source, and the service that analyses it.
    request : NewAnalysis or Upload
        The request, which says what pages show of it.
    **state
        The state in which it begins, and the attributes that belong to that.
    """
    return AnalysisItem(
        f"analysis#{analysis_id}",
        id=analysis_id,
        obj_id=source_id,
        analysis_service_id=service.id,
        author_id=requester.user_id,
        show_parameters=request.show_parameters,
        show_plots=request.show_plots,
        show_corner=request.show_corner,
        is_summary=service.fields.is_summary,
        may_annotate=has_permission(requester, Acl.ANNOTATE),
        timeout=service.fields.timeout,
        **state,
    )


def insert_counted_analysis(
    item: AnalysisItem,
    idempotency_key: IdempotencyKey | None = None,
    *,
    cap_error: type[HeliographError] = InvalidError,
    counts: Iterable[CountLimit] = (),
) -> None:
    """Add a record, counted against the cap of its author and source.

    Parameters
    ----------
    item : AnalysisItem
        What `build_analysis_item` returned.
    idempotency_key : IdempotencyKey, optional
        The key of the request.
    cap_error : type
        The error for an author who has reached the cap.
    counts : iterable of CountLimit
        Further counts that the analysis increases.

    Raises
    ------
    IdempotencyKeyUsed
        If an earlier request had the key.
    CountLimitReached
        If one of `counts` has reached its limit.
    """
    cap = CountLimit(tally_key(item).key, settings.ANALYSES_PER_SOURCE)
    try:
        insert_analysis(item, idempotency_key, [*([cap] if item.status in COUNTED else []), *counts])
    except CountLimitReached as reached:
        if reached.count is not cap:
            raise
        raise cap_error(
            f"You have {cap.limit} completed or running analyses of this source, the most allowed. "
            "Delete some of them (DELETE /api/obj/analysis/<id>)."
        ) from None
