"""The callback document: what a service posts back (`status`, `message`, `analysis`), JSON throughout."""

import base64
import io
import json
import time
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from fitter_lambda.engine.fit import Progress
from fitter_lambda.output.figure_files import encode_png
from fitter_lambda.output.predicted_light_curves import to_magnitudes
from fitter_lambda.output.results import flatten_results
from fitter_lambda.output.supernova_fit import SupernovaFit

if TYPE_CHECKING:
    from heliograph.service.service_result import CallbackDocument

_MAX_SAMPLES = 500
_ORIGIN = "heliograph-supernova-fitter"
"""Of annotations, before the model: fits with other models keep theirs."""


def build_success_document(fit: SupernovaFit, progress: Progress, json_results: bool) -> "CallbackDocument":
    """Build the document of a finished fit.

    Parameters
    ----------
    fit : SupernovaFit
    progress : callable
        Takes the fraction done and what is being done.
    json_results : bool
        Add to ``analysis.results``, which are joblib, a copy as JSON.

    Returns
    -------
    dict
        Ready for JSON, without numbers that are not finite; under 3 MB.
    """
    began = time.perf_counter()
    progress(0.88, "drawing the figures")
    results = fit.results
    pictures = [encode_png(fit.plot_light_curve(), 150), encode_png(fit.plot_corner(), 110)]
    progress(0.96, "packing the results")
    netcdf = fit.to_netcdf()
    samples = fit.engine_fit.thin_draws(_MAX_SAMPLES)
    results["seconds"]["report"] = time.perf_counter() - began
    analysis = {
        "inference_data": {"format": "netcdf4", "data": _to_base64(netcdf)},
        "plots": [{"format": "png", "data": _to_base64(picture)} for picture in pictures],
        "results": _encode_results(results, json_results),
        "posterior_samples": {name: samples[:, i].tolist() for i, name in enumerate(fit.names)},
        "model_name": results["source"],
        "n_detections": results["n_detections"],
        "model_summary": _summarise_model(results),
        "model_lightcurve": to_magnitudes(fit.light_curves),
        "verdict": results["verdict"],
        "annotations": _build_annotations(results),
    }
    return {"status": "success", "message": fit.summary, "analysis": analysis}


def _summarise_model(results: dict[str, Any]) -> dict[str, Any]:
    """Return what a light curve needs beside the model's magnitudes: its rank, its peak and its distance."""
    peak = results["peak"]
    return {
        "log_evidence": results["log_evidence"],
        "redshift": results["redshift"]["best_fit"],
        "peak_mjd": peak["mjd"],
        "distance_modulus": peak["distance_modulus"],
    }


def _build_annotations(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the annotation of a fit; none for a model that does not describe the data."""
    if not results["verdict"]["describes_data"]:
        return []
    return [{"origin": f"{_ORIGIN}:{results['source']}", "data": flatten_results(results)}]


def _encode_results(results: dict[str, Any], json_results: bool) -> dict[str, Any]:
    buffer = io.BytesIO()
    joblib.dump(results, buffer)
    encoded = {"format": "joblib", "data": _to_base64(buffer.getvalue())}
    copy = {"json": json.loads(json.dumps(results, default=np.ndarray.tolist))} if json_results else {}
    return encoded | copy


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
