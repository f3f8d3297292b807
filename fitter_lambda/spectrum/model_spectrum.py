"""The model of a fit beside the spectrum, as a page draws it: in the wavelengths and the flux that were sent."""

from typing import Any

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.source_grid import host_reddening
from fitter_lambda.spectrum.spectrum_inference import SpectrumPosterior
from fitter_lambda.spectrum.spectrum_models import N_SHARED
from fitter_lambda.spectrum.spectrum_table import to_vacuum

_N_CURVES = 100
_DIGITS = 5


def describe_model_spectrum(posterior: SpectrumPosterior, mw_ebv: float, is_air: bool, k: int = 0) -> dict[str, Any]:
    """Return the fitted pixels of spectrum k with the model of the best class, ready for JSON.

    Flux is per wavelength, behind the dust of the Milky Way; null in pixels that were left out. Of a spectrum that was
    sent per frequency or in magnitudes its scale is arbitrary.

    Parameters
    ----------
    posterior : SpectrumPosterior
    mw_ebv : float
        E(B-V) of the Milky Way, which the fit corrected for.
    is_air : bool
        Whether the spectrum's wavelengths are in air.
    k : int
        Its place among the spectra of the fit.

    Returns
    -------
    dict
        Lists of one length: `wavelength` (angstrom), `flux`, `error`, `model` (median of the draws), `host` (the part
        of it that is host and narrow lines), `discrepancy` (standard deviation of what the model may lack).
    """
    data = posterior.spectra[k]
    scale = data.unit * 10 ** (-0.4 * mw_ebv * host_reddening(data.x.wave))
    error = 1 / np.sqrt(np.where(data.good, data.weight, np.nan))
    model, host, discrepancy = _summarize_draws(posterior, k)
    columns = {
        "flux": np.where(data.good, data.flux, np.nan), "error": error, "model": model, "host": host,
        "discrepancy": discrepancy * data.smooth,
    }  # fmt: skip
    wave = data.x.wave
    # a few angstrom change the refractive index by nothing
    wave = wave**2 / to_vacuum(wave) if is_air else wave
    rounded = {name: _round_values(values * scale) for name, values in columns.items()}
    return {"wavelength": [round(value, 2) for value in wave.tolist()], **rounded}


def _summarize_draws(posterior: SpectrumPosterior, k: int) -> tuple[Array, Array, float]:
    """Return the medians of all flux, of what is not the transient, and of the discrepancy, over the best class."""
    best = next(iter(posterior.class_probabilities))
    groups = np.array([posterior.candidates[i].model.group for i in posterior.source])
    own = np.flatnonzero(groups == best)
    curves = np.array([posterior.predict(int(i), k) for i in own[:_N_CURVES]])
    total = np.median(curves[:, 1], axis=0)
    host = np.median(curves[:, 1] - curves[:, 0], axis=0)
    log_discrepancy = [posterior.select(int(i), k)[N_SHARED + 1] for i in own]
    return np.asarray(total), np.asarray(host), float(np.median(np.exp(log_discrepancy)))


def _round_values(values: Array) -> list[float | None]:
    return [float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None for value in values.tolist()]
