"""Summaries of a source, written by analyses of services that write summaries."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.sources.source_records import busy_message
from chalicelib.tables.base import retry_on_conflict
from chalicelib.tables.sources import SourceMissing
from chalicelib.tables.summaries import find_all_summaries, find_summaries, update_summaries

MOST_KEPT = 10
"""Summaries by one author's analyses with one service for the same groups; of more, the oldest are dropped."""

MOST_SHOWN = 30
"""Summaries in an answer, the newest."""

MOST_CHARACTERS = 300_000
"""Characters of JSON of one author's summaries: even uncompressed, they fit an item."""

_NOT_SHOWN = {"group_ids", "service_id"}

History = list[dict[str, Any]]


def write_summary(source_id: str, summary: dict[str, Any]) -> None:
    """Add the summary of an analysis, or replace the one that the analysis wrote before.

    Nobody's summaries displace those of others, nor those for other groups.
    """
    analysis_id = summary["analysis_id"]
    _change(source_id, summary["set_by_user_id"], lambda history: _newest([summary, *_without(history, analysis_id)]))


def remove_summary(source_id: str, author_id: int, analysis_id: int) -> None:
    """Remove the summary of an analysis; the one before it is the current one again."""
    _change(source_id, author_id, lambda history: _without(history, analysis_id))


def get_summaries(requester: Requester, source_id: str) -> dict[str, Any]:
    """Return ``summary`` and ``summary_history``, of analyses that the requester may see."""
    entries = [entry for item in find_all_summaries(source_id) for entry in item.history]
    history = [
        {name: value for name, value in entry.items() if name not in _NOT_SHOWN}
        for entry in _sort_newest_first(entries)
        if entry["set_by_user_id"] == requester.user_id or is_visible(requester, entry["group_ids"])
    ]
    return {"summary": history[0]["summary"] if history else None, "summary_history": history[:MOST_SHOWN]}


def _newest(history: History) -> History:
    """Return the newest summaries of each service and groups that an item has room for, newest first."""
    kept: History = []
    counts: Counter[str] = Counter()
    for entry in _sort_newest_first(history):
        kind = json.dumps([entry.get("service_id"), entry["group_ids"]])
        counts[kind] += 1
        if counts[kind] <= MOST_KEPT:
            kept.append(entry)
    while len(json.dumps(kept)) > MOST_CHARACTERS:
        kept.pop()
    return kept


def _sort_newest_first(history: History) -> History:
    return sorted(history, key=lambda entry: str(entry["set_at_utc"]), reverse=True)


def _without(history: History, analysis_id: int) -> History:
    return [entry for entry in history if entry["analysis_id"] != analysis_id]


def _change(source_id: str, author_id: int, change: Callable[[History], History]) -> None:
    def attempt() -> None:
        item = find_summaries(source_id, author_id)
        changed = change(item.history)
        if changed == item.history:
            return
        # Nobody reads summaries of a source that is deleted, and those that it had are deleted with it.
        with suppress(SourceMissing):
            update_summaries(item, changed)

    retry_on_conflict(attempt, busy_message(source_id))
