"""The numbers of a fit: plain Python and numpy only, finite or None."""

import functools
import math
from collections import Counter
from importlib.metadata import version
from typing import Any

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.distances import COSMOLOGY, distance_modulus
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.fit_data import FAINT_SIGMA
from fitter_lambda.engine.likelihood import NU
from fitter_lambda.engine.model_verdict import FitCheck
from fitter_lambda.engine.robust_comparison import RobustComparison
from fitter_lambda.engine.row_prediction import RowPrediction
from fitter_lambda.engine.source_grid import HOST_DUST
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.output.cosmology_row import build_cosmology_row
from fitter_lambda.output.result_caveats import find_parameter_caveats, find_peak_caveats
from fitter_lambda.version import __version__

_PEAK_DRAWS = 400
#: Of the rows that are left out, so many are listed.
_MAX_EXCLUDED = 1000
#: A reason names the text of a cell, so there may be as many as rows; the rarest are counted together.
_MAX_REASONS = 100
_OTHER_REASONS = "other reasons"


def compute_results(fit: Fit, request: FitRequest, check: FitCheck, robust: RobustComparison | None) -> dict[str, Any]:
    """Compute all numbers of a fit of one source.

    Parameters
    ----------
    fit : Fit
    request : FitRequest
    check : FitCheck
    robust : RobustComparison or None

    Returns
    -------
    dict
        With the keys in the body; parameters as {name: {median, err_minus, err_plus, std, best_fit,
        caveats}} with errors to the 15.87th and 84.13th percentile.
    """
    data = fit.data
    grid = fit.posterior.fluxes.grid
    prior = data.redshift
    prediction = fit.predict_rows(fit.best[None])
    per_band = _chi2_per_band(fit, prediction)
    detections = data.rows.detections(FAINT_SIGMA)
    chi2, ndof = _sum_bands(fit, per_band)
    caveats = find_parameter_caveats(fit)
    best = dict(zip(fit.names, fit.best.tolist(), strict=True))
    results: dict[str, Any] = {
        "source": grid.name,
        "source_version": grid.version,
        "parameters": {
            name: _summarise_draws(fit.draws[:, i], best[name]) | {"caveats": caveats[name]}
            for i, name in enumerate(fit.names)
        },
        "parameter_names": list(fit.names),
        "covariance": np.atleast_2d(np.cov(fit.draws, rowvar=False)),
        "chi2": chi2,
        "ndof": ndof,
        "chi2_per_band": per_band,
        "misfit_p_value": check.misfit_p_value,
        "verdict": {
            "word": check.word, "describes_data": check.word != "refuted", "message": check.sentence,
        },
        "prior_tension": dict(check.prior_tension),
        "baseline_offsets": [vars(offset).copy() for offset in check.baselines],
        "robust": robust and _summarise_robust(robust),
        "log_evidence": fit.sample.log_evidence,
        "log_evidence_error": fit.sample.log_evidence_error,
        "n_rows": len(data.rows),
        "n_limits": int(np.sum(data.rows.limit)),
        "n_detections": int(np.sum(detections)),
        "n_detections_out_of_reach": int(np.sum(detections & ~prediction.design.reached[0])),
        "redshift": {
            "kind": prior.kind, "given": request.redshift, "given_error": request.redshift_error,
            "best_fit": best.get("z", prior.mean), "low": prior.low, "high": prior.high,
        },
        "mwebv": data.mwebv,
        "mwebv_from": data.mwebv_from,
        "peak": _summarise_peak(fit),
        "cosmology_row": build_cosmology_row(fit, check.misfit_p_value, chi2, ndof),
        "excluded": [vars(row).copy() for row in data.excluded[:_MAX_EXCLUDED]],
        "excluded_by_reason": count_reasons([row.reason for row in data.excluded]),
        "unused_columns": list(request.unused_columns),
        "diagnostics": _list_diagnostics(fit),
        "likelihood": _describe_likelihood(fit, request),
        "priors": request.parameters.priors,
        "versions": {
            "fitter": __version__, "model": f"{grid.name} {grid.version}",
            **_read_versions(),
        },
        "seed": request.parameters.seed,
        "seconds": dict(fit.seconds),
    }  # fmt: skip
    finite: dict[str, Any] = replace_non_finite(results)
    return finite


@functools.cache
def _read_versions() -> dict[str, str]:
    """Read the versions of the libraries once: each is in a file."""
    return {name: version(name) for name in ("sncosmo", "numpy", "scipy")}


def _summarise_robust(robust: RobustComparison) -> dict[str, Any]:
    return {
        "parameters": {name: {"median": median, "std": std} for name, (median, std) in robust.parameters.items()},
        "shifts": dict(robust.shifts),
        "log_evidence_gain": robust.log_evidence_gain,
        "is_better": robust.is_better,
        "outliers": [{"mjd": mjd, "filter": band} for mjd, band in robust.outliers],
    }


def describe_robust(robust: RobustComparison) -> list[str]:
    """Say what ``robust=True`` changes, if the data prefer it."""
    if not robust.is_better:
        return []
    name, shift = max(robust.shifts.items(), key=lambda item: abs(item[1]))
    number = len(robust.outliers)
    outliers = f", with {number} {'outlier' if number == 1 else 'outliers'}" if number else ""
    return [
        f"robust=True fits better (log evidence +{robust.log_evidence_gain:.3g}{outliers}): {name} {shift:+.3g} sigma"
    ]


def _summarise_draws(draws: Array, best: float) -> dict[str, float]:
    low, median, high = (float(x) for x in np.percentile(draws, [15.865, 50, 84.135]))
    return {
        "median": median, "err_minus": median - low, "err_plus": high - median,
        "std": float(np.std(draws)), "best_fit": best,
    }  # fmt: skip


def compute_chi2(fit: Fit) -> tuple[float, int]:
    """Compute chi2 of the best fit, and the degrees of freedom."""
    return _sum_bands(fit, _chi2_per_band(fit, fit.predict_rows(fit.best[None])))


def _sum_bands(fit: Fit, per_band: dict[str, dict[str, float]]) -> tuple[float, int]:
    n_rows = sum(band["n"] for band in per_band.values())
    return sum(band["chi2"] for band in per_band.values()), int(n_rows - len(fit.names))


def _chi2_per_band(fit: Fit, prediction: RowPrediction) -> dict[str, dict[str, float]]:
    chi2, number = fit.posterior.likelihood.chi2(prediction)
    names = fit.data.rows.bands
    return {name: {"chi2": float(chi2[0, i]), "n": int(number[0, i])} for i, name in enumerate(names)}


def _summarise_peak(fit: Fit) -> dict[str, Any]:
    """Summarise the peak in rest-frame Bessell B (Vega), corrected for the Milky Way, not for the host."""
    theta, a = fit.split_values(fit.thin_draws(_PEAK_DRAWS))
    t0, z, shapes = fit.posterior.split_theta(theta)
    grid = fit.posterior.fluxes.grid
    apparent, phase, decline = fit.posterior.fluxes.compute_peaks(a, shapes)
    distance = distance_modulus(z)
    quantities = {
        "apparent": apparent, "absolute": apparent - distance, "distance_modulus": distance,
        "mjd": t0 + (1 + z) * phase, "dm15": decline,
    }  # fmt: skip
    if grid.dark_start and not grid.is_salt:
        quantities["explosion_mjd"] = t0 + (1 + z) * grid.start
    numbers: dict[str, Any] = {"band": "rest-frame Bessell B, Vega", "cosmology": COSMOLOGY}
    for name, values in quantities.items():
        finite = values[np.isfinite(values)]
        numbers[name] = float(np.median(finite)) if len(finite) else None
        numbers[f"{name}_std"] = float(np.std(finite)) if len(finite) else None
    return numbers | {"caveats": find_peak_caveats(fit, numbers)}


def count_reasons(reasons: list[str]) -> dict[str, int]:
    """Count rows by the reason why they are left out; rare reasons are counted together."""
    counts = dict(Counter(reasons).most_common(_MAX_REASONS))
    others = len(reasons) - sum(counts.values())
    return counts | ({_OTHER_REASONS: others} if others else {})


def _list_diagnostics(fit: Fit) -> dict[str, Any]:
    names = ("sampler", "effective_draws", "pareto_k", "rounds", "evaluations")
    modes = [
        dict(zip(fit.posterior.names, mode.theta.tolist(), strict=True)) | {"log_density": mode.height}
        for mode in fit.modes
    ]
    return {name: getattr(fit.sample, name) for name in names} | {"modes": modes}


def _describe_likelihood(fit: Fit, request: FitRequest) -> str:
    parameters = request.parameters
    is_salt = fit.posterior.fluxes.grid.is_salt
    rows = f"Student's t, nu = {NU:g}" if parameters.robust else "Gaussian in flux"
    if is_salt:
        scatter = {"frozen": "SALT's own covariance at the best fit", "full": "SALT's own covariance at each draw"}.get(
            str(parameters.modelcov), "no model covariance"
        )
    else:
        scatter = f"model error {100 * parameters.model_error:g} % of the flux, coherent in time"
    dust = "; dust of the host" if HOST_DUST in fit.posterior.shapes else ""
    zero_points = f", zero points {parameters.zp_error:g} mag" if parameters.zp_error else ""
    return f"{rows}; measured errors, {scatter}{zero_points}{dust}; limits {parameters.limits}"


def replace_non_finite(value: Any) -> Any:
    """Replace numbers that are not finite by None."""
    if isinstance(value, dict):
        return {key: replace_non_finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [replace_non_finite(item) for item in value]
    if isinstance(value, np.ndarray) and not np.isfinite(value).all():
        return replace_non_finite(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def list_caveats(results: dict[str, Any]) -> list[dict[str, Any]]:
    """List all caveats of the parameters and the peak."""
    summaries = [*results["parameters"].values(), results["peak"]]
    return [caveat for summary in summaries for caveat in summary["caveats"]]


def flatten_results(results: dict[str, Any]) -> dict[str, Any]:
    """Return the main numbers, flat.

    Model and verdict, medians and deviations of the parameters, chi2, evidence, peak, caveats.
    """
    flat: dict[str, Any] = {"model": results["source"], "verdict": results["verdict"]["message"]}
    for name, summary in results["parameters"].items():
        flat[name], flat[f"{name}_err"] = summary["median"], summary["std"]
    flat |= {name: results[name] for name in ("chi2", "ndof", "misfit_p_value", "log_evidence")}
    flat["peak_absolute_mag_B"] = results["peak"]["absolute"]
    messages = [caveat["message"] for caveat in list_caveats(results)]
    return flat | ({"caveats": " ".join(messages)} if messages else {})
