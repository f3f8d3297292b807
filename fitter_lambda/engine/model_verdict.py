"""The verdict on a fit, one word with the sentence that says why.

- refuted: the misfit p-value is below its threshold
- doubtful: the model fits, but something speaks against what it says
- good: neither
"""

from dataclasses import dataclass

import numpy as np

from fitter_lambda.engine.baseline_offsets import BaselineOffset, find_baseline_offsets
from fitter_lambda.engine.fit import Fit
from fitter_lambda.engine.fit_data import FAINT_SIGMA
from fitter_lambda.engine.misfit import MISFIT_THRESHOLD, misfit_p_value
from fitter_lambda.engine.prior_tension import TENSION_THRESHOLD, measure_prior_tension

#: With detections in fewer nights the time of the maximum and the shape come from the priors.
_FEWEST_NIGHTS = 3
_WORDS = {"absolute_magnitude": "its absolute magnitude", "x1": "x1", "c": "its colour c"}


@dataclass(frozen=True)
class FitCheck:
    """What was checked of a fit.

    Attributes
    ----------
    word : str
        "good", "doubtful" or "refuted".
    reasons : list of str
        What speaks against the fit; empty for a good one.
    misfit_p_value : float
    prior_tension : dict of str to float
        As of `measure_prior_tension`.
    baselines : list of BaselineOffset
    """

    word: str
    reasons: list[str]
    misfit_p_value: float
    prior_tension: dict[str, float]
    baselines: list[BaselineOffset]

    @property
    def sentence(self) -> str:
        """The verdict as one sentence."""
        if self.word == "good":
            return f"The model describes the data (misfit p = {self.misfit_p_value:.2g})."
        if self.word == "refuted":
            return f"The model does not describe the data ({'; '.join(self.reasons)})."
        return f"Doubtful: {'; '.join(self.reasons)}."


def check_fit(fit: Fit) -> FitCheck:
    """Check whether a fit describes the data, and with a supernova as they are known."""
    p_value = misfit_p_value(fit)
    tension = measure_prior_tension(fit)
    baselines = find_baseline_offsets(fit)
    doubts = [*_describe_tension(tension), *_describe_baselines(baselines), *_describe_nights(fit)]
    if not fit.sample.is_trusted:
        doubts.append("the draws are not to be trusted (diagnostics.pareto_k, diagnostics.effective_draws)")
    if p_value < MISFIT_THRESHOLD:
        return FitCheck("refuted", [f"misfit p = {p_value:.1g}", *doubts], p_value, tension, baselines)
    return FitCheck("doubtful" if doubts else "good", doubts, p_value, tension, baselines)


def _describe_tension(tension: dict[str, float]) -> list[str]:
    unusual = [name for name, tail in tension.items() if tail < TENSION_THRESHOLD]
    if not unusual:
        return []
    names = " and ".join(_WORDS[name] for name in unusual)
    return [f"{names} would be that of fewer than one in {1 / TENSION_THRESHOLD:.0f} supernovae of this class"]


def _describe_baselines(baselines: list[BaselineOffset]) -> list[str]:
    return [
        f"a constant of {offset.flux:.3g} ± {offset.fluxerr:.2g} µJy in {offset.band} would improve the fit: "
        + ("was the host subtracted?" if offset.flux > 0 else "does the reference image hold the supernova?")
        for offset in baselines
    ]


def _describe_nights(fit: Fit) -> list[str]:
    rows = fit.data.rows
    is_seen = rows.detections(FAINT_SIGMA) & fit.predict_rows(fit.best[None]).design.reached[0]
    number = len(np.unique(np.floor(rows.mjd[is_seen])))
    if number >= _FEWEST_NIGHTS:
        return []
    nights = "one night" if number == 1 else f"{number} nights"
    return [f"detections in {nights} only: time and shape come from the priors"]
