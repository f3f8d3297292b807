"""Summaries of a source, written by analyses whose services write summaries."""

import json
from collections.abc import Callable
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.errors import BusyError
from chalicelib.sources.source_records import TRIES
from chalicelib.tables import summaries as summaries_table
from chalicelib.tables.base import ConditionFailed

__all__ = ["get_summaries", "remove_summary", "write_summary"]

MOST_KEPT = 30
"""Summaries of a source; the oldest goes."""

MOST_CHARACTERS = 300_000
"""Of JSON; even if they were not compressed, an item would hold them."""

History = list[dict[str, Any]]


def write_summary(source_id: str, summary: dict[str, Any]) -> None:
    """Put the summary of an analysis among the others, in place of its own older one."""
    number = summary["analysis_id"]
    _change(source_id, lambda history: _newest([summary, *_without(history, number)]))


def remove_summary(source_id: str, analysis_id: int) -> None:
    """Take the summary of an analysis away: the one before it stands again."""
    _change(source_id, lambda history: _without(history, analysis_id))


def get_summaries(requester: Requester, source_id: str) -> dict[str, Any]:
    """Return ``summary`` and ``summary_history``, as far as the requester may see their analyses."""
    history = [
        {name: value for name, value in entry.items() if name != "group_ids"}
        for entry in summaries_table.find_summaries(source_id).history
        if entry["set_by_user_id"] == requester.user_id or is_visible(requester, entry["group_ids"])
    ]
    return {"summary": history[0]["summary"] if history else None, "summary_history": history}


def _newest(history: History) -> History:
    """Order summaries by when they were made, and drop the oldest until an item has room for them."""
    ordered = sorted(history, key=lambda entry: str(entry["set_at_utc"]), reverse=True)[:MOST_KEPT]
    while len(json.dumps(ordered)) > MOST_CHARACTERS:
        ordered.pop()
    return ordered


def _without(history: History, analysis_id: int) -> History:
    return [entry for entry in history if entry["analysis_id"] != analysis_id]


def _change(source_id: str, change: Callable[[History], History]) -> None:
    for _ in range(TRIES):
        item = summaries_table.find_summaries(source_id)
        if (changed := change(item.history)) == item.history:
            return
        try:
            return summaries_table.update_summaries(item, changed)
        except ConditionFailed:
            continue
    raise BusyError(f"{source_id!r} is being changed by others at this moment. Try again.")
