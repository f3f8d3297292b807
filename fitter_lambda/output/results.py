"""The results of a fit in numbers: plain Python and numpy only, finite or None."""

import math
from collections import Counter
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda import __version__
from fitter_lambda.engine.bandflux import DesignMatrix
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.fit_data import FAINT_SIGMA
from fitter_lambda.engine.likelihood import NU, RowPrediction
from fitter_lambda.engine.misfit import misfit_p_value
from fitter_lambda.engine.peak_magnitudes import compute_peaks
from fitter_lambda.engine.priors import COSMOLOGY, distance_modulus
from fitter_lambda.engine.source_grid import HOST_DUST
from fitter_lambda.input.fit_request import FitRequest

__all__ = ["annotations", "finite", "results"]

Array = npt.NDArray[np.float64]

_FEW = 400
#: Rows that are listed one by one.
_MOST_EXCLUDED = 1000


def results(fit: Fit, request: FitRequest) -> dict[str, Any]:
    """Everything worth knowing about a fit.

    Parameters
    ----------
    fit : Fit
    request : FitRequest

    Returns
    -------
    dict
        Keys as listed in the body; parameters as {name: {median, err_minus, err_plus, std, best_fit}}
        with errors to the 15.87th and 84.13th percentile.
    """
    data, grid, prior = fit.data, fit.posterior.fluxes.grid, fit.data.redshift
    design, expected = fit.predict_rows(fit.best[None])
    per_band = _chi2_per_band(fit, design, expected)
    detected = data.rows.detections(FAINT_SIGMA)
    n_rows = sum(band["n"] for band in per_band.values())
    best = dict(zip(fit.names, fit.best.tolist(), strict=True))
    numbers: dict[str, Any] = finite({
        "source": grid.name,
        "source_version": grid.version,
        "parameters": {name: _summary(fit.draws[:, i], best[name]) for i, name in enumerate(fit.names)},
        "parameter_names": list(fit.names),
        "covariance": np.atleast_2d(np.cov(fit.draws, rowvar=False)),
        "chi2": sum(band["chi2"] for band in per_band.values()),
        "ndof": n_rows - len(fit.names),
        "chi2_per_band": per_band,
        "misfit_p_value": misfit_p_value(fit),
        "log_evidence": fit.sample.log_evidence,
        "log_evidence_error": fit.sample.log_evidence_error,
        "n_rows": len(data.rows),
        "n_limits": int(np.sum(data.rows.limit)),
        "n_detections": int(np.sum(detected)),
        "n_detections_out_of_reach": int(np.sum(detected & ~design.reached[0])),
        "redshift": {
            "kind": prior.kind, "given": request.redshift, "given_error": request.redshift_error,
            "best_fit": best.get("z", prior.mean), "low": prior.low, "high": prior.high,
        },
        "mwebv": data.mwebv,
        "mwebv_from": data.mwebv_from,
        "peak": _peak(fit),
        "excluded": [vars(row).copy() for row in data.excluded[:_MOST_EXCLUDED]],
        "excluded_by_reason": dict(Counter(row.reason for row in data.excluded)),
        "diagnostics": _diagnostics(fit),
        "likelihood": _likelihood(fit, request),
        "priors": request.parameters.priors,
        "versions": {
            "fitter": __version__, "model": f"{grid.name} {grid.version}",
            **{name: version(name) for name in ("sncosmo", "numpy", "scipy")},
        },
        "seed": request.parameters.seed,
        "seconds": dict(fit.seconds),
    })  # fmt: skip
    return numbers


def _summary(draws: Array, best: float) -> dict[str, float]:
    low, median, high = (float(x) for x in np.percentile(draws, [15.865, 50, 84.135]))
    return {
        "median": median, "err_minus": median - low, "err_plus": high - median,
        "std": float(np.std(draws)), "best_fit": best,
    }  # fmt: skip


def _chi2_per_band(fit: Fit, design: DesignMatrix, expected: RowPrediction) -> dict[str, dict[str, float]]:
    chi2, number = fit.posterior.likelihood.chi2(design, expected)
    names = fit.data.rows.bands
    return {name: {"chi2": float(chi2[0, i]), "n": int(number[0, i])} for i, name in enumerate(names)}


def _peak(fit: Fit) -> dict[str, Any]:
    """Peak in rest-frame Bessell B (Vega), corrected for the Milky Way, not for the host."""
    theta, a = fit.split_values(fit.thin_draws(_FEW))
    t0, z, s = fit.posterior.split_theta(theta)
    grid = fit.posterior.fluxes.grid
    apparent, phase, decline = compute_peaks(grid, fit.posterior.fluxes.shape, a, s)
    distance = distance_modulus(z)
    quantities = {
        "apparent": apparent, "absolute": apparent - distance, "distance_modulus": distance,
        "mjd": t0 + (1 + z) * phase, "dm15": decline,
    }  # fmt: skip
    if grid.dark_start and len(grid.linear) == 1:
        quantities["explosion_mjd"] = t0 + (1 + z) * grid.start
    numbers: dict[str, Any] = {"band": "rest-frame Bessell B, Vega", "cosmology": COSMOLOGY}
    for name, values in quantities.items():
        seen = values[np.isfinite(values)]
        numbers[name] = float(np.median(seen)) if len(seen) else None
        numbers[f"{name}_std"] = float(np.std(seen)) if len(seen) else None
    return numbers


def _diagnostics(fit: Fit) -> dict[str, Any]:
    told = ("sampler", "effective_draws", "pareto_k", "rounds", "evaluations")
    modes = [
        dict(zip(fit.posterior.names, mode.theta.tolist(), strict=True)) | {"log_density": mode.height}
        for mode in fit.modes
    ]
    return {name: getattr(fit.sample, name) for name in told} | {"modes": modes}


def _likelihood(fit: Fit, request: FitRequest) -> str:
    parameters, is_salt = request.parameters, fit.posterior.fluxes.grid.is_salt
    rows = f"Student's t, nu = {NU:g}" if parameters.robust else "Gaussian in flux"
    if is_salt:
        scatter = "SALT's own covariance" if parameters.modelcov else "no model covariance"
    else:
        scatter = f"model error {100 * parameters.model_error:g} % of the flux"
    dust = "; dust of the host" if HOST_DUST in fit.posterior.shapes else ""
    return f"{rows}; measured errors, {scatter}{dust}; limits {parameters.limits}"


def finite(value: Any) -> Any:
    """The same, with None for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, np.ndarray) and not np.isfinite(value).all():
        return finite(value.tolist())
    return value


def annotations(numbers: dict[str, Any]) -> dict[str, Any]:
    """The main numbers, flat: medians and standard deviations of the parameters, chi2, peak, evidence."""
    flat: dict[str, Any] = {"model": numbers["source"]}
    for name, summary in numbers["parameters"].items():
        flat[name], flat[f"{name}_err"] = summary["median"], summary["std"]
    flat |= {name: numbers[name] for name in ("chi2", "ndof", "misfit_p_value", "log_evidence")}
    flat["peak_absolute_mag_B"] = numbers["peak"]["absolute"]
    return flat
