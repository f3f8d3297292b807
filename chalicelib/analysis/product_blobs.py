"""The products of an analysis: where its blobs are, rendered when first asked for."""

import json
from typing import Any

from chalicelib import blob_keys, blobs
from chalicelib.access import Requester, require_owner
from chalicelib.analysis.sealed_parameters import without_secrets
from chalicelib.errors import NotFoundError
from chalicelib.people.render_limits import count_render
from chalicelib.renderer import render_blob
from chalicelib.schemas.figures import FigureFormat, LightCurveScale, PosteriorPlotKind
from chalicelib.tables.analysis_items import AnalysisItem, Products

_CONTENT_TYPES: dict[FigureFormat, str] = {"png": "image/png", "pdf": "application/pdf", "svg": "image/svg+xml"}


def locate_plot(item: AnalysisItem, number: int) -> str:
    """Return the key of a plot, counted from 0."""
    plots = _get_products(item).plots
    if not 0 <= number < len(plots):
        choices = f"0 to {len(plots) - 1}" if plots else "none"
        raise NotFoundError(f"Analysis {item.id} has no plot {number}; its plots: {choices}.")
    return f"{item.document}{plots[number].key}"


def locate_inference_data(item: AnalysisItem) -> str:
    """Return the key of the netCDF file."""
    if _get_products(item).inference_data is None:
        raise NotFoundError(f"Analysis {item.id} has no inference data.")
    return f"{item.document}{blob_keys.INFERENCE_DATA}"


def get_sent_inputs(requester: Requester, item: AnalysisItem) -> dict[str, Any]:
    """Return what was sent to the service, without its secrets and the callback.

    Raises
    ------
    ForbiddenError
        If the requester is not the author: other readers may see less of the source.
    """
    require_owner(
        requester, item.author_id, "Only its author, or an administrator, may read the inputs of an analysis."
    )
    inputs = blobs.read_blob(blob_keys.inputs_key(item.id))
    if inputs is None:
        raise NotFoundError(f"Analysis {item.id} has no inputs: nothing was sent.")
    sent: dict[str, Any] = json.loads(inputs)
    for place in (sent, sent["inputs"]):
        place["analysis_parameters"] = without_secrets(place["analysis_parameters"])
    return sent


def locate_results(item: AnalysisItem, requester: Requester | None = None) -> str:
    """Return the key of the results as JSON, rendered from joblib if needed, for a requester or in a job."""
    results_format = _get_products(item).results
    if results_format is None:
        raise NotFoundError(f"Analysis {item.id} has no results.")
    if results_format == "json":
        return f"{item.document}{blob_keys.RESULTS}"
    if results_format != "joblib":
        raise NotFoundError(
            f"The results of analysis {item.id} have the format {results_format!r}, which cannot be shown as "
            f"JSON. GET /api/obj/analysis/{item.id}?includeAnalysisData=True returns them as posted."
        )
    key = f"{item.document}{blob_keys.RENDERED_RESULTS}"
    if item.products.scalars is None and not blobs.blob_exists(key):
        if requester is not None:
            count_render(requester)
        render_blob("results", f"{item.document}{blob_keys.RESULTS_JOBLIB}", key, "application/json")
    return key


def locate_corner_plot(
    requester: Requester, item: AnalysisItem, plot_kwargs: dict[str, Any], file_format: FigureFormat
) -> str:
    """Return the key of a corner plot.

    Parameters
    ----------
    requester : Requester
        For whom it is drawn if it was not before.
    item : AnalysisItem
        The analysis.
    plot_kwargs : dict
        Keyword arguments of ``corner.corner``.
    file_format : str
    """
    products = _get_products(item)
    if products.inference_data is not None:
        samples, samples_format = blob_keys.INFERENCE_DATA, "netcdf4"
    elif products.samples is not None:
        samples, samples_format = blob_keys.SAMPLES, "json"
    else:
        raise NotFoundError(f"Analysis {item.id} has no posterior samples to draw a corner plot of.")
    options = {"format": samples_format, "plot_kwargs": plot_kwargs, "options": {"format": file_format}}
    return _draw_figure(requester, f"{item.document}{samples}", item, "corner", file_format, options)


def locate_light_curve(
    requester: Requester, item: AnalysisItem, scale: LightCurveScale, file_format: FigureFormat
) -> str:
    """Return the key of the light-curve figure, drawn again from the netCDF file of the supernova fitter."""
    options = {"options": {"scale": scale, "format": file_format}}
    return _draw_figure(requester, locate_inference_data(item), item, "light_curve", file_format, options)


def locate_posterior_plot(
    requester: Requester, item: AnalysisItem, kind: PosteriorPlotKind, file_format: FigureFormat
) -> str:
    """Return the key of a posterior plot of the netCDF file."""
    options = {"options": {"kind": kind, "format": file_format}}
    return _draw_figure(requester, locate_inference_data(item), item, "posterior_plot", file_format, options)


def _draw_figure(
    requester: Requester, source: str, item: AnalysisItem, task: str, file_format: FigureFormat, options: dict[str, Any]
) -> str:
    """Return the key of a picture, drawn if it was not before."""
    key = blob_keys.figure_key(str(item.document), task, options, file_format)
    if not blobs.blob_exists(key):
        count_render(requester)
        render_blob(task, source, key, _CONTENT_TYPES[file_format], **options)
    return key


def _get_products(item: AnalysisItem) -> Products:
    if item.document is None:
        raise NotFoundError(f"Analysis {item.id} is {item.status} and has no products.")
    return item.products
