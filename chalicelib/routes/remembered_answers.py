"""A POST that is repeated with its ``Idempotency-Key`` is answered as the first one was, and does nothing again.

Analyses, batches and uploads remember their key in the transaction that adds the record. All other requests do so here,
after they succeeded: what a crash leaves between the two is done again.
"""

import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import KeyReusedError
from chalicelib.routes.responses import Reply
from chalicelib.tables.kept_answers import find_answer, save_answer

log = logging.getLogger(__name__)

MOST_CHARACTERS = 200_000
"""Characters of JSON of an answer that is remembered."""


def answer_once(requester: Requester, key: str, operation: str, request: list[Any], answer: Callable[[], Any]) -> Any:
    """Return what an earlier request with the same key was answered with, or answer this one.

    Parameters
    ----------
    requester : Requester
        The user whose key it is.
    key : str
        The key.
    operation : str
        The method and path pattern: the same key may be used for another one.
    request : list
        JSON of all that the request says.
    answer : callable
        Does what the request asks for, and returns the result of its view.

    Raises
    ------
    KeyReusedError
        If the key was sent with another request.
    """
    name = f"{requester.user_id}#{_hash_text(f'{operation}/{key}')}"
    subject = _hash_text(json.dumps(request, sort_keys=True))
    earlier = find_answer(name)
    if earlier is None:
        result = answer()
        _try_save(name, subject, result)
        return result
    if earlier.subject != subject:
        raise KeyReusedError
    return Reply(earlier.answer["data"], beside=earlier.answer["beside"])


def _try_save(name: str, subject: str, result: Any) -> None:
    """Remember an answer; the request has succeeded, so that this may fail."""
    if not isinstance(result, Reply | dict | list | str | int | None):
        return
    reply = result if isinstance(result, Reply) else Reply(result)
    content = {"data": reply.data, "beside": reply.beside}
    try:
        if len(json.dumps(content)) <= MOST_CHARACTERS:
            save_answer(name, subject, content)
    except Exception:
        log.exception("an answer could not be remembered")


def _hash_text(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
