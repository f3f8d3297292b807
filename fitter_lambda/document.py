"""The answer: what a service posts back (`status`, `message`, `analysis`), JSON throughout."""

import base64
import io
import time
from typing import Any

import joblib
import numpy as np

from fitter_lambda.fit import Fit, Progress
from fitter_lambda.lightcurve import predict, to_magnitudes
from fitter_lambda.netcdf import to_netcdf
from fitter_lambda.payload import Payload
from fitter_lambda.plot_corner import corner_png
from fitter_lambda.plot_lightcurve import plot_lightcurve
from fitter_lambda.report import annotations, results

__all__ = ["success"]

_MOST_SAMPLES = 500
_DETECTION_SIGMA = 3.0
_MISFIT, _UNSURE, _TOO_FEW = 1e-3, 0.7, 40
_ORIGIN = "heliograph-supernova-fitter"


def success(
    fit: Fit, payload: Payload, progress: Progress, ranking: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The document of a finished fit.

    Parameters
    ----------
    fit : Fit
    payload : Payload
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
    numbers = results(fit, payload) | ({"catalogue": ranking} if ranking else {})
    curves = predict(fit)
    lightcurve = plot_lightcurve(fit, curves, _title(payload, numbers))
    corner = corner_png({name: fit.draws[:, i] for i, name in enumerate(fit.names)}, {})
    progress(0.96, "packing the results")
    netcdf = to_netcdf(fit, payload.parameters.seed)
    few = np.linspace(0, len(fit.draws) - 1, min(_MOST_SAMPLES, len(fit.draws))).round().astype(int)
    rows = fit.data.rows
    numbers["seconds"]["report"] = time.perf_counter() - began
    analysis = {
        "inference_data": {"format": "netcdf4", "data": _base64(netcdf)},
        "plots": [{"format": "png", "data": _base64(png)} for png in (lightcurve, corner)],
        "results": {"format": "joblib", "data": _base64(_joblib(numbers))},
        "posterior_samples": {name: fit.draws[few, i].tolist() for i, name in enumerate(fit.names)},
        "model_name": numbers["source"],
        "n_detections": int(np.sum(~rows.limit & (rows.flux > _DETECTION_SIGMA * rows.fluxerr))),
        "model_lightcurve": to_magnitudes(curves),
        "annotations": [{"origin": _ORIGIN, "data": annotations(numbers)}],
    }
    return {"status": "success", "message": _message(numbers), "analysis": analysis}


def _title(payload: Payload, numbers: dict[str, Any]) -> str:
    # a dollar would start mathematics
    name = payload.resource_id.replace("$", "") or "source"
    return f"{name}: {numbers['source']} at z = {numbers['redshift']['best_fit']:.4f}"


def _message(numbers: dict[str, Any]) -> str:
    chi2, ndof, left = numbers["chi2"], numbers["ndof"], len(numbers["excluded"])
    ranking = numbers.get("catalogue")
    best = f"Best of {len(ranking['sources'])} sources: " if ranking else "Fitted "
    message = f"{best}{numbers['source']}, {numbers['n_rows']} points: chi2 = {chi2:.1f} for {ndof} dof"
    if numbers["misfit_p_value"] < _MISFIT:
        message += f"; the model does not describe the data (misfit p = {numbers['misfit_p_value']:.1g})"
    told = numbers["diagnostics"]
    if told["pareto_k"] is None or told["pareto_k"] > _UNSURE or told["effective_draws"] < _TOO_FEW:
        message += "; the draws are not to be trusted (diagnostics.pareto_k, diagnostics.effective_draws)"
    rows = "row was" if left == 1 else "rows were"
    return message + (f"; {left} {rows} left out, see results.excluded." if left else ".")


def _joblib(value: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
