"""Ranks of the truth are uniform: a small run of `tests.fitter.calibration`, of what needs no files."""

import numpy as np
import numpy.typing as npt
import pytest

from tests.fitter.calibration import CASES, Band, rank

Array = npt.NDArray[np.float64]


@pytest.mark.parametrize(("name", "number"), [("salt3, z fixed", 30), ("salt3, limits", 60)])
def test_truth_ranks_uniformly(name: str, number: int) -> None:
    (case,) = (case for case in CASES if case.name == name)
    ranks = [rank(case, 10_000 + seed) for seed in range(number)]
    band = Band.of(number)
    outside = [key for key in ranks[0] if not band.holds(np.array([item[key] for item in ranks]))]
    assert not outside


def test_the_band_holds_uniform_ranks_as_often_as_it_says() -> None:
    band, random = Band.of(100, level=0.9), np.random.default_rng(0)
    share = np.mean([band.holds(random.uniform(size=100)) for _ in range(2000)])
    assert share == pytest.approx(0.9, abs=0.03)


def _about_the_middle(power: float) -> Array:
    """Evenly spaced ranks, moved towards the middle by a power below 1, else to the ends."""
    u = 2 * (np.arange(500) + 0.5) / 500 - 1
    return np.asarray((1 + np.sign(u) * np.abs(u) ** (1 / power)) / 2)


@pytest.mark.parametrize("ranks", [
    pytest.param(((np.arange(500) + 0.5) / 500) ** 1.3, id="biased"),
    pytest.param(_about_the_middle(0.6), id="posterior too wide"),
    pytest.param(_about_the_middle(1.8), id="posterior too narrow"),
])  # fmt: skip
def test_the_band_sees_ranks_that_are_not_uniform(ranks: Array) -> None:
    assert not Band.of(500).holds(ranks)
