"""The verdict on a fit of spectra, one word with the sentence that says why, as that on a light curve.

- refuted: the misfit p-value is below its threshold, or errors had to be made far too large
- doubtful: a model fits, but something speaks against what it says
- good: neither
"""

from typing import Any

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.misfit import MISFIT_THRESHOLD
from fitter_lambda.spectrum.spectrum_inference import SpectrumPosterior

#: A template that lacks so much of the flux is another kind of object.
_LARGE_DISCREPANCY = 0.2
#: Redshifts so far apart, over 1 + z, are two answers, if the second has this part of the draws.
_LOBE_GAP, _LOBE_SHARE = 0.005, 0.05
#: Models with this part of the posterior have to have draws that can be trusted.
_TRUSTED_SHARE = 0.05
#: Errors multiplied by this much are a misfit in part, or altogether.
_LARGE_SCALE, _HUGE_SCALE = 2.0, 5.0
#: Half of the draws so far from the light curve's phase (sigma) contradict it.
_FAR = 3.0


def judge_fit(posterior: SpectrumPosterior, draws: dict[str, Array], p_value: float) -> dict[str, Any]:
    """Return the verdict: its word, whether a model describes the data, and a message."""
    own = np.array([posterior.candidates[i].model.group for i in posterior.source])
    z = draws["z"][own == next(iter(posterior.class_probabilities))]
    size = max(float(np.median(values)) for name, values in draws.items() if name.startswith("discrepancy"))
    scale = max(data.error_scale for data in posterior.spectra)
    scaled = f"errors {scale:.1f} times as large"
    doubts = [*_describe_lobes(z), *_describe_phase(posterior), *_describe_draws(posterior)]
    if size >= _LARGE_DISCREPANCY:
        doubts.insert(0, f"the templates lack {100 * size:.0f} % of the flux: the source may be of another kind")
    if scale >= _LARGE_SCALE:
        doubts.insert(0, f"a model describes the spectrum only with {scaled}")
    if p_value < MISFIT_THRESHOLD or scale >= _HUGE_SCALE:
        reasons = "; ".join([f"misfit p = {p_value:.1g}"] * (p_value < MISFIT_THRESHOLD) + doubts)
        message = f"No model describes the data ({reasons}): class and redshift are those of the least bad one."
        return {"word": "refuted", "describes_data": False, "message": message}
    if doubts:
        return {"word": "doubtful", "describes_data": True, "message": f"Doubtful: {'; '.join(doubts)}."}
    message = f"The model describes the data (misfit p = {p_value:.2g}{f', {scaled}' * (scale > 1)})."
    return {"word": "good", "describes_data": True, "message": message}


def _describe_lobes(z: Array) -> list[str]:
    """Describe redshifts that lie apart from most."""
    z = np.sort(z)
    lobes = np.split(z, np.flatnonzero(np.diff(z) > _LOBE_GAP * (1 + z[1:])) + 1)
    lobes = sorted((lobe for lobe in lobes if len(lobe) > _LOBE_SHARE * len(z)), key=len, reverse=True)
    if len(lobes) < 2:
        return []
    return ["the redshift may be " + " or ".join(
        f"{np.median(lobe):.4f} ({100 * len(lobe) / len(z):.0f} %)" for lobe in lobes
    )]  # fmt: skip


def _describe_phase(posterior: SpectrumPosterior) -> list[str]:
    """Describe a phase that the light curve contradicts."""
    gaps = []
    for theta, source in zip(posterior.theta, posterior.source, strict=True):
        model = posterior.candidates[source].model
        if model.phase is not None and model.is_supernova:
            gaps.append(abs(model.phase.measure_gap(theta[1:2], theta[:1], model.template)[0][0]))
    if not gaps or np.median(gaps) < _FAR:
        return []
    return [f"the light curve has its maximum {np.median(gaps):.0f} sigma from that of the spectrum's phase"]


def _describe_draws(posterior: SpectrumPosterior) -> list[str]:
    total = sum(np.exp(one.log_mass - posterior.candidates[0].log_mass) for one in posterior.candidates)
    bad = [
        one.model.template.name
        for one in posterior.candidates
        if one.draws is not None and not one.draws.is_trusted
        and np.exp(one.log_mass - posterior.candidates[0].log_mass) > _TRUSTED_SHARE * total
    ]  # fmt: skip
    return [f"the draws of {', '.join(bad)} are not to be trusted (ranking: effective_draws)"] if bad else []
