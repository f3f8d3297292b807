"""The groups of an analysis: change them, together with the listings of these groups."""

from itertools import islice

from chalicelib.tables.analyses import LISTINGS_PER_TRANSACTION
from chalicelib.tables.analysis_items import AnalysisItem, analysis_key, listing_item
from chalicelib.tables.base import changes_to_actions, group_listing, timestamp, transaction

MOST_ADDED = LISTINGS_PER_TRANSACTION // 2
"""Most groups that one transaction adds, so that it can remove as many."""


def change_analysis_groups(item: AnalysisItem, group_ids: set[int]) -> None:
    """Let exactly these groups see an analysis; update `item` likewise.

    More groups than one transaction takes are changed in several; repeating the request completes it.

    Raises
    ------
    StateChanged
        If the analysis was deleted, or its groups changed since it was read.
    """
    while item.group_ids != group_ids:
        added = set(islice(group_ids - item.group_ids, MOST_ADDED))
        removed = set(islice(item.group_ids - group_ids, LISTINGS_PER_TRANSACTION - len(added)))
        _write_groups(item, added, removed)


def _write_groups(item: AnalysisItem, added: set[int], removed: set[int]) -> None:
    group_ids = (item.group_ids | added) - removed
    is_unchanged = (AnalysisItem.group_ids == item.group_ids) & (AnalysisItem.status != "deleted")
    actions = changes_to_actions(AnalysisItem, {"group_ids": group_ids, "modified": timestamp()})
    with transaction() as write:
        write.update(analysis_key(item.id), actions, is_unchanged)
        for group_id in added:
            write.save(listing_item(item.id, group_listing(group_id)))
        for group_id in removed:
            write.delete(listing_item(item.id, group_listing(group_id)))
    item.group_ids = group_ids
