"""A deletion that is repeated, because its answer was lost, answers as the first one would have.

An attempt is counted before the view runs. If the view then finds nothing to delete, and an earlier attempt of the same
user did not fail with an answer, that attempt deleted it.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from chalicelib.access import Requester
from chalicelib.errors import HeliographError, HiddenError, NotFoundError
from chalicelib.tables.deletion_attempts import count_attempt, forget_attempts


def delete_once(requester: Requester, request: list[Any], delete: Callable[[], None]) -> None:
    """Delete something, or do nothing if an earlier attempt of the requester did.

    Parameters
    ----------
    requester : Requester
        Who deletes.
    request : list
        JSON of all that the request says.
    delete : callable
        Deletes it.
    """
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    key = f"{requester.user_id}#{digest[:32]}"
    is_first = count_attempt(key) == 1
    try:
        delete()
    except HeliographError as error:
        if not is_first and isinstance(error, NotFoundError | HiddenError):
            return
        if is_first and error.status < 500:
            forget_attempts(key)
        raise
