"""What the state's file tells of the last run; it needs no emulator."""

import json
import time
from pathlib import Path
from typing import Any

from infra.local.saved_state.state_file import StateFile

STATE_FILE_NAME = "state.sqlite"

ITEM_STORES = "items of "
"""How names of stores of items begin; the id of a table follows, which a later table of the same name does not have."""

MESSAGE_STORES = "messages of "
"""How names of stores of messages begin; the URL of a queue follows."""

_RUN = "run"
_IS_RUNNING = "is running"


def note_start(file: StateFile) -> None:
    """Note that a run has begun."""
    file.write({(_RUN, _IS_RUNNING): "1"})


def note_end(file: StateFile) -> None:
    """Note that the run has ended properly."""
    file.write({(_RUN, _IS_RUNNING): None})


def release_message(message: dict[str, Any], now: float) -> bool:
    """Make a message visible if a function of the last run held it; return whether one did.

    The receive that was cut short does not count: restarts must not send messages to the dead letters.
    """
    is_held = bool(message.get("receive_count", 0) > 0 and message.get("visible_at", 0) > now)
    if is_held:
        message.update(visible_at=now, receive_count=message["receive_count"] - 1, receipt_handle=None)
    return is_held


def describe_recovery(folder: Path) -> str:
    """Return in one line what a run that did not end properly has left; an empty text after one that did.

    Raises
    ------
    SavedStateError
        If the file cannot be read.
    """
    if not (folder / STATE_FILE_NAME).exists():
        return ""
    file = StateFile.open(folder / STATE_FILE_NAME)
    try:
        return _describe_records(file) if file.get(_RUN, _IS_RUNNING) else ""
    finally:
        file.close()


def _describe_records(file: StateFile) -> str:
    counts = file.count_records()
    queues = [store for store in counts if store.startswith(MESSAGE_STORES)]
    messages = [json.loads(text) for store in queues for _, text in file.iterate(store)]
    now = time.time()
    held = sum(release_message(message, now) for message in messages)
    items = sum(number for store, number in counts.items() if store.startswith(ITEM_STORES))
    return (
        f"the last run was killed; recovered all that it answered: {items:,} records and {len(messages):,} messages "
        f"of queues, {held:,} of them in work"
    )
