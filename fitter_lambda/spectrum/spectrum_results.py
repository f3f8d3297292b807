"""The numbers of a finished fit, and its draws as a netCDF file."""

import io
from collections import Counter
from typing import Any

import h5netcdf
import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.linear_columns import N_HOSTS
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED
from fitter_lambda.spectrum.spectrum_data import SpectrumData
from fitter_lambda.spectrum.spectrum_inference import SpectrumPosterior
from fitter_lambda.spectrum.spectrum_models import N_SHARED
from fitter_lambda.spectrum.spectrum_priors import CLASS_CHANCES, WAVELENGTH_ERROR
from fitter_lambda.spectrum.spectrum_verdict import judge_fit
from fitter_lambda.version import __version__

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

    They are z, A_V, velocity (km/s), x1, c, and those of each spectrum: phase (days since maximum in B), host_fraction,
    amplitude, discrepancy, line_width (km/s, sigma of unresolved lines). Of the second spectrum they end in _2.
    """
    models = [posterior.candidates[i].model for i in posterior.source]
    u, _, dust, x1, velocity = posterior.theta[:, :N_SHARED].T
    is_supernova, is_salt, has_dust, is_exact = np.array(
        [(one.is_supernova, one.is_salt, one.has_dust, one.redshift.is_exact) for one in models]
    ).T
    # a shift of all wavelengths looks like another redshift: it widens the draws, but for those that are fixed
    scale = WAVELENGTH_ERROR * posterior.data.line_sigma / LIGHT_SPEED
    shift = scale * np.random.default_rng(0).standard_normal(len(u))
    draws = {
        "z": np.expm1(u + np.where(is_exact, 0.0, shift)),
        "A_V": np.where(has_dust & ~is_salt, _R_V * dust, np.nan),
        "velocity": np.where(is_supernova, LIGHT_SPEED * velocity, np.nan),
        "x1": np.where(is_salt, x1, np.nan),
        "c": np.where(is_salt, dust, np.nan),
    }
    for k in range(len(posterior.spectra)):
        ending = f"_{k + 1}" if k else ""
        draws |= {name + ending: values for name, values in _collect_own(posterior, k).items()}
    return draws


def _collect_own(posterior: SpectrumPosterior, k: int) -> dict[str, Array]:
    """Return the draws of what spectrum k has of its own."""
    models = [posterior.candidates[i].model for i in posterior.source]
    rows = np.array([posterior.select(i, k) for i in range(len(models))])
    phase = rows[:, 1] - np.array([one.template.origin for one in models])
    amplitude = np.exp(rows[:, N_SHARED])
    host = np.array([
        np.nan if one.is_star else row[-N_HOSTS:].sum()
        for row, one in zip(posterior.coefficients[k], models, strict=True)
    ])  # fmt: skip
    is_supernova = np.array([one.is_supernova for one in models])
    has_width = np.array([not one.is_star for one in models]) & (not posterior.spectra[k].has_resolution)
    return {
        "phase": np.where(is_supernova, phase, np.nan),
        "host_fraction": np.where(is_supernova, host / (host + amplitude), np.nan),
        "amplitude": amplitude,
        "discrepancy": np.exp(rows[:, N_SHARED + 1]),
        "line_width": np.where(has_width, np.exp(rows[:, N_SHARED + 2]), np.nan),
    }


def compute_results(posterior: SpectrumPosterior, remarks: list[str], ebv: float, ebv_source: str) -> dict[str, Any]:
    """Return all numbers, ready for JSON."""
    draws = collect_draws(posterior)
    chances = posterior.class_probabilities
    best = next(iter(chances))
    own = np.array([posterior.candidates[i].model.group == best for i in posterior.source])
    estimates = {name: _estimate(values[own]) for name, values in draws.items()}
    p_value = posterior.misfit_p_value
    data = posterior.data
    return {
        "class": best,
        "class_name": CLASS_NAMES[best],
        "class_probability": chances[best],
        "class_probabilities": chances,
        "class_probabilities_note": _describe_condition(posterior),
        "prior_class_probabilities": {name: CLASS_CHANCES[name] for name in chances},
        "template": posterior.candidates[0].model.template.name,
        "parameters": {name: estimate for name, estimate in estimates.items() if estimate is not None},
        "ranking": [_describe(i, posterior, draws) for i in range(len(posterior.candidates))],
        "misfit_p_value": p_value,
        "verdict": judge_fit(posterior, draws, p_value),
        **_describe_spectrum(data),
        "spectra": [_describe_spectrum(one) for one in posterior.spectra],
        "coherence_km_s": data.coherence,
        "grain": data.grain,
        "mw_ebv": ebv,
        "mw_ebv_source": ebv_source,
        "remarks": remarks,
        "seconds": dict(posterior.seconds),
        "version": __version__,
    }


def _describe_condition(posterior: SpectrumPosterior) -> str:
    """Describe what the probabilities of the classes take as given."""
    groups = Counter(one.model.group for one in posterior.candidates if one.model.is_supernova)
    numbers = ", ".join(f"{name} {number}" for name, number in groups.most_common())
    return (
        f"if it is like one of the templates of supernovae that were fitted ({numbers}), a galaxy, a star or a "
        "featureless blue continuum; real spectra are quite like none, and are told wrong more often than that"
    )


def _describe_spectrum(data: SpectrumData) -> dict[str, Any]:
    return {
        "date": data.label,
        "n_pixels": int(data.good.sum()),
        "pixel_km_s": data.x.step * LIGHT_SPEED,
        "signal_to_noise": data.signal,
        "error_scale": data.error_scale,
        "wavelength_range": [float(np.exp(end)) for end in data.ends],
    }


def _estimate(values: Array) -> dict[str, float] | None:
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, median, high = np.percentile(values, _SIGMA)
    return {"median": float(median), "err_minus": float(median - low), "err_plus": float(high - median)}


def _describe(i: int, posterior: SpectrumPosterior, draws: dict[str, Array]) -> dict[str, Any]:
    """Describe a model by the medians of its draws, or by its best point where it has none."""
    one = posterior.candidates[i]
    own = posterior.source == i
    z = float(np.median(draws["z"][own])) if own.any() else float(np.expm1(one.best_theta[0]))
    phase = float(np.median(draws["phase"][own])) if own.any() else one.best_theta[1] - one.model.template.origin
    gap = one.log_evidence - posterior.candidates[0].log_evidence
    return {
        "name": one.model.template.name,
        "class": one.model.group,
        "delta_log_evidence": gap if np.isfinite(gap) else None,
        "log_evidence_error": one.draws.log_evidence_error if one.draws else None,
        "effective_draws": one.draws.effective if one.draws else None,
        "redshift": z if np.isfinite(z) else None,
        "phase": float(phase) if one.model.is_supernova and np.isfinite(phase) else None,
    }


def encode_netcdf(posterior: SpectrumPosterior) -> bytes:
    """Encode the draws as a NETCDF4 file that `arviz.from_netcdf` 0.x and 1.x read, and the spectra with their fit."""
    draws = collect_draws(posterior) | {"model": posterior.source.astype(float)}
    number = len(posterior.theta)
    chains = _CHAINS if number % _CHAINS == 0 else 1
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        group = file.create_group("posterior")
        shape = {"chain": chains, "draw": number // chains}
        group.dimensions = shape
        for name, length in shape.items():
            group.create_variable(name, (name,), data=np.arange(length).astype("i8"))
        for name, values in draws.items():
            group.create_variable(name, tuple(shape), data=values.reshape(chains, -1), compression="gzip")
        group.attrs["models"] = ", ".join(one.model.template.name for one in posterior.candidates)
        group.attrs["creation_library"] = f"heliograph-fitter {__version__}"
        columns = [_list_pixels(posterior, k) for k in range(len(posterior.spectra))]
        for name, is_observed in (("observed_data", True), ("constant_data", False)):
            group = file.create_group(name)
            for k, own in enumerate(columns):
                ending = f"_{k + 1}" if k else ""
                pixel = f"pixel{ending}"
                group.dimensions[pixel] = posterior.spectra[k].x.number
                group.create_variable(pixel, (pixel,), data=np.arange(posterior.spectra[k].x.number).astype("i8"))
                for column in sorted(column for column in own if (column == "flux") == is_observed):
                    group.create_variable(column + ending, (pixel,), data=own[column])
    return buffer.getvalue()


def _list_pixels(posterior: SpectrumPosterior, k: int) -> dict[str, Array]:
    data = posterior.spectra[k]
    transient, total = posterior.predict(0, k)
    return {
        "wavelength": data.x.wave, "flux": data.flux * data.unit, "weight": data.weight / data.unit**2,
        "model": total * data.unit, "transient": transient * data.unit,
    }  # fmt: skip
