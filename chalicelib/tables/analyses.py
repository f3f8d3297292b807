"""The records of analyses: adding them, finding them.

A record that waits for something carries ``watch`` and ``check_at``, which put it into the index
*by_watch*, where the sweep finds it. Beside an analysis stand its *callback* (under the hash of
the one-time token), the *tally* of how many its author has of the source, and, when the request
had one, the *idempotency* record. What an analysis does from there on is in `analysis_steps`.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.tables.analysis_items import (
    AnalysisItem,
    ByService,
    BySource,
    ByWatch,
    CallbackItem,
    IdempotencyItem,
    TallyItem,
)
from chalicelib.tables.base import ConditionFailed, Transaction, transaction

__all__ = [
    "OPEN",
    "WATCHED",
    "AnalysisItem",
    "CountLimitReached",
    "IdempotencyKeyUsed",
    "LimitedCount",
    "analysis_key",
    "find_analyses",
    "find_analysis",
    "find_by_callback",
    "find_earlier_id",
    "find_overdue",
    "find_some_of_service",
    "find_some_of_source",
    "insert_analysis",
    "iterate_service_analyses",
    "iterate_source_analyses",
    "read_counts",
    "save_idempotency_key",
    "tally_key",
]

OPEN = ("queued", "pending")
"""The states in which an analysis still waits for something."""

COUNTED = (*OPEN, "completed")
"""The states that count against an author's cap."""

WATCHED = "open"
"""The one partition of the index *by_watch*: what the sweep has to look at, by time."""


@dataclass(frozen=True)
class LimitedCount:
    """A number of analyses that may not pass a limit.

    Attributes
    ----------
    key : str
        What is counted.
    limit : int
        The most that there may be.
    expires_at : int, optional
        When the count is forgotten (seconds since 1970).
    """

    key: str
    limit: int
    expires_at: int | None = None


class CountLimitReached(ConditionFailed):
    """A count has reached its limit."""

    def __init__(self, count: LimitedCount) -> None:
        super().__init__(f"{count.key} has reached {count.limit}")
        self.count = count


class IdempotencyKeyUsed(ConditionFailed):
    """An earlier request had the same ``Idempotency-Key``; `earlier_id` is what it started."""

    def __init__(self, earlier_id: int) -> None:
        super().__init__(f"the key was used for {earlier_id}")
        self.earlier_id = earlier_id


def analysis_key(analysis_id: int) -> AnalysisItem:
    return AnalysisItem(f"analysis#{analysis_id}")


def tally_key(item: AnalysisItem) -> TallyItem:
    return TallyItem(f"tally#{item.author_id}#{item.obj_id}")


def read_counts(keys: list[str]) -> dict[str, int]:
    """Return how far counts have come, by their keys; those that never began are left out."""
    found = TallyItem.batch_get(keys, consistent_read=True) if keys else ()
    return {item.key: int(item.held) for item in found}


def insert_analysis(item: AnalysisItem, idempotency_key: str | None, counts: list[LimitedCount]) -> None:
    """Add an analysis with its callback, if there is room for it.

    Parameters
    ----------
    item : AnalysisItem
        The new record; its ``callback_hash`` is None when nobody will call back.
    idempotency_key : str or None
        The key of the request, made unique to its user.
    counts : list of Count
        What the analysis counts against.

    Raises
    ------
    Full
        If one of the counts has reached its limit.
    RepeatedKey
        If the idempotency key is known.
    LostRace
        If another transaction of the same author was at work.
    """
    with transaction() as write:
        write.save(item, condition=AnalysisItem.key.does_not_exist())
        if item.callback_hash:
            write.save(CallbackItem(f"callback#{item.callback_hash}", analysis_id=item.id))
        if idempotency_key:
            save_idempotency_key(write, idempotency_key, int(item.id))
        for count in counts:
            room = (TallyItem.held < count.limit) | TallyItem.held.does_not_exist()
            write.update(TallyItem(count.key), _one_more(count), room, refused=CountLimitReached(count))


def _one_more(count: LimitedCount) -> list[Action]:
    actions: list[Action] = [TallyItem.held.add(1)]
    return [*actions, TallyItem.expires_at.set(count.expires_at)] if count.expires_at else actions


def save_idempotency_key(write: Transaction, key: str, number: int) -> None:
    """Keep, as part of a transaction, what a request with this key is answered; refused if it is known."""
    expires_at = int(time.time()) + settings.IDEMPOTENCY_SECONDS
    item = IdempotencyItem(f"idempotency#{key}", analysis_id=number, expires_at=expires_at)
    write.save(item, condition=_forgotten(), refused=_key_used)


def _key_used(item: dict[str, Any]) -> "IdempotencyKeyUsed":
    return IdempotencyKeyUsed(int(IdempotencyItem.from_raw_data(item).analysis_id))


def _forgotten() -> Condition:
    forgotten: Condition = IdempotencyItem.key.does_not_exist() | (
        IdempotencyItem.expires_at < int(time.time())
    )
    return forgotten


def find_analyses(numbers: list[int]) -> dict[int, AnalysisItem]:
    """Return those of the analyses that exist, by id."""
    keys = [f"analysis#{number}" for number in numbers]
    found = AnalysisItem.batch_get(keys, consistent_read=True) if keys else ()
    return {int(item.id): item for item in found if item.status != "deleted"}


def find_earlier_id(idempotency_key: str) -> int | None:
    """Return the id of what an earlier request with this key started."""
    try:
        item = IdempotencyItem.get(f"idempotency#{idempotency_key}", consistent_read=True)
    except DoesNotExist:
        return None
    return int(item.analysis_id) if (item.expires_at or 0) >= time.time() else None


def find_analysis(analysis_id: int) -> AnalysisItem | None:
    """Return an analysis, unless it is deleted."""
    try:
        item = AnalysisItem.get(f"analysis#{analysis_id}", consistent_read=True)
    except DoesNotExist:
        return None
    return None if item.status == "deleted" else item


def find_by_callback(token_hash: str) -> AnalysisItem | None:
    """Return the analysis that a callback token belongs to, used or not."""
    try:
        callback = CallbackItem.get(f"callback#{token_hash}", consistent_read=True)
    except DoesNotExist:
        return None
    return find_analysis(int(callback.analysis_id))


def iterate_source_analyses(obj_id: str, before: int | None = None) -> Iterator[AnalysisItem]:
    """Return the analyses of a source, newest first; only those with smaller ids, if one is given."""
    until = BySource.id < before if before else None
    return _present(AnalysisItem.by_source.query(obj_id, until, scan_index_forward=False))


def iterate_service_analyses(service_id: int, before: int | None = None) -> Iterator[AnalysisItem]:
    """Return the analyses of a service, newest first; only those with smaller ids, if one is given."""
    until = ByService.id < before if before else None
    return _present(AnalysisItem.by_service.query(service_id, until, scan_index_forward=False))


def find_some_of_service(service_id: int, limit: int) -> list[AnalysisItem]:
    """Return some of the analyses of a service, half-deleted ones too."""
    return list(AnalysisItem.by_service.query(service_id, limit=limit))


def find_some_of_source(obj_id: str, limit: int) -> list[AnalysisItem]:
    """Return some of the analyses of a source, half-deleted ones too."""
    return list(AnalysisItem.by_source.query(obj_id, limit=limit))


def _present(items: Iterator[AnalysisItem]) -> Iterator[AnalysisItem]:
    return (item for item in items if item.status != "deleted")


def find_overdue(limit: int) -> list[AnalysisItem]:
    """Return what the sweep has to look at now, the longest waiting first."""
    due = ByWatch.check_at <= time.time()
    return list(AnalysisItem.by_watch.query(WATCHED, due, limit=limit))
