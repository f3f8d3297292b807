"""The products of an analysis: links to its blobs, made first where nobody asked before."""

import hashlib
import json
from typing import Any

from chalicelib import blobs
from chalicelib.access import Requester
from chalicelib.analysis.start import inputs_key
from chalicelib.errors import ForbiddenError, NotFoundError
from chalicelib.renderer import render_blob
from chalicelib.tables.analyses import AnalysisItem

__all__ = [
    "get_sent_inputs",
    "link_corner_plot",
    "link_inference_data",
    "link_plot",
    "link_results",
    "locate_results",
]


def link_plot(item: AnalysisItem, number: int) -> str:
    """Return a link to a plot, counted from 0."""
    plots = _products(item).get("plots", [])
    if not 0 <= number < len(plots):
        there = f"0 to {len(plots) - 1}" if plots else "none"
        raise NotFoundError(f"Analysis {int(item.id)} has no plot {number}; there are {there}.")
    return blobs.presign_download(f"{item.document}{plots[number]['key']}")


def link_inference_data(item: AnalysisItem) -> str:
    """Return a link to the netCDF file."""
    if "inference_data" not in _products(item):
        raise NotFoundError(f"Analysis {int(item.id)} has no inference data.")
    return blobs.presign_download(
        f"{item.document}inference_data.nc", file_name=f"analysis_{int(item.id)}.nc"
    )


def get_sent_inputs(requester: Requester, item: AnalysisItem) -> dict[str, Any]:
    """Return what was sent to the service, but for its secrets and the callback.

    Raises
    ------
    ForbiddenError
        If the requester is not the author: what the author could see of the source, others who may
        read the analysis may not.
    """
    if int(item.author_id) != requester.user_id and not requester.is_admin:
        raise ForbiddenError("Only its author, or an administrator, may read the inputs of an analysis.")
    document = blobs.read_blob(inputs_key(int(item.id)))
    if document is None:
        raise NotFoundError(f"Analysis {int(item.id)} has no inputs: nothing was sent.")
    sent: dict[str, Any] = json.loads(document)
    return sent


def link_results(item: AnalysisItem) -> str:
    """Return a link to the results as a JSON file."""
    return blobs.presign_download(locate_results(item), file_name=f"analysis_{int(item.id)}_results.json")


def locate_results(item: AnalysisItem) -> str:
    """Return where the results lie, as what JSON can say of them."""
    kind = _products(item).get("results")
    if kind is None:
        raise NotFoundError(f"Analysis {int(item.id)} has no results.")
    if kind == "json":
        return f"{item.document}results.json"
    if kind != "joblib":
        raise NotFoundError(
            f"The results of analysis {int(item.id)} are {kind!r}, which cannot be shown as JSON. "
            f"GET /api/obj/analysis/{int(item.id)}?includeAnalysisData=True gives them as they came."
        )
    key = f"{item.document}renders/results.json"
    if not blobs.blob_exists(key):
        render_blob("results", f"{item.document}results.joblib", key, "application/json")
    return key


def link_corner_plot(item: AnalysisItem, plot_kwargs: dict[str, Any]) -> str:
    """Return a link to a corner plot.

    Parameters
    ----------
    item : AnalysisItem
        The analysis.
    plot_kwargs : dict
        Keyword arguments of ``corner.corner``.
    """
    products = _products(item)
    if "inference_data" in products:
        source, kind = "inference_data.nc", "netcdf4"
    elif "samples" in products:
        source, kind = "samples.json", "json"
    else:
        raise NotFoundError(f"Analysis {int(item.id)} has no posterior to draw a corner plot of.")
    wanted = json.dumps(plot_kwargs, sort_keys=True).encode()
    key = f"{item.document}renders/corner-{hashlib.sha256(wanted).hexdigest()[:32]}.png"
    if not blobs.blob_exists(key):
        render_blob(
            "corner", f"{item.document}{source}", key, "image/png", format=kind, plot_kwargs=plot_kwargs
        )
    return blobs.presign_download(key)


def _products(item: AnalysisItem) -> dict[str, Any]:
    if item.document is None:
        raise NotFoundError(f"Analysis {int(item.id)} is {item.status} and has no products.")
    return item.products or {}
