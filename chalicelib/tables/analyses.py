"""The records of analyses: adding them, finding them.

A record that waits for something carries ``watch`` and ``check_at``, which put it into the index
*by_watch*, where the sweep finds it. Beside an analysis stand its *callback* (under the hash of
the one-time token), the *tally* of how many its author has of the source, and, when the request
had one, the *idempotency* record. What an analysis does from there on is in `analysis_steps`.
"""

import time
from collections.abc import Iterator

from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition

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
from chalicelib.tables.base import LostRace, transaction

__all__ = [
    "OPEN",
    "AnalysisItem",
    "CapReached",
    "RepeatedKey",
    "by_callback",
    "by_service",
    "by_source",
    "create",
    "get",
    "overdue",
    "record_of",
    "repeated",
    "some_of_service",
    "tally_of",
]

OPEN = ("queued", "pending")
"""The states in which an analysis still waits for something."""

COUNTED = (*OPEN, "completed")
"""The states that count against an author's cap."""

WATCHED = "open"
"""The one partition of the index *by_watch*: what the sweep has to look at, by time."""


class CapReached(Exception):  # noqa: N818
    """The author has as many analyses of the source as one may have."""


class RepeatedKey(Exception):  # noqa: N818
    """A request with the same ``Idempotency-Key`` came before."""


def record_of(analysis_id: int) -> AnalysisItem:
    return AnalysisItem(f"analysis#{analysis_id}")


def tally_of(item: AnalysisItem) -> TallyItem:
    return TallyItem(f"tally#{item.author_id}#{item.obj_id}")


def create(item: AnalysisItem, idempotency_key: str | None) -> None:
    """Add an analysis with its callback, counted against its author's cap.

    Parameters
    ----------
    item : AnalysisItem
        The new record; its ``callback_hash`` is None when nobody will call back.
    idempotency_key : str or None
        The key of the request, made unique to its user.

    Raises
    ------
    CapReached
        If the author has `settings.ANALYSES_PER_SOURCE` of this source already.
    RepeatedKey
        If the idempotency key is known.
    LostRace
        If another transaction of the same author was at work.
    """
    try:
        with transaction() as write:
            write.save(item, condition=AnalysisItem.key.does_not_exist())
            if item.callback_hash:
                write.save(CallbackItem(f"callback#{item.callback_hash}", analysis_id=item.id))
            if idempotency_key:
                write.save(_idempotency(idempotency_key, item), condition=_forgotten())
            if item.status in COUNTED:
                room = (TallyItem.held < settings.ANALYSES_PER_SOURCE) | TallyItem.held.does_not_exist()
                write.update(tally_of(item), actions=[TallyItem.held.add(1)], condition=room)
    except LostRace as lost:
        puts = 1 + bool(item.callback_hash) + bool(idempotency_key)
        if idempotency_key and puts - 1 in lost.refused:
            raise RepeatedKey from None
        if puts in lost.refused:
            raise CapReached from None
        raise


def _idempotency(key: str, item: AnalysisItem) -> IdempotencyItem:
    expires_at = int(time.time()) + settings.IDEMPOTENCY_SECONDS
    return IdempotencyItem(f"idempotency#{key}", analysis_id=item.id, expires_at=expires_at)


def _forgotten() -> Condition:
    forgotten: Condition = IdempotencyItem.key.does_not_exist() | (
        IdempotencyItem.expires_at < int(time.time())
    )
    return forgotten


def repeated(idempotency_key: str) -> int | None:
    """Return the analysis that an earlier request with this key started."""
    try:
        item = IdempotencyItem.get(f"idempotency#{idempotency_key}", consistent_read=True)
    except DoesNotExist:
        return None
    return int(item.analysis_id) if (item.expires_at or 0) >= time.time() else None


def get(analysis_id: int) -> AnalysisItem | None:
    """Return an analysis, unless it is deleted."""
    try:
        item = AnalysisItem.get(f"analysis#{analysis_id}", consistent_read=True)
    except DoesNotExist:
        return None
    return None if item.status == "deleted" else item


def by_callback(token_hash: str) -> AnalysisItem | None:
    """Return the analysis that a callback token belongs to, used or not."""
    try:
        callback = CallbackItem.get(f"callback#{token_hash}", consistent_read=True)
    except DoesNotExist:
        return None
    return get(int(callback.analysis_id))


def by_source(obj_id: str, before: int | None = None) -> Iterator[AnalysisItem]:
    """Return the analyses of a source, newest first; only those with smaller ids, if one is given."""
    until = BySource.id < before if before else None
    return _present(AnalysisItem.by_source.query(obj_id, until, scan_index_forward=False))


def by_service(service_id: int, before: int | None = None) -> Iterator[AnalysisItem]:
    """Return the analyses of a service, newest first; only those with smaller ids, if one is given."""
    until = ByService.id < before if before else None
    return _present(AnalysisItem.by_service.query(service_id, until, scan_index_forward=False))


def some_of_service(service_id: int, limit: int) -> list[AnalysisItem]:
    """Return some of the analyses of a service, half-deleted ones too."""
    return list(AnalysisItem.by_service.query(service_id, limit=limit))


def _present(items: Iterator[AnalysisItem]) -> Iterator[AnalysisItem]:
    return (item for item in items if item.status != "deleted")


def overdue(limit: int) -> list[AnalysisItem]:
    """Return what the sweep has to look at now, the longest waiting first."""
    due = ByWatch.check_at <= time.time()
    return list(AnalysisItem.by_watch.query(WATCHED, due, limit=limit))
