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
_ORIGIN = "heliograph-supernova-fitter"


def success(fit: Fit, payload: Payload, progress: Progress) -> dict[str, Any]:
    """The document of a finished fit.

    Parameters
    ----------
    fit : Fit
    payload : Payload
    progress : callable
        Told the fraction done and what is being done.

    Returns
    -------
    dict
        Ready for JSON; under 3 MB.
    """
    began = time.perf_counter()
    progress(0.88, "drawing")
    numbers = results(fit, payload)
    curves = predict(fit)
    lightcurve = plot_lightcurve(fit, curves, _title(payload, numbers))
    corner = corner_png({name: fit.draws[:, i] for i, name in enumerate(fit.problem.names)}, {})
    progress(0.96, "packing the results")
    netcdf = to_netcdf(fit, payload.parameters.seed)
    few = np.linspace(0, len(fit.draws) - 1, min(_MOST_SAMPLES, len(fit.draws))).round().astype(int)
    rows = fit.problem.rows
    numbers["seconds"]["report"] = time.perf_counter() - began
    analysis = {
        "inference_data": {"format": "netcdf4", "data": _base64(netcdf)},
        "plots": [{"format": "png", "data": _base64(png)} for png in (lightcurve, corner)],
        "results": {"format": "joblib", "data": _base64(_joblib(numbers))},
        "posterior_samples": {name: fit.draws[few, i].tolist() for i, name in enumerate(fit.problem.names)},
        "model_name": numbers["source"],
        "n_detections": int(np.sum(rows.flux > _DETECTION_SIGMA * rows.fluxerr)),
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
    message = f"Fitted {numbers['source']} to {numbers['n_rows']} points: chi2 = {chi2:.1f} for {ndof} dof"
    rows = "row was" if left == 1 else "rows were"
    return message + (f"; {left} {rows} left out, see results.excluded." if left else ".")


def _joblib(value: Any) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    return buffer.getvalue()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
