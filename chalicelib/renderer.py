"""Calls of the renderer, a container function without any permission.

It opens files that must not be opened next to secrets (joblib, netCDF). It gets only presigned
URLs: one to read a blob from, and one to write its picture or JSON to.
"""

from typing import Any

from chalicelib import blobs, lambda_functions
from chalicelib.errors import NotFoundError, UnavailableError, UnreadableError

_MISSING = "missing_group"
"""The renderer's word for a netCDF file without a group that the task needs."""

_BUSY = "busy"
"""The renderer's word for a task that may succeed later."""


def render_blob(task: str, source: str, target: str, content_type: str, **options: Any) -> None:
    """Render a blob into another blob.

    Parameters
    ----------
    task : str
        ``results`` (joblib to JSON), ``corner`` (samples to a corner plot), ``light_curve`` and
        ``posterior_plot`` (netCDF to a picture), ``periodogram`` (a light curve to its periods),
        ``deredden`` (photometry corrected for extinction) or ``table`` (a FITS, VOTable or ECSV table to
        JSON columns).
    source, target : str
        Keys of the blob to read and of the blob to write.
    content_type : str
        Of the blob to write.
    **options
        Further values that the task needs (``format``, ``plot_kwargs``, ``options``).

    Raises
    ------
    NotFoundError
        If the blob is sound, but lacks what the task needs.
    UnreadableError
        If the renderer refuses the blob or the options, with its reason.
    UnavailableError
        If it fails, is busy or does not respond. A document that takes too much is no such case.
    """
    event = {
        "task": task,
        "source": blobs.presign_download(source),
        "target": blobs.presign_upload(target, content_type),
        **options,
    }
    try:
        result = lambda_functions.invoke_function(lambda_functions.RENDER, event)
    except lambda_functions.FunctionFailed:
        raise UnavailableError("The renderer failed. Try again in a minute.") from None
    if result.get("reason") == _BUSY:
        raise UnavailableError(str(result.get("error")))
    if result.get("reason") == _MISSING:
        raise NotFoundError(str(result.get("error")))
    if not result.get("ok"):
        raise UnreadableError(str(result.get("error", "it cannot be read")))
