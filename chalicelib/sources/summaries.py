"""Summaries of a source, written by analyses of services that write summaries."""

import json
from collections.abc import Callable
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.sources.source_records import busy_message
from chalicelib.tables.base import retry_on_conflict
from chalicelib.tables.summaries import find_summaries, update_summaries

MOST_KEPT = 30
"""Summaries of a source; beyond this the oldest are dropped."""

MOST_CHARACTERS = 300_000
"""Characters of JSON: even uncompressed, they fit an item."""

History = list[dict[str, Any]]


def write_summary(source_id: str, summary: dict[str, Any]) -> None:
    """Add the summary of an analysis, or replace the one that the analysis wrote before."""
    analysis_id = summary["analysis_id"]
    _change(source_id, lambda history: _newest([summary, *_without(history, analysis_id)]))


def remove_summary(source_id: str, analysis_id: int) -> None:
    """Remove the summary of an analysis; the one before it is the current one again."""
    _change(source_id, lambda history: _without(history, analysis_id))


def get_summaries(requester: Requester, source_id: str) -> dict[str, Any]:
    """Return ``summary`` and ``summary_history``, of analyses that the requester may see."""
    history = [
        {name: value for name, value in entry.items() if name != "group_ids"}
        for entry in find_summaries(source_id).history
        if entry["set_by_user_id"] == requester.user_id or is_visible(requester, entry["group_ids"])
    ]
    return {"summary": history[0]["summary"] if history else None, "summary_history": history}


def _newest(history: History) -> History:
    """Return the newest summaries that an item has room for, newest first."""
    ordered = sorted(history, key=lambda entry: str(entry["set_at_utc"]), reverse=True)[:MOST_KEPT]
    while len(json.dumps(ordered)) > MOST_CHARACTERS:
        ordered.pop()
    return ordered


def _without(history: History, analysis_id: int) -> History:
    return [entry for entry in history if entry["analysis_id"] != analysis_id]


def _change(source_id: str, change: Callable[[History], History]) -> None:
    def attempt() -> None:
        item = find_summaries(source_id)
        changed = change(item.history)
        if changed != item.history:
            update_summaries(item, changed)

    retry_on_conflict(attempt, busy_message(source_id))
