"""The groups of records as their readers see them: those that the reader is in, and no others."""

from collections.abc import Iterable
from typing import Any

from chalicelib.access import Grouped, Requester
from chalicelib.people.groups import load_groups_json as shown_groups

__all__ = ["list_record_groups"]


def list_record_groups(
    requester: Requester, records: Iterable[Grouped | Iterable[int | float]]
) -> list[list[dict[str, Any]]]:
    """Return for each record, or anything with these group ids, the groups that the requester sees of it."""
    every = (record if isinstance(record, Iterable) else record.group_ids for record in records)
    wanted = [{int(group) for group in group_ids} for group_ids in every]
    if not requester.is_admin:
        wanted = [groups & requester.groups for groups in wanted]
    shown = {group["id"]: group for group in shown_groups(set().union(*wanted))}
    return [[shown[group] for group in sorted(groups) if group in shown] for groups in wanted]
