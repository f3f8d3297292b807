"""The edge to the renderer: a container function without any permission.

It opens what must not be opened next to secrets (joblib, netCDF) and gets nothing but two
presigned URLs: one to read a blob from, one to write its picture or its JSON to.
"""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import blobs, settings
from chalicelib.aws import client
from chalicelib.errors import UnavailableError, UnreadableError

__all__ = ["render"]


def render(task: str, source: str, target: str, content_type: str, **options: Any) -> None:
    """Have a blob rendered into another blob.

    Parameters
    ----------
    task : str
        ``results`` (joblib to JSON) or ``corner`` (samples to a corner plot).
    source, target : str
        Keys of the blob to read and of the blob to write.
    content_type : str
        What is written.
    **options
        What the task needs besides (``format``, ``plot_kwargs``).

    Raises
    ------
    UnreadableError
        If the renderer refuses the blob or the options, with its reason.
    UnavailableError
        If it does not answer.
    """
    event = {
        "task": task,
        "source": blobs.link(source),
        "target": blobs.upload_link(target, content_type),
        **options,
    }
    try:
        answer = client("lambda", read_timeout=24.0, attempts=1).invoke(
            FunctionName=settings.name("render"), Payload=json.dumps(event).encode()
        )
        outcome = json.loads(answer["Payload"].read() or b"null")
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError("The renderer did not answer in time. Try again in a minute.") from error
    if answer.get("FunctionError") or not isinstance(outcome, dict):
        raise UnreadableError("The renderer could not cope with this: it is too large, or too much to draw.")
    if not outcome.get("ok"):
        raise UnreadableError(str(outcome.get("error", "it cannot be read")))
