"""Every step that an analysis may take: each is one conditional write, which names the state it leaves.

::

    queued --sent--> pending --called back--> completed | failure
       |                |
       +--> failure     +--> timed_out (past invalid_after)
       +--> cancelled <-+

Whoever comes second loses, and is told so (`LostRace`).
"""

import time
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.tables.analyses import COUNTED, OPEN, WATCHED, analysis_key, tally_key
from chalicelib.tables.analysis_items import AnalysisItem, CallbackItem, TallyItem
from chalicelib.tables.base import timestamp, transaction, write_conditionally

__all__ = [
    "delete_record",
    "end_analysis",
    "lease_analysis",
    "mark_deleted",
    "mark_sent",
    "mark_settled",
    "postpone_check",
    "postpone_sending",
    "save_products",
    "save_progress",
]


def lease_analysis(item: AnalysisItem, invalid_after: str) -> None:
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
    write_conditionally(lambda: item.update(actions=actions, condition=free))


def postpone_sending(item: AnalysisItem, seconds: float, message: str) -> None:
    """Give the lease back: the queue will bring the analysis again after `seconds`.

    Raises
    ------
    LostRace
        If it is not queued any more.
    """
    actions: list[Action] = [
        # Nobody else shall send it before, should there be a second message.
        AnalysisItem.lease_until.set(time.time() + seconds - 1.0),
        AnalysisItem.status_message.set(message),
        AnalysisItem.check_at.set(time.time() + seconds + settings.UNSENT_AFTER),
        AnalysisItem.modified.set(timestamp()),
    ]
    write_conditionally(lambda: item.update(actions=actions, condition=AnalysisItem.status == "queued"))


def mark_sent(item: AnalysisItem, message: str, deadline: float) -> None:
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
    write_conditionally(lambda: item.update(actions=actions, condition=AnalysisItem.status == "queued"))


def postpone_check(item: AnalysisItem) -> None:
    """Note that the sweep has looked at an analysis: if that did not help, it looks again later.

    Raises
    ------
    LostRace
        If something happened to it in between.
    """
    actions: list[Action] = [AnalysisItem.check_at.set(time.time() + settings.UNSENT_AFTER)]
    unchanged = (AnalysisItem.status == item.status) & (AnalysisItem.check_at == item.check_at)
    write_conditionally(lambda: AnalysisItem(item.key).update(actions=actions, condition=unchanged))


def save_progress(item: AnalysisItem, progress: float | None, message: str) -> None:
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
    write_conditionally(lambda: item.update(actions=actions, condition=AnalysisItem.status.is_in(*OPEN)))


def end_analysis(
    item: AnalysisItem,
    status: str,
    message: str,
    *,
    leaving: tuple[str, ...] = OPEN,
    document: str | None = None,
    products: dict[str, Any] | None = None,
    duration: float | None = None,
    settled: bool = True,
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
    settled : bool
        Whether nothing is left to be done, so that the sweep need not look at it again.

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
    if settled:
        actions += [AnalysisItem.watch.remove(), AnalysisItem.check_at.remove()]
    else:
        actions += [AnalysisItem.check_at.set(time.time() + settings.UNSENT_AFTER)]
    with transaction() as write:
        write.update(
            analysis_key(int(item.id)), actions=actions, condition=AnalysisItem.status.is_in(*leaving)
        )
        if item.callback_hash:
            callback = CallbackItem(f"callback#{item.callback_hash}")
            write.update(
                callback,
                actions=[CallbackItem.consumed.set(True)],
                condition=CallbackItem.consumed == False,  # noqa: E712 - a DynamoDB expression
            )
        if status != "completed":
            write.update(tally_key(item), actions=[TallyItem.held.add(-1)])


def mark_settled(item: AnalysisItem) -> None:
    """Note that nothing is left to be done for a completed analysis.

    Raises
    ------
    LostRace
        If it is deleted.
    """
    actions: list[Action] = [AnalysisItem.watch.remove(), AnalysisItem.check_at.remove()]
    there = AnalysisItem.status == "completed"
    write_conditionally(lambda: analysis_key(int(item.id)).update(actions=actions, condition=there))


def save_products(item: AnalysisItem, products: dict[str, Any]) -> None:
    """Keep what was found out about the products of a completed analysis.

    Raises
    ------
    LostRace
        If it is deleted.
    """
    actions: list[Action] = [AnalysisItem.products.set(products)]
    there = AnalysisItem.status == "completed"
    write_conditionally(lambda: analysis_key(int(item.id)).update(actions=actions, condition=there))


def mark_deleted(item: AnalysisItem) -> None:
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
        write.update(
            analysis_key(int(item.id)), actions=actions, condition=AnalysisItem.status == item.status
        )
        if item.status in COUNTED:
            write.update(tally_key(item), actions=[TallyItem.held.add(-1)])


def delete_record(item: AnalysisItem) -> None:
    """Remove the record of an entombed analysis, after its blobs are gone."""
    with transaction() as write:
        if item.callback_hash:
            write.delete(CallbackItem(f"callback#{item.callback_hash}"))
        write.delete(analysis_key(int(item.id)))
