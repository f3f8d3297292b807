"""The results of a fit in numbers: plain Python and numpy only, finite or None."""

import math
from collections import Counter
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2 as chi2_distribution

from fitter_lambda import __version__
from fitter_lambda.engine.bandflux import Design
from fitter_lambda.engine.cube import HOST_DUST
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.fit_data import FAINT_SIGMA
from fitter_lambda.engine.likelihood import NU, Expected
from fitter_lambda.engine.peak import peaks
from fitter_lambda.engine.priors import COSMOLOGY, distance_modulus
from fitter_lambda.input.payload import Payload

__all__ = ["MISFIT", "annotations", "finite", "misfit_p_value", "results"]

Array = npt.NDArray[np.float64]

#: Below this p-value a model does not describe the data.
MISFIT = 1e-3
_FEW = 400
#: Of each draw, where chi2 has no known distribution: enough for a tenth of `MISFIT`.
_REPLICATES = 25
#: Rows that are listed one by one.
_MOST_EXCLUDED = 1000


def results(fit: Fit, payload: Payload) -> dict[str, Any]:
    """Everything worth knowing about a fit.

    Parameters
    ----------
    fit : Fit
    payload : Payload

    Returns
    -------
    dict
        Keys as listed in the body; parameters as {name: {median, err_minus, err_plus, std, best_fit}}
        with errors to the 15.87th and 84.13th percentile.
    """
    data, cube, prior = fit.data, fit.posterior.fluxes.cube, fit.data.redshift
    design, expected = fit.expected(fit.best[None])
    per_band = _chi2_per_band(fit, design, expected)
    detected = data.rows.detected(FAINT_SIGMA)
    n_rows = sum(band["n"] for band in per_band.values())
    best = dict(zip(fit.names, fit.best.tolist(), strict=True))
    numbers: dict[str, Any] = finite({
        "source": cube.name,
        "source_version": cube.version,
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
            "kind": prior.kind, "given": payload.redshift, "given_error": payload.redshift_error,
            "best_fit": best.get("z", prior.mean), "low": prior.low, "high": prior.high,
        },
        "mwebv": data.mwebv,
        "mwebv_from": data.mwebv_from,
        "peak": _peak(fit),
        "excluded": [vars(row).copy() for row in data.excluded[:_MOST_EXCLUDED]],
        "excluded_by_reason": dict(Counter(row.reason for row in data.excluded)),
        "diagnostics": _diagnostics(fit),
        "likelihood": _likelihood(fit, payload),
        "priors": payload.parameters.priors,
        "versions": {
            "fitter": __version__, "model": f"{cube.name} {cube.version}",
            **{name: version(name) for name in ("sncosmo", "numpy", "scipy")},
        },
        "seed": payload.parameters.seed,
        "seconds": dict(fit.seconds),
    })  # fmt: skip
    return numbers


def _summary(draws: Array, best: float) -> dict[str, float]:
    low, median, high = (float(x) for x in np.percentile(draws, [15.865, 50, 84.135]))
    return {
        "median": median, "err_minus": median - low, "err_plus": high - median,
        "std": float(np.std(draws)), "best_fit": best,
    }  # fmt: skip


def _chi2_per_band(fit: Fit, design: Design, expected: Expected) -> dict[str, dict[str, float]]:
    chi2, number = fit.posterior.likelihood.chi2(design, expected)
    names = fit.data.rows.bands
    return {name: {"chi2": float(chi2[0, i]), "n": int(number[0, i])} for i, name in enumerate(names)}


def misfit_p_value(fit: Fit) -> float:
    """How often data made by the model would fit it no better than these do.

    A posterior-predictive p-value with chi2 as discrepancy (Gelman, Meng & Stern 1996): over draws,
    the mean chance that replicated data have a chi2 above the observed one; or that of so many limits far
    below the model, where it is less.
    """
    likelihood, seen = fit.posterior.likelihood, fit.expected(fit.few(_FEW))
    chi2, number = (part.sum(axis=1) for part in likelihood.chi2(*seen))
    if likelihood.robust:
        random = np.random.default_rng(0)
        made = [np.sum(random.standard_t(NU, (_REPLICATES, int(n))) ** 2, axis=1) for n in number]
        chance = np.mean(np.array(made) >= chi2[:, None], axis=1)
    else:
        chance = chi2_distribution.sf(chi2, np.maximum(number, 1))
    return float(min(np.mean(chance), np.mean(likelihood.limits_p_value(*seen))))


def _peak(fit: Fit) -> dict[str, Any]:
    """Peak in rest-frame Bessell B (Vega), corrected for the Milky Way, not for the host."""
    theta, a = fit.split(fit.few(_FEW))
    t0, z, s = fit.posterior.split(theta)
    cube = fit.posterior.fluxes.cube
    apparent, phase, decline = peaks(cube, fit.posterior.fluxes.shape, a, s)
    distance = distance_modulus(z)
    quantities = {
        "apparent": apparent, "absolute": apparent - distance, "distance_modulus": distance,
        "mjd": t0 + (1 + z) * phase, "dm15": decline,
    }  # fmt: skip
    if cube.dark_start and len(cube.linear) == 1:
        quantities["explosion_mjd"] = t0 + (1 + z) * cube.start
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


def _likelihood(fit: Fit, payload: Payload) -> str:
    parameters, is_salt = payload.parameters, fit.posterior.fluxes.cube.law is not None
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
