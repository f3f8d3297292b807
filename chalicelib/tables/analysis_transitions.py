"""Every change of an analysis' state: one conditional write, which names the state that it leaves.

::

    queued --sent--> pending --callback--> completed | failure
       |                |
       +--> failure     +--> timed_out (after invalid_after)
       +--> cancelled <-+

If another write changed the state first, `StateChanged` is raised.
"""

import time
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.log_context import record_metric
from chalicelib.tables.analyses import LISTINGS_PER_TRANSACTION
from chalicelib.tables.analysis_items import (
    COUNTED,
    WAITING,
    AnalysisItem,
    CallbackItem,
    ListingItem,
    Products,
    TallyItem,
    analysis_key,
    choose_watch,
    listing_items,
    tally_key,
)
from chalicelib.tables.base import changes_to_actions, timestamp, transaction

OUT_OF_LINE: dict[str, Any] = {"line": None, "place": None, "waits_since": None}
"""The changes that take an analysis out of its line."""


def lease_analysis(item: AnalysisItem, invalid_after: str) -> None:
    """Take the right to send a queued analysis, for `settings.DISPATCH_LEASE` seconds, and take it out of its line.

    When the service's timeout has passed since the first lease, no further attempt is to begin.

    Parameters
    ----------
    item : AnalysisItem
        The analysis.
    invalid_after : str
        Until when the service can call back, if it takes the data now.

    Raises
    ------
    StateChanged
        If it is no longer queued, or another invocation has leased it since it was read.
    """
    until = time.time() + settings.DISPATCH_LEASE
    is_free = (
        (AnalysisItem.status == "queued")
        & (AnalysisItem.lease_until < time.time())
        & (AnalysisItem.attempts == item.attempts)
    )
    changes = {
        "lease_until": until,
        "invalid_after": invalid_after,
        "give_up_at": item.give_up_at or time.time() + float(item.timeout),
        "check_at": until + settings.CHECK_AFTER,
        "modified": timestamp(),
    }
    item.update_if([*_set(changes | OUT_OF_LINE), AnalysisItem.attempts.add(1)], is_free)


def postpone_sending(item: AnalysisItem, seconds: float, message: str) -> None:
    """Keep the lease until the queue delivers the message again, after `seconds`.

    Raises
    ------
    StateChanged
        If it is no longer queued.
    """
    changes = {
        # A second message must not send it earlier.
        "lease_until": time.time() + seconds - 1.0,
        "status_message": message,
        "check_at": time.time() + seconds + settings.UNSENT_AFTER,
        "modified": timestamp(),
    }
    item.update_if(_set(changes), AnalysisItem.status == "queued")


def join_line(item: AnalysisItem, place: float, message: str, check_at: float, *, counts: bool = True) -> None:
    """Have a queued analysis wait in the line of its service, without a message and without a lease.

    Parameters
    ----------
    item : AnalysisItem
        The analysis, as it was read, or as `lease_analysis` left it.
    place : float
        Its place in the line.
    message : str
        The new status message.
    check_at : float
        When the sweep checks it, if it still waits then.
    counts : bool
        Whether the attempt that was leased, if any, counts.

    Raises
    ------
    StateChanged
        If it is no longer queued, or another invocation has leased it since.
    """
    is_unchanged = (
        (AnalysisItem.status == "queued")
        & (AnalysisItem.attempts == item.attempts)
        & (AnalysisItem.lease_until == item.lease_until)
    )
    changes = {
        "line": item.analysis_service_id,
        "place": place,
        "waits_since": time.time(),
        "lease_until": 0,
        "status_message": message,
        "check_at": check_at,
        "modified": timestamp(),
    }
    actions = _set(changes)
    item.update_if(actions if counts else [*actions, AnalysisItem.uncounted.add(1)], is_unchanged)


def mark_sent(item: AnalysisItem, message: str, deadline: float, *, is_answered: bool = True) -> None:
    """Change from queued to pending: the service has the data, and time until `deadline`.

    Parameters
    ----------
    item : AnalysisItem
        The analysis.
    message : str
        The new status message.
    deadline : float
        The end of its time (Unix seconds).
    is_answered : bool
        Whether the service answered that it has the data.

    Raises
    ------
    StateChanged
        If it is no longer queued: a callback came before the service's own response.
    """
    activity = timestamp()
    changes = {
        "status": "pending",
        "status_message": message,
        "unanswered": None if is_answered else True,
        "watch": choose_watch("pending", item.id),
        "check_at": deadline,
        "last_activity": activity,
        "modified": activity,
    }
    item.update_if(_set(changes), AnalysisItem.status == "queued")


def postpone_check(item: AnalysisItem, check_at: float) -> None:
    """Have the sweep check an analysis again at a time (Unix seconds).

    Raises
    ------
    StateChanged
        If it changed since it was read.
    """
    is_unchanged = (AnalysisItem.status == item.status) & (AnalysisItem.check_at == item.check_at)
    changes = {"watch": choose_watch(item.status, item.id), "check_at": check_at}
    AnalysisItem(item.key).update_if(_set(changes), is_unchanged)


def save_progress(item: AnalysisItem, progress: float | None, message: str) -> None:
    """Save what the service reports: its progress from 0 to 1, if it says so, and a message.

    Raises
    ------
    StateChanged
        If the analysis has ended.
    """
    activity = timestamp()
    changes: dict[str, Any] = {"status_message": message, "last_activity": activity, "modified": activity}
    if progress is not None:
        changes["progress"] = progress
    item.update_if(_set(changes), _status_in(WAITING))


def end_analysis(
    item: AnalysisItem,
    status: str,
    message: str,
    *,
    leaving: tuple[str, ...] = WAITING,
    document: str | None = None,
    products: Products | None = None,
    duration: float | None = None,
    is_written_back: bool = True,
) -> None:
    """Change to a final state and consume the callback, in one transaction; update `item` likewise.

    Parameters
    ----------
    item : AnalysisItem
        The analysis; of its state nothing is assumed but `leaving`.
    status : str
        ``completed``, ``failure``, ``timed_out`` or ``cancelled``.
    message : str
        The new status message.
    leaving : tuple of str
        The states that it may be in now.
    document, products, duration : optional
        The prefix of its stored document, what the record says of it, and the seconds since its start.
    is_written_back : bool
        False if work is left, so that the sweep checks it again.

    Raises
    ------
    StateChanged
        If it is in another state.
    """
    activity = timestamp()
    changes = {
        "status": status,
        "status_message": message,
        "last_activity": activity,
        "modified": activity,
        "document": document,
        "stored_products": products,
        "duration": duration,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    watch = _watch_no_more() if is_written_back else _watch(status, item.id)
    with transaction() as write:
        write.update(analysis_key(item.id), _set(changes | watch | OUT_OF_LINE), _status_in(leaving))
        if item.callback_hash:
            write.update(
                CallbackItem(f"callback#{item.callback_hash}"),
                [CallbackItem.consumed.set(True)],
                CallbackItem.consumed == False,  # noqa: E712 - a DynamoDB expression
            )
        if status != "completed":
            write.update(tally_key(item), [TallyItem.held.add(-1)])
    for name, value in changes.items():
        setattr(item, name, value)
    record_metric("Ended", 1, "Count", Status=status)


def mark_written_back(item: AnalysisItem) -> None:
    """Record that no work is left for a completed analysis.

    Raises
    ------
    StateChanged
        If it was deleted.
    """
    analysis_key(item.id).update_if(_set(_watch_no_more()), _status_in(("completed",)))


def save_products(item: AnalysisItem, products: Products) -> None:
    """Save what the results of a completed analysis turned out to hold.

    Raises
    ------
    StateChanged
        If it was deleted.
    """
    analysis_key(item.id).update_if(_set({"stored_products": products}), _status_in(("completed",)))


def mark_deleted(item: AnalysisItem) -> None:
    """Hide an analysis for good; the sweep deletes the rest if no other job does.

    Raises
    ------
    StateChanged
        If its state changed since it was read.
    """
    changes = {"status": "deleted", **_watch("deleted", item.id)}
    with transaction() as write:
        write.update(analysis_key(item.id), _set(changes), AnalysisItem.status == item.status)
        if item.status in COUNTED:
            write.update(tally_key(item), [TallyItem.held.add(-1)])


def delete_record(item: AnalysisItem) -> None:
    """Delete the record of an analysis that is marked deleted, with its listings and its callback."""
    entries = listing_items(item)
    if entries[LISTINGS_PER_TRANSACTION:]:
        with ListingItem.batch_write() as batch:
            for entry in entries[LISTINGS_PER_TRANSACTION:]:
                batch.delete(entry)
    with transaction() as write:
        for entry in entries[:LISTINGS_PER_TRANSACTION]:
            write.delete(entry)
        if item.callback_hash:
            write.delete(CallbackItem(f"callback#{item.callback_hash}"))
        write.delete(analysis_key(item.id))


def _set(changes: dict[str, Any]) -> list[Action]:
    return changes_to_actions(AnalysisItem, changes)


def _status_in(states: tuple[str, ...]) -> Condition:
    condition: Condition = AnalysisItem.status.is_in(*states)
    return condition


def _watch(status: str, analysis_id: int) -> dict[str, Any]:
    return {"watch": choose_watch(status, analysis_id), "check_at": time.time() + settings.CHECK_AFTER}


def _watch_no_more() -> dict[str, Any]:
    return {"watch": None, "check_at": None}
