"""Whether this deployment does its work: its queues, its sweep, the analyses of the last hour."""

from collections import Counter
from datetime import timedelta
from itertools import islice, takewhile
from typing import Any

from chalicelib import queues
from chalicelib.tables.analyses import RECORDS_PER_READ, iterate_newest
from chalicelib.tables.base import EVERYONE, now
from chalicelib.tables.schedules import find_last_run

SWEEP = "sweep"
"""The name under which each run of the sweep is noted."""

MOST_RECORDS = 2000
"""Analyses that are counted at most."""


def read_health() -> dict[str, Any]:
    """Return the fields of `chalicelib.schemas.health.Health`."""
    begin = (now() - timedelta(hours=1)).isoformat()
    newest = islice(iterate_newest([EVERYONE], None, RECORDS_PER_READ), MOST_RECORDS)
    items = list(takewhile(lambda item: item.created_at >= begin, newest))
    return {
        "queues": [{"name": name, **queues.count_messages(name)} for name in queues.ALL],
        "last_sweep": find_last_run(SWEEP),
        "oldest_waiting": min((item.created_at for item in items if item.status == "queued"), default=None),
        "last_hour": dict(Counter(item.status for item in items)),
    }
