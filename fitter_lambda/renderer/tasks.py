"""The renderer's tasks: an event in, an answer out; sources and products go by presigned URLs.

::

    {"task": "results", "source": url, "target": url}
        a joblib file -> application/json
    {"task": "corner", "source": url, "format": "netcdf4" | "json", "target": url, "plot_kwargs": {}, "options": {}}
        samples -> a picture
    {"task": "light_curve", "source": url, "target": url, "options": {"scale": "flux" | "magnitude"}}
        the fitter's netCDF file -> a picture
    {"task": "posterior_plot", "source": url, "target": url, "options": {"kind": "trace" | …}}
        a netCDF file of arviz -> a picture
    {"task": "periodogram", "source": url, "target": url, "options": {}}
        a light curve as JSON -> application/json
    {"task": "deredden", "source": url, "target": url}
        the inputs of an analysis as JSON -> the same, their photometry without Galactic extinction
    {"task": "table", "source": url, "target": url, "format": "fits" | "votable" | "ecsv"}
        a file with a table -> its columns with units, as application/json

Pictures take the option ``format``: png, pdf or svg. Bad data never raise; the answer says in one sentence what
was wrong.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.presigned_urls import MAX_JSON_BYTES, fetch_bytes, fetch_json, store_product

_logger = logging.getLogger(__name__)

Event = Mapping[str, Any]

#: Plot arguments with one entry for each parameter.
_ONE_PER_PARAMETER = ("bins", "range", "labels", "titles", "truths")


def run_task(event: object) -> dict[str, Any]:
    """Run one task.

    Parameters
    ----------
    event : object
        See the module's docstring.

    Returns
    -------
    dict
        ``{"ok": True}``, or ``{"ok": False, "error": "<one sentence>"}``, with ``"reason"`` where the caller
        can go on without the task: ``"no_map"``, there is no dust map here; or where it never had what
        it takes: ``"missing_group"``, a netCDF file lacks a group.
    """
    try:
        task = _TASKS.get(str(event.get("task"))) if isinstance(event, Mapping) else None
        if not isinstance(event, Mapping) or task is None:
            raise RenderError(f"Unknown task; the choices are: {', '.join(_TASKS)}.")
        body, content_type = task(event)
        store_product(event.get("target"), body, content_type)
    except RenderError as error:
        return {"ok": False, "error": str(error)} | ({"reason": error.reason} if error.reason else {})
    except Exception:  # the caller waits for an answer, whatever the data
        _logger.exception("a task failed unexpectedly")
        return {"ok": False, "error": "The data could not be rendered for a reason that is not known."}
    return {"ok": True}


# each task imports its own libraries, to keep cold starts short


def _convert_results(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.renderer.joblib_files import load_joblib
    from fitter_lambda.renderer.json_values import to_json_values

    return _encode_json(to_json_values(load_joblib(fetch_bytes(event.get("source")))))


def _draw_corner(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.output.corner_figure import draw_corner
    from fitter_lambda.renderer.corner_options import parse_corner_options
    from fitter_lambda.renderer.corner_samples import read_json_samples, read_netcdf_samples
    from fitter_lambda.renderer.figure_options import parse_figure_options

    file_format = parse_figure_options(event.get("options"), {})["format"]
    options = parse_corner_options(event.get("plot_kwargs"))
    readers = {"netcdf4": read_netcdf_samples, "json": read_json_samples}
    read_samples = readers.get(str(event.get("format")))
    if read_samples is None:
        raise RenderError("Unknown format of samples; the choices are: netcdf4, json.")
    names = options.pop("var_names", None)
    options.pop("divergences", None)  # an argument of arviz; these samples have none to mark
    samples = read_samples(fetch_bytes(event.get("source")), names)
    for name in _ONE_PER_PARAMETER:
        value = options.get(name)
        if isinstance(value, list) and len(value) != len(samples):
            raise RenderError(
                f"The plot argument {name} has {len(value)} entries for {len(samples)} parameters "
                f"({', '.join(samples)}); give one each."
            )
    try:
        return _encode_figure(draw_corner(samples, options), file_format, 110, is_tight=bool(options))
    except (ValueError, TypeError, AssertionError) as error:
        raise RenderError(f"These plot arguments do not go together: {str(error)[:200]}") from None


def _draw_light_curve(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.output.light_curve_figure import draw_light_curve
    from fitter_lambda.renderer.figure_options import parse_figure_options
    from fitter_lambda.renderer.light_curve_group import read_light_curve

    options = parse_figure_options(event.get("options"), {"scale": ("flux", "magnitude")})
    contents = read_light_curve(fetch_bytes(event.get("source")))
    return _encode_figure(draw_light_curve(contents, options["scale"]), options["format"], 150)


def _draw_posterior_plot(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.renderer.figure_options import parse_figure_options
    from fitter_lambda.renderer.posterior_plots import KINDS, draw_posterior_plot

    options = parse_figure_options(event.get("options"), {"kind": KINDS})
    figure = draw_posterior_plot(fetch_bytes(event.get("source")), options["kind"])
    return _encode_figure(figure, options["format"], 110)


def _encode_figure(figure: Any, file_format: Any, dpi: int, *, is_tight: bool = False) -> tuple[bytes, str]:
    from fitter_lambda.output.figure_files import CONTENT_TYPES, encode_figure

    return encode_figure(figure, file_format, dpi, is_tight=is_tight), CONTENT_TYPES[file_format]


def _compute_periodogram(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.renderer.periodogram import compute_periodogram

    return _encode_json(compute_periodogram(fetch_json(event.get("source")), event.get("options")))


def _deredden_inputs(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.renderer.dereddening import deredden_inputs

    return _encode_json(deredden_inputs(fetch_json(event.get("source"))))


def _read_table(event: Event) -> tuple[bytes, str]:
    from fitter_lambda.renderer.library_tables import read_library_table

    return _encode_json(read_library_table(fetch_bytes(event.get("source"), MAX_JSON_BYTES), str(event.get("format"))))


def _encode_json(product: object) -> tuple[bytes, str]:
    try:
        return json.dumps(product, allow_nan=False).encode(), "application/json"
    except (ValueError, RecursionError):
        raise RenderError("The source holds numbers that are not finite, or is nested too deeply.") from None


_TASKS: dict[str, Callable[[Event], tuple[bytes, str]]] = {
    "results": _convert_results,
    "corner": _draw_corner,
    "light_curve": _draw_light_curve,
    "posterior_plot": _draw_posterior_plot,
    "periodogram": _compute_periodogram,
    "deredden": _deredden_inputs,
    "table": _read_table,
}
