"""Sharing analyses: their author changes which groups see them."""

from chalicelib.access import Requester, require_owner, resolve_group_ids
from chalicelib.analysis.analysis_views import get_visible_analysis
from chalicelib.analysis.group_choice import warn_of_wider_groups
from chalicelib.schemas.analyses import AnalysisChange
from chalicelib.tables.analysis_groups import change_analysis_groups
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.base import retry_on_conflict


def update_analysis(requester: Requester, analysis_id: int, request: AnalysisChange) -> list[str]:
    """Let exactly the groups of a request see an analysis.

    Returns
    -------
    list of str
        A sentence for each group that may not see all data of the analysis at its source.

    Raises
    ------
    ForbiddenError
        If the analysis is not the requester's, or they are not in one of the groups.
    InvalidError
        If the groups are a text other than "all".
    BusyError
        If other requests change the same analysis meanwhile.
    """

    def attempt() -> AnalysisItem:
        item = get_visible_analysis(requester, analysis_id)
        require_owner(requester, item.author_id, f"Only its author may change who sees analysis {analysis_id}.")
        change_analysis_groups(item, resolve_group_ids(requester, request.group_ids, ()))
        return item

    item = retry_on_conflict(attempt, f"Other requests are changing analysis {analysis_id}. Try again.")
    return warn_of_wider_groups(requester, item, resolve_group_ids(requester, request.group_ids, ()))
