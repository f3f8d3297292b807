"""The renderer's tasks: an event in, an answer out; sources and products go by presigned URLs.

::

    {"task": "results", "source": url, "target": url}
        a joblib file -> application/json
    {"task": "corner", "source": url, "format": "netcdf4" | "json", "target": url, "plot_kwargs": {}}
        samples -> image/png
    {"task": "periodogram", "source": url, "target": url, "options": {}}
        a light curve as JSON -> application/json
    {"task": "deredden", "source": url, "target": url}
        the inputs of an analysis as JSON -> the same, their photometry without Galactic extinction

Bad data never raise; the answer says in one sentence what was wrong.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.transfer import fetch, fetch_json, store

__all__ = ["run_task"]

_logger = logging.getLogger(__name__)

Event = Mapping[str, Any]


def run_task(event: object) -> dict[str, Any]:
    """Do one task.

    Parameters
    ----------
    event : object
        See the module's docstring.

    Returns
    -------
    dict
        ``{"ok": True}``, or ``{"ok": False, "error": "<one sentence>"}``, to which ``"reason"`` is
        added where a program may go on without the task: ``"no_map"``, there is no dust map here.
    """
    try:
        task = _TASKS.get(str(event.get("task"))) if isinstance(event, Mapping) else None
        if not isinstance(event, Mapping) or task is None:
            raise RenderError(f"Unknown task; the choices are: {', '.join(_TASKS)}.")
        body, content_type = task(event)
        store(event.get("target"), body, content_type)
    except RenderError as error:
        return {"ok": False, "error": str(error)} | ({"reason": error.reason} if error.reason else {})
    except Exception:  # the caller waits for an answer, whatever the data did
        _logger.exception("a task failed unexpectedly")
        return {"ok": False, "error": "The data could not be rendered for a reason that is not known."}
    return {"ok": True}


# each task imports what it needs, so that none waits for the libraries of the others


def _results(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.renderer.plain import to_plain
    from fitter_lambda.renderer.unpickle import load_joblib

    return _json(to_plain(load_joblib(fetch(event.get("source")))))


def _corner(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.output.corner_figure import draw_corner
    from fitter_lambda.output.png_images import encode_png
    from fitter_lambda.renderer.corner_options import parse_options
    from fitter_lambda.renderer.samples import from_json, from_netcdf

    options = parse_options(event.get("plot_kwargs"))
    readers: dict[str, Callable[[bytes, list[str] | None], Any]] = {
        "netcdf4": from_netcdf, "json": from_json,
    }  # fmt: skip
    reader = readers.get(str(event.get("format")))
    if reader is None:
        raise RenderError("Unknown format of samples; the choices are: netcdf4, json.")
    names = options.pop("var_names", None)
    options.pop("divergences", None)  # marks draws of samplers that diverge; there are none to mark here
    samples = reader(fetch(event.get("source")), names)
    for name, value in options.items():
        if name in _ONE_EACH and isinstance(value, list) and len(value) != len(samples):
            raise RenderError(
                f"The plot argument {name} has {len(value)} entries for {len(samples)} parameters "
                f"({', '.join(samples)}); give one each."
            )
    try:
        return encode_png(draw_corner(samples, options), 110, is_tight=bool(options)), "image/png"
    except (ValueError, TypeError, AssertionError) as error:
        raise RenderError(f"These plot arguments do not go together: {str(error)[:200]}") from None


def _periodogram(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.renderer.periodogram import periodogram

    return _json(periodogram(fetch_json(event.get("source")), event.get("options")))


def _deredden(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.renderer.deredden import deredden

    return _json(deredden(fetch_json(event.get("source"))))


def _json(product: object) -> tuple[bytes, str]:
    try:
        return json.dumps(product, allow_nan=False).encode(), "application/json"
    except (ValueError, RecursionError):
        raise RenderError("The source holds numbers that are not finite, or is nested too deeply.") from None


_ONE_EACH = ("bins", "range", "labels", "titles", "truths")
_TASKS: dict[str, Callable[[Event], tuple[bytes, str]]] = {
    "results": _results, "corner": _corner, "periodogram": _periodogram, "deredden": _deredden,
}  # fmt: skip
