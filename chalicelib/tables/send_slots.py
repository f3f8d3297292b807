"""Slots for sending: how many requests one service is sent at a time, and what came of each.

What came of a request is written together with the slot that it frees: see `ServiceLineItem`.
"""

import random
import time
from contextlib import suppress
from dataclasses import dataclass

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import settings
from chalicelib.tables.base import StateChanged, timestamp
from chalicelib.tables.service_lines import ServiceLineItem, find_service_line, line_key, open_service_line, slot_path

MOST_COLLISIONS = 5
"""How often a slot is chosen that another invocation takes first."""

FAILURES_UNTIL_PAUSE = 5
"""Attempts in a row that fail for the service's own fault, until it is paused."""

FIRST_PAUSE = 30.0
LONGEST_PAUSE = 600.0
"""Seconds of a pause: the first, and the most; each is twice as long as the one before."""

SHORTEST_ASKED = 5.0
LONGEST_ASKED = 3600.0
"""Seconds that a service can ask to wait: the least, doubled each time that it asks again, and the most."""


@dataclass
class Slot:
    """A slot of a service, taken until a time (Unix seconds).

    Attributes
    ----------
    line : ServiceLineItem
        What was remembered of the service when the slot was taken.
    number : int
        Its number.
    until : float
        When it is free again if its holder dies.
    is_probe : bool
        Whether the service is paused, and this is the one attempt that finds out if it works again.
    """

    line: ServiceLineItem
    number: int
    until: float
    is_probe: bool


def take_slot(service_id: int, limit: int) -> Slot | None:
    """Take a slot for `settings.DISPATCH_LEASE` seconds.

    Parameters
    ----------
    service_id : int
        The service.
    limit : int
        How many slots it has.

    Returns
    -------
    Slot or None
        None if all are taken, or the service is paused.
    """
    for _ in range(MOST_COLLISIONS):
        line = open_service_line(service_id)
        numbers = line.list_free_slots(limit)
        if not numbers or line.next_try_at > time.time():
            return None
        slot = Slot(line, random.choice(numbers), time.time() + settings.DISPATCH_LEASE, line.is_paused)  # noqa: S311
        if _try_slot(slot):
            return slot
    return None


def _try_slot(slot: Slot) -> bool:
    """Write that a slot is taken; return False if another invocation changed it, or the pause, first."""
    path = slot_path(slot.number)
    is_free: Condition = path.does_not_exist() | (path < time.time())
    actions: list[Action] = [path.set(slot.until)]
    if slot.is_probe:
        actions.append(ServiceLineItem.paused_until.set(slot.until))
        condition = is_free & (ServiceLineItem.paused_until == slot.line.paused_until)
    else:
        condition = is_free & ServiceLineItem.paused_until.does_not_exist()
    try:
        slot.line.update_if(actions, condition)
    except StateChanged:
        return False
    return True


def free_slot(slot: Slot, turn: float | None = None) -> ServiceLineItem:
    """Free a slot without any news of the service; a probe is then for the next to make.

    Parameters
    ----------
    slot : Slot
        The slot.
    turn : float, optional
        The place in line of the analysis that was sent.

    Returns
    -------
    ServiceLineItem
        What is remembered of the service now.
    """
    return _free(slot, [ServiceLineItem.paused_until.set(time.time())] if slot.is_probe else [], turn)


def free_slot_of_success(slot: Slot, turn: float | None = None) -> ServiceLineItem:
    """Free a slot after the service answered; what was counted against it is forgotten, and a pause ends."""
    return _free(slot, _forget_failures(), turn)


def free_slot_of_failure(slot: Slot, reason: str, turn: float | None = None) -> ServiceLineItem:
    """Free a slot after an attempt failed for the service's own fault; pause the service if it is one too many."""
    actions: list[Action] = [
        ServiceLineItem.failures.add(1),
        ServiceLineItem.last_failure.set(reason),
        ServiceLineItem.failed_at.set(timestamp()),
    ]
    if slot.is_probe:
        longer = min(LONGEST_PAUSE, 2 * float(slot.line.pause_seconds or FIRST_PAUSE))
        return _free(slot, [*actions, *_pause_again(longer)], turn)
    line = _free(slot, actions, turn)
    if line.failures >= FAILURES_UNTIL_PAUSE and not line.is_paused:
        _begin_pause(line)
    return line


def free_slot_of_request_to_wait(slot: Slot, seconds: float, turn: float | None = None) -> ServiceLineItem:
    """Free a slot after the service asked to wait; nobody sends it anything until then."""
    asks = int(slot.line.asks)
    # One that asks for no time, again and again, is not sent a request each moment.
    least = min(LONGEST_PAUSE, SHORTEST_ASKED * 2 ** min(asks, 10))
    until = time.time() + min(LONGEST_ASKED, max(least, seconds * random.uniform(1.0, 1.1)))  # noqa: S311
    until = max(until, float(slot.line.asked_until or 0))
    actions: list[Action] = [ServiceLineItem.asked_until.set(until), ServiceLineItem.asks.set(asks + 1)]
    if slot.is_probe:
        actions.append(ServiceLineItem.paused_until.set(until))
    return _free(slot, actions, turn)


def forget_service_failures(service_id: int) -> None:
    """End a pause of a service that works after all."""
    with suppress(StateChanged):
        line_key(service_id).update_if(_forget_failures(), ServiceLineItem.key.exists())


def resume_service(service_id: int) -> None:
    """End a pause of a service, and what it asked to wait: it was changed, or reached otherwise."""
    with suppress(StateChanged):
        actions = [*_forget_failures(), ServiceLineItem.asked_until.remove()]
        line_key(service_id).update_if(actions, ServiceLineItem.key.exists())


def _forget_failures() -> list[Action]:
    ended = ("paused_until", "paused_at", "pause_seconds", "last_failure", "failed_at")
    counts = [ServiceLineItem.failures.set(0), ServiceLineItem.asks.set(0)]
    return [*counts, *(getattr(ServiceLineItem, name).remove() for name in ended)]


def _pause_again(seconds: float) -> list[Action]:
    until = time.time() + seconds * random.uniform(0.5, 1.5)  # noqa: S311
    return [ServiceLineItem.paused_until.set(until), ServiceLineItem.pause_seconds.set(seconds)]


def _begin_pause(line: ServiceLineItem) -> None:
    """Pause a service, unless it is paused already, or an attempt succeeded meanwhile."""
    actions: list[Action] = [ServiceLineItem.paused_at.set(time.time()), *_pause_again(FIRST_PAUSE)]
    is_failing = ServiceLineItem.paused_until.does_not_exist() & (ServiceLineItem.failures >= FAILURES_UNTIL_PAUSE)
    with suppress(StateChanged):
        line.update_if(actions, is_failing)


def _free(slot: Slot, actions: list[Action], turn: float | None) -> ServiceLineItem:
    """Free a slot and write what came of it; if another holds it meanwhile, what came of it counts all the same."""
    path = slot_path(slot.number)
    if turn is not None:
        actions = [*actions, ServiceLineItem.turn.set(turn)]
    line = line_key(slot.line.service_id)
    with suppress(StateChanged):
        line.update_if([*actions, path.remove()], path == slot.until)
        return line
    if actions and not slot.is_probe:
        with suppress(StateChanged):
            line.update_if(actions, ServiceLineItem.key.exists())
            return line
    return find_service_line(slot.line.service_id)
