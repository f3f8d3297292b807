"""The results of a fit in numbers: plain Python and numpy only, finite or None."""

import math
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda import __version__
from fitter_lambda.fit import Fit
from fitter_lambda.payload import Payload

__all__ = ["annotations", "results"]

Array = npt.NDArray[np.float64]

_PEAK_DRAWS = 60
_H0, _OM0 = 70.0, 0.3


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
    problem, parameters = fit.problem, payload.parameters
    source, best = problem.model.source, problem.values(fit.best)
    chi2 = problem.chi2(fit.best)
    ndof = len(problem.rows) - len(problem.names)
    numbers: dict[str, Any] = _finite({
        "source": source.name,
        "source_version": str(source.version),
        "parameters": {
            name: _summary(fit.draws[:, i], float(fit.best[i])) for i, name in enumerate(problem.names)
        },
        "parameter_names": list(problem.names),
        "covariance": fit.covariance,
        "chi2": chi2,
        "ndof": ndof,
        "chi2_per_band": _chi2_per_band(fit),
        "n_rows": len(problem.rows),
        "redshift": {
            "kind": problem.prior.kind, "given": payload.redshift, "given_error": payload.redshift_error,
            "best_fit": best["z"], "low": problem.prior.low, "high": problem.prior.high,
        },
        "mwebv": parameters.mwebv,
        "peak": _peak(fit),
        "excluded": [vars(row).copy() for row in fit.excluded],
        "diagnostics": {
            "sampler": "emcee",
            "effective_draws": fit.chain.effective_draws,
            "acceptance": fit.chain.acceptance,
            "autocorrelation": dict(zip(problem.names, fit.chain.autocorrelation.tolist(), strict=True)),
            "steps": fit.chain.steps,
            "burn_in": fit.chain.burn_in,
            "walkers": fit.chain.draws.shape[0],
        },
        "likelihood": "Gaussian in flux, measured errors; no model covariance",
        "versions": {"fitter": __version__} | {name: version(name) for name in ("sncosmo", "emcee", "numpy")},
        "seed": parameters.seed,
        "seconds": dict(fit.seconds),
    })  # fmt: skip
    return numbers


def _summary(draws: Array, best: float) -> dict[str, float]:
    low, median, high = (float(x) for x in np.percentile(draws, [15.865, 50, 84.135]))
    return {
        "median": median, "err_minus": median - low, "err_plus": high - median,
        "std": float(np.std(draws)), "best_fit": best,
    }  # fmt: skip


def _chi2_per_band(fit: Fit) -> dict[str, dict[str, float]]:
    rows = fit.problem.rows
    pull = (rows.flux - fit.problem.flux(fit.best)) / rows.fluxerr
    return {
        str(name): {"chi2": float(np.sum(pull[rows.band == name] ** 2)), "n": int(np.sum(rows.band == name))}
        for name in np.unique(rows.band)
    }


def _peak(fit: Fit) -> dict[str, Any]:
    """Peak in rest-frame Bessell B (AB), Milky Way corrected, host not; flat LCDM, H0 = 70, Om = 0.3."""
    from astropy.cosmology import FlatLambdaCDM

    cosmology = FlatLambdaCDM(H0=_H0, Om0=_OM0)
    draws = fit.draws[np.linspace(0, len(fit.draws) - 1, _PEAK_DRAWS).round().astype(int)]
    values = [fit.problem.values(draw) for draw in draws]
    apparent = np.array([fit.problem.model.peak_magnitude(value) for value in values])
    distance = np.asarray(cosmology.distmod([value["z"] for value in values]).value)
    absolute = apparent - distance
    return {
        "band": "rest-frame bessellb, AB", "cosmology": f"flat LCDM, H0 = {_H0:g}, Om = {_OM0:g}",
        "apparent": float(np.median(apparent)), "apparent_std": float(np.std(apparent)),
        "absolute": float(np.median(absolute)), "absolute_std": float(np.std(absolute)),
        "distance_modulus": float(np.median(distance)),
    }  # fmt: skip


def _finite(value: Any) -> Any:
    """The same, with None for numbers that are not finite."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, np.ndarray) and not np.isfinite(value).all():
        return _finite(value.tolist())
    return value


def annotations(numbers: dict[str, Any]) -> dict[str, Any]:
    """The main numbers, flat: medians and standard deviations of the parameters, chi2, peak."""
    flat: dict[str, Any] = {"model": numbers["source"]}
    for name, summary in numbers["parameters"].items():
        flat[name], flat[f"{name}_err"] = summary["median"], summary["std"]
    flat["chi2"], flat["ndof"] = numbers["chi2"], numbers["ndof"]
    flat["peak_absolute_mag_B"] = numbers["peak"]["absolute"]
    return flat
