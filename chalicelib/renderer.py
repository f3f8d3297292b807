"""The edge to the renderer: a container function without any permission.

It opens what must not be opened next to secrets (joblib, netCDF) and gets nothing but two
presigned URLs: one to read a blob from, one to write its picture or its JSON to.
"""

from typing import Any

from chalicelib import blobs, lambda_functions
from chalicelib.errors import UnreadableError

__all__ = ["render_blob"]


def render_blob(task: str, source: str, target: str, content_type: str, **options: Any) -> None:
    """Have a blob rendered into another blob.

    Parameters
    ----------
    task : str
        ``results`` (joblib to JSON), ``corner`` (samples to a corner plot), ``periodogram`` (a light
        curve to its periods) or ``deredden`` (photometry corrected for extinction).
    source, target : str
        Keys of the blob to read and of the blob to write.
    content_type : str
        What is written.
    **options
        What the task needs besides (``format``, ``plot_kwargs``, ``options``).

    Raises
    ------
    UnreadableError
        If the renderer refuses the blob or the options, with its reason.
    UnavailableError
        If it does not answer.
    """
    event = {
        "task": task,
        "source": blobs.presign_download(source),
        "target": blobs.presign_upload(target, content_type),
        **options,
    }
    try:
        outcome = lambda_functions.invoke_function(lambda_functions.RENDER, event)
    except lambda_functions.FunctionFailed:
        raise UnreadableError(
            "The renderer could not cope with this: it is too large, or too much to draw."
        ) from None
    if not outcome.get("ok"):
        raise UnreadableError(str(outcome.get("error", "it cannot be read")))
