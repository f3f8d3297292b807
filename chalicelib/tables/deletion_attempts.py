"""Attempts to delete something, for a day: a request that is repeated, because its answer was lost, is known."""

import time

from chalicelib.tables.analysis_items import AnalysesTableItem
from chalicelib.tables.base import IntegerAttribute

KEPT_SECONDS = 86400
"""How long an attempt is stored."""


class DeletionAttemptsItem(AnalysesTableItem):
    """How often one user sent one request to delete something."""

    attempts = IntegerAttribute(default=0)


def count_attempt(request: str) -> int:
    """Count an attempt; return how many there were with this one."""
    item = DeletionAttemptsItem(f"deletion#{request}")
    expires_at = int(time.time()) + KEPT_SECONDS
    item.update(actions=[DeletionAttemptsItem.attempts.add(1), DeletionAttemptsItem.expires_at.set(expires_at)])
    return item.attempts


def forget_attempts(request: str) -> None:
    """Forget the attempts: nothing was deleted."""
    DeletionAttemptsItem(f"deletion#{request}").delete()
