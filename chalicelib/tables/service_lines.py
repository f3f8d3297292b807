"""What is remembered of sending to one service: who holds its slots, why it is paused, whether analyses wait for it.

The analyses that wait are in the index *by_line* of their own records. The item of their service is in the index
*by_watch* as long as there may be some, so that the sweep finds every line.
"""

import time
from collections.abc import Iterable
from contextlib import suppress

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib.tables.analysis_items import WATCHED_LINES, AnalysesTableItem, AnalysisItem
from chalicelib.tables.base import IntegerAttribute, StateChanged

MARK_SECONDS = 60.0
"""How old the mark of a line may be when another analysis joins the line without renewing it."""

FORGET_SECONDS = 300.0
"""Age of the mark at which an empty line is forgotten: by then its index shows all that joined before."""

TURN_SECONDS = 7 * 86400
"""How long the last place of an author is kept."""

RETIRE_SECONDS = 86400
"""How long the item of a deleted service is kept."""


class ServiceLineItem(AnalysesTableItem):
    """How a service is sent analyses.

    Attributes
    ----------
    slots : dict
        The slots that are taken: their numbers, and until when (Unix seconds).
    turn : float
        The place in line of the analysis that was sent last.
    failures, last_failure, failed_at
        How many attempts in a row failed for the service's own fault, and why and when (UTC) the last of them did.
    paused_until, paused_at, pause_seconds : optional
        While it is paused: until when, since when, and for how long about.
    asked_until, asks : optional
        Until when the service asked to wait, and how many times in a row it did.
    marked_at : float, optional
        When an analysis joined its line; the mark is renewed now and then.
    """

    slots: MapAttribute[str, float] = MapAttribute(default=dict)  # type: ignore[no-untyped-call]
    turn = NumberAttribute(default=0)
    failures = IntegerAttribute(default=0)
    last_failure = UnicodeAttribute(null=True)
    failed_at = UnicodeAttribute(null=True)
    paused_until = NumberAttribute(null=True)
    paused_at = NumberAttribute(null=True)
    pause_seconds = NumberAttribute(null=True)
    asked_until = NumberAttribute(null=True)
    asks = IntegerAttribute(default=0)
    marked_at = NumberAttribute(null=True)
    watch = UnicodeAttribute(null=True)
    check_at = NumberAttribute(null=True)

    @property
    def service_id(self) -> int:
        """The service."""
        return int(self.key.partition("#")[2])

    @property
    def may_have_waiting(self) -> bool:
        """Whether analyses may wait in its line."""
        return self.watch is not None

    @property
    def is_paused(self) -> bool:
        """Whether the service is paused after failures: nothing but one attempt at a time is made."""
        return self.paused_until is not None

    @property
    def next_try_at(self) -> float:
        """When the service may be sent something again; in the past if it may be now."""
        return max(float(self.paused_until or 0), float(self.asked_until or 0))

    def list_free_slots(self, limit: int) -> list[int]:
        """Return the numbers of the slots that are free, of those below `limit`."""
        taken = self.slots.attribute_values
        return [number for number in range(limit) if taken.get(str(number), 0) < time.time()]


class TurnItem(AnalysesTableItem):
    """The last place of an author in the line of a service."""

    place = NumberAttribute(default=0)


def line_key(service_id: int) -> ServiceLineItem:
    """Return an item that has nothing but the key of a service's line."""
    return ServiceLineItem(f"line#{service_id}")


def slot_path(number: int) -> Path:
    """Return where an item holds a slot."""
    return Path(["slots", str(number)])


def find_service_line(service_id: int) -> ServiceLineItem:
    """Return what is remembered of a service; of one that was never sent anything, the defaults."""
    return ServiceLineItem.find(line_key(service_id).key) or line_key(service_id)


def find_service_lines(service_ids: Iterable[int]) -> dict[int, ServiceLineItem]:
    """Return what is remembered of those of the services that were sent anything, by id."""
    keys = (line_key(service_id).key for service_id in service_ids)
    return {line.service_id: line for line in ServiceLineItem.find_many(keys)}


def open_service_line(service_id: int) -> ServiceLineItem:
    """Return what is remembered of a service; begin to remember it if nothing is."""
    line = ServiceLineItem.find(line_key(service_id).key)
    if line is None:
        line = line_key(service_id)
        # The map must exist before one of its elements can be set.
        line.update(actions=[ServiceLineItem.slots.set(ServiceLineItem.slots | {})])
    return line


def list_watched_lines() -> list[int]:
    """Return the services for which analyses may wait in line."""
    entries = AnalysisItem.by_watch.query(WATCHED_LINES)
    return [int(entry.key.partition("#")[2]) for entry in entries]


def mark_line(line: ServiceLineItem) -> bool:
    """Record that an analysis is about to join a line; return False if that was recorded a short time ago.

    Raises
    ------
    StateChanged
        If the service was deleted.
    """
    if line.watch and float(line.marked_at or 0) > time.time() - MARK_SECONDS:
        return False
    current_time = time.time()
    actions: list[Action] = [
        ServiceLineItem.marked_at.set(current_time),
        ServiceLineItem.watch.set(WATCHED_LINES),
        ServiceLineItem.check_at.set(current_time),
    ]
    line.update_if(actions, ServiceLineItem.key.exists())
    return True


def forget_line(line: ServiceLineItem) -> None:
    """Record that nothing waits in a line whose mark is old, unless it was renewed since it was read."""
    if float(line.marked_at or 0) > time.time() - FORGET_SECONDS:
        return
    actions: list[Action] = [ServiceLineItem.watch.remove(), ServiceLineItem.check_at.remove()]
    with suppress(StateChanged):
        line.update_if(actions, ServiceLineItem.marked_at == line.marked_at)


def choose_place(line: ServiceLineItem, author_id: int) -> float:
    """Return the place of an author's next analysis in a line: one behind their last, and not before anyone's turn.

    So the authors take turns: a batch of thousands does not hold up the one analysis of somebody else.
    """
    turn = TurnItem(f"turn#{line.service_id}#{author_id}")
    expiry = TurnItem.expires_at.set(int(time.time()) + TURN_SECONDS)
    turn.update(actions=[TurnItem.place.add(1), expiry])
    if turn.place <= line.turn:
        turn.update(actions=[TurnItem.place.set(line.turn + 1)])
    return float(turn.place)


def retire_service_line(service_id: int) -> None:
    """Have DynamoDB delete what is remembered of a deleted service, when no sender can be using it any more."""
    actions: list[Action] = [
        ServiceLineItem.expires_at.set(int(time.time()) + RETIRE_SECONDS),
        ServiceLineItem.watch.remove(),
        ServiceLineItem.check_at.remove(),
    ]
    with suppress(StateChanged):
        line_key(service_id).update_if(actions, ServiceLineItem.key.exists())
