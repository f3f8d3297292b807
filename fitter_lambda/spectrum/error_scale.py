"""Errors that are too small: made larger until a model describes the spectra.

Pixels of real spectra are resampled, smoothed and calibrated, and lines of real supernovae are not quite those of a
template: about any model they scatter more than the errors say. Then noise decides, and the model with the fewest
features wins, at any redshift. So where the best model misfits, the errors are multiplied by what its residuals are
too large, and everything is fitted again, since other models or redshifts may then be as good.

How much too large is seen in chi2, and in the scatter of residuals about the mean of their neighbours, which the
coherent discrepancy cannot take up.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fitter_lambda.spectrum.spectrum_data import SpectrumData
from fitter_lambda.spectrum.spectrum_inference import Progress, SpectrumPosterior, infer
from fitter_lambda.spectrum.spectrum_models import SpectrumModel

#: A misfit p-value below this makes errors larger.
_LEAST_P_VALUE = 0.05
_MOST_FITS = 5
#: After so many seconds no other fit is begun: Lambda gives all 300.
_MOST_SECONDS = 100.0
_N_RESIDUALS = 20
#: Standard deviation of white noise of size 1 about the mean of both neighbours.
_GAP_SIGMA = 1.5**0.5


def infer_with_scaled_errors(
    spectra: Sequence[SpectrumData], models: Sequence[SpectrumModel], n_draws: int = 2000, seed: int = 0,
    progress: Progress = lambda fraction, message: None,
) -> SpectrumPosterior:  # fmt: skip
    """Fit all models as `infer` does, with errors under which one of them describes the spectra.

    Returns
    -------
    SpectrumPosterior
        `error_scale` of its spectra is what their errors were multiplied by.
    """
    began = time.monotonic()
    posterior = infer(spectra, models, n_draws, seed, progress)
    for _ in range(_MOST_FITS - 1):
        if posterior.misfit_p_value > _LEAST_P_VALUE or time.monotonic() - began > _MOST_SECONDS:
            break
        spectra = [data.scale_errors(_measure_excess(posterior, k)) for k, data in enumerate(spectra)]
        models = [replace(model, spectra=tuple(spectra)) for model in models]
        largest = max(data.error_scale for data in spectra)
        progress(0.9, f"again, with errors {largest:.1f} times as large")
        posterior = infer(spectra, models, n_draws, seed)
    return posterior


def _measure_excess(posterior: SpectrumPosterior, k: int) -> float:
    """Measure by what the residuals of spectrum k are too large for its errors, at least 1."""
    excess = float(np.sqrt(posterior.chi2_ratios[:, k].mean()))
    scatter = np.mean([_measure_scatter(posterior, i, k) for i in range(min(_N_RESIDUALS, len(posterior.theta)))])
    return max(1.0, excess, float(scatter))


def _measure_scatter(posterior: SpectrumPosterior, i: int, k: int) -> float:
    """Measure the scatter of the residuals of draw i about the mean of their neighbours, over that of the errors."""
    data = posterior.spectra[k]
    residual = (data.flux - posterior.predict(i, k)[1]) * np.sqrt(data.grainy_weight)
    gap = residual[1:-1] - 0.5 * (residual[2:] + residual[:-2])
    inside = data.good[1:-1] & data.good[2:] & data.good[:-2]
    return float(np.sqrt(np.mean(gap[inside] ** 2))) / _GAP_SIGMA if inside.any() else 0.0


def describe_scales(spectra: Sequence[SpectrumData]) -> list[str]:
    """Return remarks on errors that were made larger."""
    return [
        f"{f'spectrum {number}: ' if len(spectra) > 1 else ''}the errors were multiplied by {data.error_scale:.1f}, "
        "without which no model describes it"
        for number, data in enumerate(spectra, 1)
        if data.error_scale > 1
    ]
