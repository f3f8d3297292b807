"""The numbers of a finished fit, and its draws as a netCDF file."""

import io
from typing import Any

import h5netcdf
import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.linear_columns import N_HOSTS
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED
from fitter_lambda.spectrum.spectrum_inference import Candidate, SpectrumPosterior
from fitter_lambda.spectrum.spectrum_priors import CLASS_CHANCES, WAVELENGTH_ERROR
from fitter_lambda.version import __version__

MISFIT_THRESHOLD = 1e-3
_SIGMA = (15.87, 50.0, 84.13)
_R_V = 3.1
_CHAINS = 4
#: What the classes are called in a sentence.
CLASS_NAMES = {
    "Ia": "SN Ia", "stripped": "stripped-envelope SN (Ib, Ic, IIb)", "II": "SN II", "other": "other transient",
    "galaxy": "galaxy alone", "blue": "featureless blue continuum", "star": "star",
}  # fmt: skip


def collect_draws(posterior: SpectrumPosterior) -> dict[str, Array]:
    """Return draws by name; NaN where a model has no such parameter.

    They are z, phase (days since maximum in B), A_V, host_fraction, amplitude, velocity (km/s), discrepancy, x1 and c.
    """
    models = [posterior.candidates[i].model for i in posterior.source]
    theta = posterior.theta
    nan = np.full(len(theta), np.nan)
    is_supernova = np.array([model.is_supernova for model in models])
    is_salt = np.array([model.is_salt for model in models])
    has_dust = np.array([model.has_dust for model in models]) & ~is_salt
    is_star = np.array([model.is_star for model in models])
    origin = np.array([model.template.origin for model in models])
    amplitude = np.exp(theta[:, 3])
    # a shift of all wavelengths looks like another redshift: it widens the draws, but for those that are fixed
    shift = (
        WAVELENGTH_ERROR
        * posterior.data.line_sigma
        / LIGHT_SPEED
        * np.random.default_rng(0).standard_normal(len(theta))
    )
    is_exact = np.array([model.redshift.is_exact for model in models])
    host = np.array(
        [0.0 if s else row[-N_HOSTS:].sum() for row, s in zip(posterior.coefficients, is_star, strict=True)]
    )
    return {
        "z": np.expm1(theta[:, 0] + np.where(is_exact, 0.0, shift)),
        "phase": np.where(is_supernova, theta[:, 1] - origin, nan),
        "A_V": np.where(has_dust, _R_V * theta[:, 2], nan),
        "host_fraction": np.where(is_supernova, host / (host + amplitude), nan),
        "amplitude": amplitude,
        "velocity": np.where(is_supernova, LIGHT_SPEED * theta[:, 5], nan),
        "discrepancy": np.exp(theta[:, 6]),
        "x1": np.where(is_salt, theta[:, 4], nan),
        "c": np.where(is_salt, theta[:, 2], nan),
    }


def compute_results(posterior: SpectrumPosterior, remarks: list[str], ebv: float, ebv_source: str) -> dict[str, Any]:
    """Return all numbers, ready for JSON."""
    draws = collect_draws(posterior)
    chances = posterior.class_probabilities
    best = next(iter(chances))
    groups = np.array([posterior.candidates[i].model.group for i in posterior.source])
    p_value = posterior.misfit_p_value()
    data = posterior.data
    good = data.good
    return {
        "class": best,
        "class_name": CLASS_NAMES[best],
        "class_probability": chances[best],
        "class_probabilities": chances,
        "prior_class_probabilities": {name: CLASS_CHANCES[name] for name in chances},
        "template": posterior.candidates[0].model.template.name,
        "parameters": {
            name: estimate
            for name, values in draws.items()
            if (estimate := _estimate(values[groups == best])) is not None
        },
        "ranking": [_describe(one, posterior.candidates[0], posterior, draws) for one in posterior.candidates],
        "misfit_p_value": p_value,
        "verdict": _judge(p_value),
        "n_pixels": int(good.sum()),
        "pixel_km_s": data.x.step * LIGHT_SPEED,
        "signal_to_noise": float(np.median(data.flux[good] * np.sqrt(data.weight[good]))),
        "wavelength_range": [float(np.exp(end)) for end in data.ends],
        "coherence_km_s": data.coherence,
        "grain": data.grain,
        "mw_ebv": ebv,
        "mw_ebv_source": ebv_source,
        "remarks": remarks,
        "seconds": dict(posterior.seconds),
        "version": __version__,
    }


def _estimate(values: Array) -> dict[str, float] | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, median, high = np.percentile(values, _SIGMA)
    return {"median": float(median), "err_minus": float(median - low), "err_plus": float(high - median)}


def _describe(one: Candidate, best: Candidate, posterior: SpectrumPosterior, draws: dict[str, Array]) -> dict[str, Any]:
    number = next(i for i, other in enumerate(posterior.candidates) if other is one)
    own = posterior.source == number
    start = one.modes.theta[0] if len(one.modes.theta) else np.full(7, np.nan)
    z = float(np.median(draws["z"][own])) if own.any() else float(np.expm1(start[0]))
    phase = float(np.median(draws["phase"][own])) if own.any() else float(start[1]) - one.model.template.origin
    is_finite = np.isfinite(one.log_evidence)
    return {
        "name": one.model.template.name,
        "class": one.model.group,
        "delta_log_evidence": one.log_evidence - best.log_evidence if is_finite else None,
        "log_evidence_error": one.draws.log_evidence_error if one.draws else None,
        "effective_draws": one.draws.effective if one.draws else None,
        "redshift": z if np.isfinite(z) else None,
        "phase": phase if one.model.is_supernova and np.isfinite(phase) else None,
    }


def _judge(p_value: float) -> dict[str, Any]:
    if p_value >= MISFIT_THRESHOLD:
        return {"describes_data": True, "message": "The best model describes the spectrum."}
    message = "No model describes the spectrum: class and redshift are those of the least bad one."
    return {"describes_data": False, "message": message}


def encode_netcdf(posterior: SpectrumPosterior) -> bytes:
    """Encode the draws as a NETCDF4 file that `arviz.from_netcdf` 0.x and 1.x read, and the spectrum with its fit."""
    draws = collect_draws(posterior) | {"model": posterior.source.astype(float)}
    number = len(posterior.theta)
    chains = _CHAINS if number % _CHAINS == 0 else 1
    transient, total = posterior.predict(0)
    data = posterior.data
    pixels = {
        "wavelength": data.x.wave, "flux": data.flux * data.unit, "weight": data.weight / data.unit**2,
        "model": total * data.unit, "transient": transient * data.unit,
    }  # fmt: skip
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        group = file.create_group("posterior")
        group.dimensions = {"chain": chains, "draw": number // chains}
        for name, length in group.dimensions.items():
            group.create_variable(name, (name,), data=np.arange(length.size).astype("i8"))
        for name, values in draws.items():
            group.create_variable(name, ("chain", "draw"), data=values.reshape(chains, -1), compression="gzip")
        group.attrs["models"] = ", ".join(one.model.template.name for one in posterior.candidates)
        group.attrs["creation_library"] = f"heliograph-fitter {__version__}"
        for name, columns in (("observed_data", ("flux",)), ("constant_data", tuple(set(pixels) - {"flux"}))):
            group = file.create_group(name)
            group.dimensions = {"pixel": data.x.number}
            group.create_variable("pixel", ("pixel",), data=np.arange(data.x.number).astype("i8"))
            for column in sorted(columns):
                group.create_variable(column, ("pixel",), data=pixels[column])
    return buffer.getvalue()
