"""The groups of an analysis: by default those that may see all of its data.

Figures and results show the data that a service was sent. Groups that its author names are obeyed, even
if they may see less than that; the author is told.
"""

from collections.abc import Iterable
from typing import Any

from chalicelib import services
from chalicelib.access import Requester, resolve_group_ids
from chalicelib.analysis.service_inputs import collect_inputs
from chalicelib.json_text import parse_json
from chalicelib.schemas.analyses import AnalysisGroupsQuery, InputFilters
from chalicelib.schemas.base import parse_body, sent_fields
from chalicelib.sources.source_records import get_visible_source
from chalicelib.tables.analysis_items import AnalysisItem
from chalicelib.tables.groups import find_groups
from chalicelib.tables.services import find_service
from chalicelib.tables.sources import find_source


def choose_group_ids(
    requester: Requester, named: list[int] | str | None, audience: frozenset[int], default: Iterable[int] | None = None
) -> set[int]:
    """Return the groups of a new analysis.

    Parameters
    ----------
    requester : Requester
        The author.
    named : list of int, str or None
        The request's ``group_ids``.
    audience : frozenset of int
        Those of the author's groups that may see all of the analysis' data.
    default : iterable of int, optional
        The groups if the request names none, as far as they are in the audience; by default all of the
        author's. If none of them is, the analysis belongs to its author alone.

    Raises
    ------
    InvalidError, ForbiddenError
        As `resolve_group_ids`.
    """
    preferred = requester.groups if default is None else frozenset(default)
    return resolve_group_ids(requester, named, preferred & audience or {requester.own_group})


def describe_wider_groups(requester: Requester, group_ids: Iterable[int], audience: frozenset[int]) -> list[str]:
    """Return a sentence for each group of an analysis that may not see all of its data."""
    wider = set(group_ids) - audience - {requester.own_group}
    return [
        f"Group {group.name!r} may not see all data of this analysis at its source, but can see them in its "
        "figures and results now."
        for group in sorted(find_groups(wider), key=lambda group: group.id)
    ]


def warn_of_wider_groups(requester: Requester, item: AnalysisItem, group_ids: Iterable[int]) -> list[str]:
    """Return a sentence for each group that may not see all data of an analysis, as the data are shared now."""
    service = find_service(item.analysis_service_id)
    source = find_source(item.obj_id)
    if service is None or source is None:
        return []
    data = collect_inputs(requester, source, service.fields.input_data_types, item.input_filters)
    return describe_wider_groups(requester, group_ids, data.audience)


def preview_groups(
    requester: Requester, source_id: str, service_id: int, query: AnalysisGroupsQuery
) -> list[dict[str, Any]]:
    """Return the requester's groups: which may see all that would be sent, and which an analysis gets by default.

    Raises
    ------
    ForbiddenError, NotFoundError, InvalidError
        As starting the analysis would.
    """
    service = services.get_visible_service(requester, service_id)
    source = get_visible_source(requester, source_id)
    filters = parse_body(InputFilters, parse_json(query.input_filters or "{}", "input_filters"))
    data = collect_inputs(requester, source, service.fields.input_data_types, sent_fields(filters))
    chosen_ids = choose_group_ids(requester, None, data.audience)
    return [
        {
            "id": group.id,
            "name": group.name,
            "sees_all_data": group.id in data.audience or group.id == requester.own_group,
            "is_default": group.id in chosen_ids,
        }
        for group in sorted(find_groups(requester.groups), key=lambda group: group.id)
    ]
