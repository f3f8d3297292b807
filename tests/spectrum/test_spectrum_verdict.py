"""The verdict on a fit of a spectrum: good, doubtful with reasons, or refuted."""

from dataclasses import replace

import numpy as np
import pytest

from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from fitter_lambda.spectrum.phase_prior import PhasePrior
from fitter_lambda.spectrum.spectrum_results import collect_draws
from fitter_lambda.spectrum.spectrum_verdict import judge_fit


def test_a_good_fit(finished: SpectrumFit) -> None:
    assert finished.results["verdict"]["word"] == "good"
    assert finished.summary.endswith(".") and "Doubtful" not in finished.summary


def test_a_misfit_is_refuted(finished: SpectrumFit) -> None:
    verdict = judge_fit(finished.posterior, collect_draws(finished.posterior), 1e-5)
    assert verdict["word"] == "refuted" and not verdict["describes_data"]
    assert "1e-05" in verdict["message"]


def test_two_redshifts_are_doubtful(finished: SpectrumFit) -> None:
    draws = collect_draws(finished.posterior)
    draws["z"][: len(draws["z"]) // 5] += 0.1
    verdict = judge_fit(finished.posterior, draws, 0.5)
    assert verdict["word"] == "doubtful" and verdict["describes_data"]
    assert " (80 %) or " in verdict["message"] and "(20 %)" in verdict["message"]


def test_a_template_that_lacks_much_is_doubtful(finished: SpectrumFit) -> None:
    draws = collect_draws(finished.posterior)
    verdict = judge_fit(finished.posterior, draws | {"discrepancy": np.full(len(draws["z"]), 0.3)}, 0.5)
    assert verdict["word"] == "doubtful" and "30 %" in verdict["message"]


@pytest.mark.parametrize(("days", "word"), [(5.0, "good"), (40.0, "doubtful")])
def test_a_phase_that_the_light_curve_contradicts_is_doubtful(finished: SpectrumFit, days: float, word: str) -> None:
    prior = PhasePrior(days, 1.0)
    candidates = [
        replace(one, likelihood=replace(one.likelihood, model=replace(one.model, phase=prior)))
        for one in finished.posterior.candidates
    ]
    posterior = replace(finished.posterior, candidates=candidates)
    assert judge_fit(posterior, collect_draws(posterior), 0.5)["word"] == word
