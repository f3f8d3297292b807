"""The products of an analysis: where its blobs are, rendered when first asked for."""

import json
from typing import Any

from chalicelib import blob_keys, blobs
from chalicelib.access import Requester, require_owner
from chalicelib.analysis.sealed_parameters import without_secrets
from chalicelib.errors import NotFoundError
from chalicelib.renderer import render_blob
from chalicelib.tables.analyses import AnalysisItem, Products


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


def locate_results(item: AnalysisItem) -> str:
    """Return the key of the results as JSON, rendered from joblib if needed."""
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
        render_blob("results", f"{item.document}{blob_keys.RESULTS_JOBLIB}", key, "application/json")
    return key


def locate_corner_plot(item: AnalysisItem, plot_kwargs: dict[str, Any]) -> str:
    """Return the key of a corner plot.

    Parameters
    ----------
    item : AnalysisItem
        The analysis.
    plot_kwargs : dict
        Keyword arguments of ``corner.corner``.
    """
    products = _get_products(item)
    if products.inference_data is not None:
        samples, samples_format = blob_keys.INFERENCE_DATA, "netcdf4"
    elif products.samples is not None:
        samples, samples_format = blob_keys.SAMPLES, "json"
    else:
        raise NotFoundError(f"Analysis {item.id} has no posterior samples to draw a corner plot of.")
    key = blob_keys.corner_plot_key(str(item.document), plot_kwargs)
    if not blobs.blob_exists(key):
        render_blob(
            "corner", f"{item.document}{samples}", key, "image/png", format=samples_format, plot_kwargs=plot_kwargs
        )
    return key


def _get_products(item: AnalysisItem) -> Products:
    if item.document is None:
        raise NotFoundError(f"Analysis {item.id} is {item.status} and has no products.")
    return item.products
