"""Idempotency keys: a request or a job that comes twice starts an analysis once.

A key belongs to its user and to the kind of request, and stands for one request: with another one it is refused.
"""

import hashlib
import json
from typing import Any

from chalicelib import settings
from chalicelib.access import Requester
from chalicelib.errors import KeyReusedError
from chalicelib.tables.analyses import IdempotencyKey, IdempotencyKeyUsed, find_idempotency_item


def scope_key(
    requester: Requester, key: str | None, kind: str, subject: Any, seconds: int = settings.IDEMPOTENCY_SECONDS
) -> IdempotencyKey | None:
    """Return an idempotency key as it is stored, or None if the request has none.

    Parameters
    ----------
    requester : Requester
        The user whose key it is.
    key : str or None
        The key as it was sent.
    kind : str
        The kind of request: the same key may be used for one of each kind.
    subject : object
        JSON of all that the request asks for.
    seconds : int
        How long it is remembered.
    """
    if not key:
        return None
    digest = hashlib.sha256(f"{kind}/{key}".encode("utf-8", "surrogatepass")).hexdigest()
    fingerprint = hashlib.sha256(json.dumps(subject, sort_keys=True, default=str).encode()).hexdigest()
    return IdempotencyKey(f"{requester.user_id}#{digest}", fingerprint, seconds)


def find_earlier_id(key: IdempotencyKey | None) -> int | None:
    """Return the id that an earlier request with this key was answered with, or None.

    Raises
    ------
    KeyReusedError
        If that was another request.
    """
    item = find_idempotency_item(key.key) if key else None
    return _require_same_request(key, item.subject, item.analysis_id) if key and item else None


def get_earlier_id(key: IdempotencyKey | None, used: IdempotencyKeyUsed) -> int:
    """Return the id of a request that came in between with this key.

    Raises
    ------
    KeyReusedError
        If that was another request.
    """
    return _require_same_request(key, used.subject, used.earlier_id)


def _require_same_request(key: IdempotencyKey | None, subject: str | None, earlier_id: int) -> int:
    if key and subject not in (None, key.subject):
        raise KeyReusedError
    return earlier_id
