"""What has to change in the emulator's saved state before it starts again.

AWS does not stop; an emulator does, and what it saved is a picture of a moment: messages held by
functions that are gone, and triggers that would start at once, with the functions of the last run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["pause_triggers", "release_messages"]


def release_messages(folder: Path, now: float | None = None) -> int:
    """Make visible every message that somebody held, and return how many there were.

    The receive that was cut short does not count, so that restarts send nothing to the dead letters.

    Parameters
    ----------
    folder
        The emulator's state folder.
    now
        The time, for tests.
    """
    moment = time.time() if now is None else now
    released = 0

    def release(queue: dict[str, Any]) -> None:
        nonlocal released
        for message in queue.get("messages", []):
            if message.get("receive_count", 0) > 0 and message.get("visible_at", 0) > moment:
                message["visible_at"] = moment
                message["receive_count"] -= 1
                message["receipt_handle"] = None
                released += 1

    _edit(folder / "sqs.json", "queues", release)
    return released


def pause_triggers(folder: Path) -> None:
    """Switch off every event source mapping; the deployment switches them on when all is in place."""

    def pause(mapping: dict[str, Any]) -> None:
        mapping["Enabled"] = False
        mapping["State"] = "Disabled"

    _edit(folder / "lambda.json", "esms", pause)


def _edit(path: Path, store: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Apply a change to every record of one store of one service's state file."""
    if not path.exists():
        return
    state = json.loads(path.read_text())
    try:
        records = state["payload"][store]["data"].values()
    except (KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not the state of the pinned ministack (expected payload.{store}.data in it). "
            "It may come from another version: `make clean` starts afresh, without the old records."
        ) from error
    for record in records:
        change(record)
    scratch = path.with_suffix(".edited")
    scratch.write_text(json.dumps(state))
    scratch.replace(path)
