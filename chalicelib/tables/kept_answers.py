"""Answers to requests with an ``Idempotency-Key``, for a day."""

import time
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib import settings
from chalicelib.tables.analysis_items import AnalysesTableItem
from chalicelib.tables.base import PackedAttribute


class RememberedAnswerItem(AnalysesTableItem):
    """What a request was answered with; ``subject`` is a hash of the request."""

    subject = UnicodeAttribute()
    answer = PackedAttribute()


def find_answer(request: str) -> RememberedAnswerItem | None:
    """Return the answer to an earlier request, or None."""
    item = RememberedAnswerItem.find(f"answer#{request}")
    return item if item and (item.expires_at or 0) >= time.time() else None


def save_answer(request: str, subject: str, answer: Any) -> None:
    """Remember an answer; of two requests at once, the later one stays."""
    expires_at = int(time.time()) + settings.IDEMPOTENCY_SECONDS
    RememberedAnswerItem(f"answer#{request}", subject=subject, answer=answer, expires_at=expires_at).save()
