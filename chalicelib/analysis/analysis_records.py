"""New records of analyses: made in one place, counted against their author's cap."""

from collections.abc import Iterable
from typing import Any

from chalicelib import settings
from chalicelib.access import Requester
from chalicelib.errors import HeliographError, InvalidError
from chalicelib.schemas.analyses import NewAnalysis, Upload
from chalicelib.tables import analyses as analyses_table
from chalicelib.tables import analysis_listings as listings
from chalicelib.tables.base import ConditionFailed
from chalicelib.tables.services import ServiceItem

__all__ = ["build_analysis_item", "insert_counted_analysis"]


def build_analysis_item(
    analysis_id: int,
    requester: Requester,
    source_id: str,
    service: ServiceItem,
    request: NewAnalysis | Upload,
    **more: Any,
) -> analyses_table.AnalysisItem:
    """Return the record of an analysis that is about to be added.

    Parameters
    ----------
    analysis_id : int
        Its id.
    requester : Requester
        Its author.
    source_id, service
        What is analysed, and by whom.
    wanted : NewAnalysis or Upload
        The request, which says what shall be shown.
    **more
        The state that it begins in, and what belongs to that.
    """
    return analyses_table.AnalysisItem(
        f"analysis#{analysis_id}",
        id=analysis_id,
        obj_id=source_id,
        analysis_service_id=int(service.id),
        author_id=requester.user_id,
        show_parameters=request.show_parameters,
        show_plots=request.show_plots,
        show_corner=request.show_corner,
        is_summary=service.fields["is_summary"],
        timeout=service.fields["timeout"],
        **more,
    )


def insert_counted_analysis(
    record: analyses_table.AnalysisItem,
    remembered: str | None = None,
    *,
    full: type[HeliographError] = InvalidError,
    counts: Iterable[analyses_table.LimitedCount] = (),
) -> None:
    """Add a record, whoever else of the same author is adding one.

    Parameters
    ----------
    record : AnalysisItem
        What `new` returned.
    remembered : str, optional
        The request's idempotency key, made unique to its user.
    full : type
        The error for an author who has as many analyses of the source as one may have.
    counts : iterable of Count
        What it counts against besides that.

    Raises
    ------
    RepeatedKey
        If the idempotency key is known.
    Full
        If one of `counts` has reached its limit.
    """
    cap = analyses_table.LimitedCount(analyses_table.tally_key(record).key, settings.ANALYSES_PER_SOURCE)
    every = [*([cap] if record.status in analyses_table.COUNTED else []), *counts]
    listings.insert_listings(record)
    try:
        analyses_table.insert_analysis(record, remembered, every)
    except analyses_table.CountLimitReached as reached:
        listings.delete_listings(record)
        if reached.count is not cap:
            raise
        raise full(
            f"You have {cap.limit} completed or running analyses of this source, "
            "which is the most there may be. Delete some of them (DELETE /api/obj/analysis/<id>)."
        ) from None
    except (HeliographError, ConditionFailed):
        listings.delete_listings(record)
        raise
