"""The study of early light curves: what is drawn, what is cut, and what is counted."""

from pathlib import Path

import numpy as np
import pytest

from tests.fitter.early_classification import CUTS, SURVEYS, Outcome, Survey, draw_event, is_detected, summarise
from tests.fitter.simulate import offer_shared_sources


@pytest.mark.parametrize("survey", SURVEYS.values(), ids=SURVEYS)
def test_a_supernova_is_detected_and_follows_from_its_seed(
    survey: Survey, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_shared_sources(shared, monkeypatch)
    event = draw_event(np.random.default_rng(3), survey)
    assert is_detected(event.photometry)
    same = draw_event(np.random.default_rng(3), survey)
    assert same.truth == event.truth and np.array_equal(same.photometry["flux"], event.photometry["flux"])


@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_leaves_the_rows_until_then(cut: str) -> None:
    event = draw_event(np.random.default_rng(4))
    early = event.cut(CUTS[cut])
    assert np.all(early["time"] <= event.peak_mjd + CUTS[cut])
    assert len(early["time"]) == np.sum(event.photometry["time"] <= event.peak_mjd + CUTS[cut])


def test_accuracy_log_loss_and_reliability_are_counted() -> None:
    outcomes = [
        Outcome("0 d", "Ia", {"Ia": 0.8, "II": 0.2}, 0.3, 0.5),
        Outcome("0 d", "II", {"Ia": 0.75, "II": 0.25}, 0.5, 0.1),
        Outcome("0 d", "II", {"Ia": 0.01, "II": 0.99}),
        Outcome("0 d", "stripped", None),
    ]
    first, *others = summarise(outcomes)
    assert first.startswith("3 light curves (1 more without probabilities): accuracy 0.67 (Ia 1 of 1, stripped 0 of 0")
    assert f"log loss {-np.mean(np.log([0.8, 0.25, 0.99])):.2f} +- " in first
    assert " ".join(others[0].split()) == "highest probability 0.70 to 0.90: 2, mean 0.78, right 0.50"
    assert others[-1].startswith("  2 forecasts: expected 0.40 bits, gained 0.30 +- ")


def test_nothing_told_is_said() -> None:
    assert summarise([Outcome("0 d", "Ia", None)]) == ["1 light curves, none with probabilities"]
