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

Only sources are opened in a child process with limits (`limited_process`): this process fetches them, imports
the libraries ahead of the first task that needs them, and stores the products.
"""

import importlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.limited_process import ProcessLimits, run_limited
from fitter_lambda.renderer.presigned_urls import MAX_JSON_BYTES, MAX_SOURCE_BYTES, fetch_bytes, store_product

_logger = logging.getLogger(__name__)

Event = Mapping[str, Any]

#: Plot arguments with one entry for each parameter.
_ONE_PER_PARAMETER = ("bins", "range", "labels", "titles", "truths")


def run_task(event: object, limits: ProcessLimits | None = None) -> dict[str, Any]:
    """Run one task.

    Parameters
    ----------
    event : object
        See the module's docstring.
    limits : ProcessLimits, optional
        What the source may take; the seconds are those of the whole task.

    Returns
    -------
    dict
        ``{"ok": True}``, or ``{"ok": False, "error": "<one sentence>"}``, with ``"reason"`` where the caller
        can go on without the task: ``"no_map"``, there is no dust map here; or where it never had what
        it takes: ``"missing_group"``, a netCDF file lacks a group; or where it may succeed later: ``"busy"``.
    """
    try:
        task = _TASKS.get(str(event.get("task"))) if isinstance(event, Mapping) else None
        if not isinstance(event, Mapping) or task is None:
            raise RenderError(f"Unknown task; the choices are: {', '.join(_TASKS)}.")
        return _run_known_task(task, event, limits or ProcessLimits())
    except RenderError as error:
        return _describe_error(error)
    except Exception:  # the caller waits for an answer, whatever the data
        _logger.exception("a task failed unexpectedly")
        return {"ok": False, "error": "The data could not be rendered for a reason that is not known."}


def _run_known_task(task: "_Task", event: Event, limits: ProcessLimits) -> dict[str, Any]:
    deadline = time.monotonic() + limits.seconds
    source = fetch_bytes(event.get("source"), task.max_bytes)
    _prepare(task)
    seconds_left = max(1.0, deadline - time.monotonic())
    output = run_limited(lambda: _render(task, event, source), replace(limits, seconds=seconds_left))
    header, _, body = output.partition(b"\n")
    answer: dict[str, Any] = json.loads(header)
    if answer["ok"]:
        store_product(event.get("target"), body, answer.pop("content_type"))
    return answer


def _prepare(task: "_Task") -> None:
    """Do once in this process what each child would do again."""
    for name in task.libraries:
        importlib.import_module(name)
    if task.draws:
        from fitter_lambda.output.figure_files import fill_caches

        fill_caches()


def _render(task: "_Task", event: Event, source: bytes) -> bytes:
    """In the child: return the answer as one line, and the product."""
    try:
        body, content_type = task.render(event, source)
        answer = {"ok": True, "content_type": content_type}
    except RenderError as error:
        body, answer = b"", _describe_error(error)
    return json.dumps(answer).encode() + b"\n" + body


def _describe_error(error: RenderError) -> dict[str, Any]:
    return {"ok": False, "error": str(error)} | ({"reason": error.reason} if error.reason else {})


def _convert_results(event: Event, source: bytes) -> tuple[bytes, str]:
    from fitter_lambda.renderer.joblib_files import load_joblib
    from fitter_lambda.renderer.json_values import to_json_values

    return _encode_json(to_json_values(load_joblib(source)))


def _draw_corner(event: Event, source: bytes) -> tuple[bytes, str]:
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
    samples = read_samples(source, names)
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


def _draw_light_curve(event: Event, source: bytes) -> tuple[bytes, str]:
    from fitter_lambda.output.light_curve_figure import draw_light_curve
    from fitter_lambda.renderer.figure_options import parse_figure_options
    from fitter_lambda.renderer.light_curve_group import read_light_curve

    options = parse_figure_options(event.get("options"), {"scale": ("flux", "magnitude")})
    contents = read_light_curve(source)
    return _encode_figure(draw_light_curve(contents, options["scale"]), options["format"], 150)


def _draw_posterior_plot(event: Event, source: bytes) -> tuple[bytes, str]:
    from fitter_lambda.renderer.figure_options import parse_figure_options
    from fitter_lambda.renderer.posterior_plots import KINDS, draw_posterior_plot

    options = parse_figure_options(event.get("options"), {"kind": KINDS})
    return _encode_figure(draw_posterior_plot(source, options["kind"]), options["format"], 110)


def _encode_figure(figure: Any, file_format: Any, dpi: int, *, is_tight: bool = False) -> tuple[bytes, str]:
    from fitter_lambda.output.figure_files import CONTENT_TYPES, encode_figure

    return encode_figure(figure, file_format, dpi, is_tight=is_tight), CONTENT_TYPES[file_format]


def _compute_periodogram(event: Event, source: bytes) -> tuple[bytes, str]:
    from fitter_lambda.renderer.periodogram import compute_periodogram

    return _encode_json(compute_periodogram(_parse_source(source), event.get("options")))


def _deredden_inputs(event: Event, source: bytes) -> tuple[bytes, str]:
    from fitter_lambda.renderer.dereddening import deredden_inputs

    return _encode_json(deredden_inputs(_parse_source(source)))


def _read_table(event: Event, source: bytes) -> tuple[bytes, str]:
    from fitter_lambda.renderer.library_tables import read_library_table

    return _encode_json(read_library_table(source, str(event.get("format"))))


def _parse_source(source: bytes) -> Any:
    """Parse a source that is JSON; NaN and infinities become None."""
    from fitter_lambda.renderer.json_documents import parse_json

    try:
        return parse_json(source, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise RenderError("The source is not JSON, or is nested too deeply.") from None


def _encode_json(product: object) -> tuple[bytes, str]:
    try:
        return json.dumps(product, allow_nan=False).encode(), "application/json"
    except (ValueError, RecursionError):
        raise RenderError("The source holds numbers that are not finite, or is nested too deeply.") from None


@dataclass(frozen=True)
class _Task:
    """A task.

    Attributes
    ----------
    render : callable
        Returns the product and its content type; runs in the child.
    libraries : tuple of str
        The modules that it needs: imported once, before the child is forked.
    draws : bool
        Whether the product is a picture.
    max_bytes : int
        Of the source.
    """

    render: Callable[[Event, bytes], tuple[bytes, str]]
    libraries: tuple[str, ...]
    draws: bool = False
    max_bytes: int = MAX_SOURCE_BYTES


_RENDERER = "fitter_lambda.renderer"
_FIGURES = ("matplotlib.backends.backend_agg", "matplotlib.mathtext", "PIL.PngImagePlugin")
_TASKS: dict[str, _Task] = {
    "results": _Task(_convert_results, (f"{_RENDERER}.joblib_files", f"{_RENDERER}.json_values")),
    "corner": _Task(
        _draw_corner,
        ("fitter_lambda.output.corner_figure", f"{_RENDERER}.corner_samples", f"{_RENDERER}.corner_options",
         "corner", *_FIGURES),
        draws=True,
    ),
    "light_curve": _Task(
        _draw_light_curve,
        ("fitter_lambda.output.light_curve_figure", f"{_RENDERER}.light_curve_group", *_FIGURES),
        draws=True,
    ),
    "posterior_plot": _Task(
        _draw_posterior_plot,
        (f"{_RENDERER}.posterior_plots", *_FIGURES),
        draws=True,
    ),
    "periodogram": _Task(
        _compute_periodogram,
        (f"{_RENDERER}.periodogram", f"{_RENDERER}.json_documents"),
        max_bytes=MAX_JSON_BYTES,
    ),
    "deredden": _Task(
        _deredden_inputs, (f"{_RENDERER}.dereddening", f"{_RENDERER}.json_documents"), max_bytes=MAX_JSON_BYTES
    ),
    "table": _Task(
        _read_table,
        (f"{_RENDERER}.library_tables", "astropy.table", "astropy.io.fits", "astropy.io.votable", "astropy.io.ascii"),
        max_bytes=MAX_JSON_BYTES,
    ),
}  # fmt: skip
