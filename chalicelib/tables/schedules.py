"""Work that is done once in a while: the time from which it is due again, the time of its last run."""

import time

from pynamodb.attributes import UnicodeAttribute

from chalicelib.tables.base import IntegerAttribute, Registry, StateChanged, timestamp


class ScheduleItem(Registry):
    """When some work is due (kind ``schedule``), in Unix seconds."""

    due_at = IntegerAttribute(default=0)


def claim_work(name: str, seconds: int) -> bool:
    """Return whether some work is due, and if so, have it due again after `seconds`: one caller gets it."""
    current_time = int(time.time())
    is_due = ScheduleItem.due_at.does_not_exist() | (ScheduleItem.due_at <= current_time)
    try:
        ScheduleItem("schedule", name).update_if([ScheduleItem.due_at.set(current_time + seconds)], is_due)
    except StateChanged:
        return False
    return True


class RunItem(Registry):
    """When some work was done last (kind ``run``)."""

    at = UnicodeAttribute()


def note_run(name: str) -> None:
    """Note that some work was done now."""
    RunItem("run", name).update(actions=[RunItem.at.set(timestamp())])


def find_last_run(name: str) -> str | None:
    """Return when some work was done last, or None if it never was."""
    item = RunItem.find("run", name)
    return item.at if item else None
