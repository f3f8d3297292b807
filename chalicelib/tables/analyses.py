"""The records of analyses, and every step that one may take: each is one conditional write.

::

    queued --sent--> pending --called back--> completed | failure
       |                |
       +--> failure     +--> timed_out (past invalid_after)
       +--> cancelled <-+

A record that waits for something carries ``watch`` and ``check_at``, which put it into the index
*by_watch*, where the sweep finds it. Beside an analysis stand its *callback* (under the hash of
the one-time token), the *tally* of how many its author has of the source, and, when the request
had one, the *idempotency* record.
"""

import time
from collections.abc import Iterator
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib import settings
from chalicelib.tables.base import LostRace, Record, conditional, timestamp, transaction

__all__ = [
    "OPEN",
    "AnalysisItem",
    "CapReached",
    "RepeatedKey",
    "bury",
    "by_callback",
    "by_service",
    "by_source",
    "create",
    "end",
    "entomb",
    "get",
    "heard_of",
    "lease",
    "overdue",
    "postpone",
    "repeated",
    "report",
    "sent",
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


class Item(Record):
    class Meta:
        table_name = settings.name("analyses")

    key = UnicodeAttribute(hash_key=True)
    shape = NumberAttribute(default=1)
    expires_at = NumberAttribute(null=True)


class BySource(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_source"
        projection = AllProjection()

    obj_id = UnicodeAttribute(hash_key=True)
    id = NumberAttribute(range_key=True)


class ByService(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_service"
        projection = AllProjection()

    analysis_service_id = NumberAttribute(hash_key=True)
    id = NumberAttribute(range_key=True)


class ByWatch(GlobalSecondaryIndex["AnalysisItem"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "by_watch"
        projection = AllProjection()

    watch = UnicodeAttribute(hash_key=True)
    check_at = NumberAttribute(range_key=True)


class AnalysisItem(Item):
    by_source = BySource()
    by_service = ByService()
    by_watch = ByWatch()

    id = NumberAttribute()
    obj_id = UnicodeAttribute()
    analysis_service_id = NumberAttribute()
    author_id = NumberAttribute()
    group_ids = NumberSetAttribute()
    status = UnicodeAttribute()
    status_message = UnicodeAttribute(default="")
    progress = NumberAttribute(null=True)
    analysis_parameters = JSONAttribute()
    input_filters = JSONAttribute(null=True)
    show_parameters = BooleanAttribute(default=False)
    show_plots = BooleanAttribute(default=False)
    show_corner = BooleanAttribute(default=False)
    created_at = UnicodeAttribute(default_for_new=timestamp)
    modified = UnicodeAttribute(default_for_new=timestamp)
    last_activity = UnicodeAttribute(default_for_new=timestamp)
    duration = NumberAttribute(null=True)
    invalid_after = UnicodeAttribute(null=True)
    timeout = NumberAttribute()
    callback_hash = UnicodeAttribute(null=True)
    public_url = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    lease_until = NumberAttribute(default=0)
    watch = UnicodeAttribute(null=True)
    check_at = NumberAttribute(null=True)
    document = UnicodeAttribute(null=True)
    products = JSONAttribute(null=True)


class CallbackItem(Item):
    """To whom a callback token belongs, under the hash of the token."""

    analysis_id = NumberAttribute()
    consumed = BooleanAttribute(default=False)


class TallyItem(Item):
    """How many completed or running analyses an author has of a source."""

    held = NumberAttribute(default=0)


class IdempotencyItem(Item):
    """What a request with this ``Idempotency-Key`` was answered."""

    analysis_id = NumberAttribute()


def _record(analysis_id: int) -> AnalysisItem:
    return AnalysisItem(f"analysis#{analysis_id}")


def _tally(item: AnalysisItem) -> TallyItem:
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
                write.update(_tally(item), actions=[TallyItem.held.add(1)], condition=room)
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


def by_source(obj_id: str) -> Iterator[AnalysisItem]:
    """Return the analyses of a source, newest first."""
    return _present(AnalysisItem.by_source.query(obj_id, scan_index_forward=False))


def by_service(service_id: int, limit: int) -> list[AnalysisItem]:
    """Return some of the analyses of a service, half-deleted ones too."""
    return list(AnalysisItem.by_service.query(service_id, limit=limit))


def _present(items: Iterator[AnalysisItem]) -> Iterator[AnalysisItem]:
    return (item for item in items if item.status != "deleted")


def overdue(limit: int) -> list[AnalysisItem]:
    """Return what the sweep has to look at now, the longest waiting first."""
    due = ByWatch.check_at <= time.time()
    return list(AnalysisItem.by_watch.query(WATCHED, due, limit=limit))


def lease(item: AnalysisItem, invalid_after: str) -> None:
    """Take the right to send a queued analysis, for `settings.DISPATCH_LEASE` seconds.

    Raises
    ------
    LostRace
        If it is not queued any more, or somebody else is sending it.
    """
    until = time.time() + settings.DISPATCH_LEASE
    actions: list[Action] = [
        AnalysisItem.lease_until.set(until),
        AnalysisItem.attempts.add(1),
        AnalysisItem.invalid_after.set(invalid_after),
        AnalysisItem.check_at.set(until + settings.UNSENT_AFTER),
        AnalysisItem.modified.set(timestamp()),
    ]
    free = (AnalysisItem.status == "queued") & (AnalysisItem.lease_until < time.time())
    with conditional():
        item.update(actions=actions, condition=free)


def postpone(item: AnalysisItem, seconds: float, message: str) -> None:
    """Give the lease back: the queue will bring the analysis again after `seconds`.

    Raises
    ------
    LostRace
        If it is not queued any more.
    """
    actions: list[Action] = [
        AnalysisItem.lease_until.set(0),
        AnalysisItem.status_message.set(message),
        AnalysisItem.check_at.set(time.time() + seconds + settings.UNSENT_AFTER),
        AnalysisItem.modified.set(timestamp()),
    ]
    with conditional():
        item.update(actions=actions, condition=AnalysisItem.status == "queued")


def sent(item: AnalysisItem, message: str, deadline: float) -> None:
    """Step from queued to pending: the service has the data, and time until `deadline`.

    Raises
    ------
    LostRace
        If it is not queued any more: a callback that came first has won.
    """
    actions: list[Action] = [
        AnalysisItem.status.set("pending"),
        AnalysisItem.status_message.set(message),
        AnalysisItem.check_at.set(deadline),
        AnalysisItem.last_activity.set(timestamp()),
        AnalysisItem.modified.set(timestamp()),
    ]
    with conditional():
        item.update(actions=actions, condition=AnalysisItem.status == "queued")


def heard_of(item: AnalysisItem) -> None:
    """Note that the sweep has put a queued analysis into the queue again.

    Raises
    ------
    LostRace
        If something happened to it in between.
    """
    actions: list[Action] = [AnalysisItem.check_at.set(time.time() + settings.UNSENT_AFTER)]
    unchanged = (AnalysisItem.status == "queued") & (AnalysisItem.check_at == item.check_at)
    with conditional():
        AnalysisItem(item.key).update(actions=actions, condition=unchanged)


def report(item: AnalysisItem, progress: float | None, message: str) -> None:
    """Keep how far the service has come.

    Raises
    ------
    LostRace
        If the analysis has ended.
    """
    actions: list[Action] = [
        AnalysisItem.status_message.set(message),
        AnalysisItem.last_activity.set(timestamp()),
        AnalysisItem.modified.set(timestamp()),
    ]
    if progress is not None:
        actions.append(AnalysisItem.progress.set(progress))
    with conditional():
        item.update(actions=actions, condition=AnalysisItem.status.is_in(*OPEN))


def end(
    item: AnalysisItem,
    status: str,
    message: str,
    *,
    leaving: tuple[str, ...] = OPEN,
    document: str | None = None,
    products: dict[str, Any] | None = None,
    duration: float | None = None,
) -> None:
    """Step into a final state, and consume the callback, in one transaction.

    Parameters
    ----------
    item : AnalysisItem
        The analysis; only its identity is used.
    status : str
        ``completed``, ``failure``, ``timed_out`` or ``cancelled``.
    leaving : tuple of str
        The states that it may be in now.
    document : str, optional
        Where the winner's document lies.

    Raises
    ------
    LostRace
        If it is in another state: somebody else was first.
    """
    at = timestamp()
    values: dict[str, Any] = {
        "status": status,
        "status_message": message,
        "last_activity": at,
        "modified": at,
    }
    given = {"document": document, "products": products, "duration": duration}
    values |= {key: value for key, value in given.items() if value is not None}
    actions: list[Action] = [getattr(AnalysisItem, key).set(value) for key, value in values.items()]
    actions += [AnalysisItem.watch.remove(), AnalysisItem.check_at.remove()]
    with transaction() as write:
        write.update(_record(int(item.id)), actions=actions, condition=AnalysisItem.status.is_in(*leaving))
        if item.callback_hash:
            callback = CallbackItem(f"callback#{item.callback_hash}")
            write.update(
                callback,
                actions=[CallbackItem.consumed.set(True)],
                condition=CallbackItem.consumed == False,  # noqa: E712 - a DynamoDB expression
            )
        if status != "completed":
            write.update(_tally(item), actions=[TallyItem.held.add(-1)])


def entomb(item: AnalysisItem) -> None:
    """Hide an analysis for good; the sweep finishes the work if nobody else does.

    Raises
    ------
    LostRace
        If its state has changed since it was read, or it is deleted already.
    """
    actions: list[Action] = [
        AnalysisItem.status.set("deleted"),
        AnalysisItem.watch.set(WATCHED),
        AnalysisItem.check_at.set(time.time() + settings.UNSENT_AFTER),
    ]
    with transaction() as write:
        write.update(_record(int(item.id)), actions=actions, condition=AnalysisItem.status == item.status)
        if item.status in COUNTED:
            write.update(_tally(item), actions=[TallyItem.held.add(-1)])


def bury(item: AnalysisItem) -> None:
    """Remove the record of an entombed analysis, after its blobs are gone."""
    with transaction() as write:
        if item.callback_hash:
            write.delete(CallbackItem(f"callback#{item.callback_hash}"))
        write.delete(_record(int(item.id)))
