"""The answer: what a service posts back (`status`, `message`, `analysis`), JSON throughout."""

import base64
import io
import time
from typing import Any

import joblib

from fitter_lambda.engine.fit import Fit, Progress
from fitter_lambda.engine.misfit import MISFIT_THRESHOLD
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.output.corner_figure import corner_png
from fitter_lambda.output.light_curve_figure import plot_lightcurve
from fitter_lambda.output.netcdf import to_netcdf
from fitter_lambda.output.predicted_light_curves import predict, to_magnitudes
from fitter_lambda.output.results import annotations, finite, results

__all__ = ["success"]

_MOST_SAMPLES = 500
_ORIGIN = "heliograph-supernova-fitter"


def success(
    fit: Fit, request: FitRequest, progress: Progress, ranking: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The document of a finished fit.

    Parameters
    ----------
    fit : Fit
    request : FitRequest
    progress : callable
        Told the fraction done and what is being done.
    ranking : dict, optional
        What a search through the catalogue found; becomes `results["catalogue"]`.

    Returns
    -------
    dict
        Ready for JSON; under 3 MB.
    """
    began = time.perf_counter()
    progress(0.88, "drawing the figures")
    numbers = results(fit, request) | ({"catalogue": finite(ranking)} if ranking else {})
    curves = predict(fit)
    lightcurve = plot_lightcurve(fit, curves, _title(request, numbers))
    corner = corner_png({name: fit.draws[:, i] for i, name in enumerate(fit.names)}, {})
    progress(0.96, "packing the results")
    netcdf = to_netcdf(fit, request.parameters.seed)
    few = fit.thin_draws(_MOST_SAMPLES)
    numbers["seconds"]["report"] = time.perf_counter() - began
    analysis = {
        "inference_data": {"format": "netcdf4", "data": _base64(netcdf)},
        "plots": [{"format": "png", "data": _base64(png)} for png in (lightcurve, corner)],
        "results": {"format": "joblib", "data": _base64(_joblib(numbers))},
        "posterior_samples": {name: few[:, i].tolist() for i, name in enumerate(fit.names)},
        "model_name": numbers["source"],
        "n_detections": numbers["n_detections"],
        "model_lightcurve": to_magnitudes(curves),
        "annotations": [{"origin": _ORIGIN, "data": annotations(numbers)}],
    }
    return {"status": "success", "message": _message(numbers, fit.sample.is_trusted), "analysis": analysis}


def _title(request: FitRequest, numbers: dict[str, Any]) -> str:
    name = "".join(c for c in request.resource_id if c.isprintable())[:80] or "source"
    z = numbers["redshift"]["best_fit"]
    return f"{name}: {numbers['source']} at z = {z:.4f}"


def _message(numbers: dict[str, Any], is_trusted: bool) -> str:
    chi2, ndof, left = numbers["chi2"], numbers["ndof"], sum(numbers["excluded_by_reason"].values())
    ranking = numbers.get("catalogue")
    best = f"Best of {len(ranking['sources'])} sources: " if ranking else "Fitted "
    message = f"{best}{numbers['source']}, {numbers['n_rows']} points: chi2 = {chi2:.1f} for {ndof} dof"
    if numbers["misfit_p_value"] < MISFIT_THRESHOLD:
        message += f"; the model does not describe the data (misfit p = {numbers['misfit_p_value']:.1g})"
    if numbers["misfit_p_value"] > 1 - MISFIT_THRESHOLD:
        message += "; the data scatter far less than the errors allow (modelcov, model_error)"
    lost, of = numbers["n_detections_out_of_reach"], numbers["n_detections"]
    message += f"; of {of} detections {lost} are out of the model's reach" if lost else ""
    if not is_trusted:
        message += "; the draws are not to be trusted (diagnostics.pareto_k, diagnostics.effective_draws)"
    rows = "row was" if left == 1 else "rows were"
    return message + (f"; {left} {rows} left out, see results.excluded." if left else ".")


def _joblib(value: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
