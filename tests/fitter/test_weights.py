"""What weighted draws are worth."""

import numpy as np
import numpy.typing as npt
import pytest

from fitter_lambda.engine.importance_weights import PosteriorSample, resample
from fitter_lambda.engine.posterior import JointDraws
from fitter_lambda.errors import FitError

Array = npt.NDArray[np.float64]


def weighed(log_weight: Array, n_draws: int = 1000) -> PosteriorSample:
    """A sample of draws that are their own numbers."""
    number = np.arange(len(log_weight), dtype=float)
    draws = JointDraws(number[:, None], number[:, None], number[:, None], log_weight, number)
    return resample(draws, log_weight, len(log_weight), n_draws, np.random.default_rng(0))


@pytest.mark.parametrize(("shape", "trusted"), [(0.3, True), (1.2, False)])
def test_a_heavy_tail_is_seen(shape: float, trusted: bool) -> None:
    uniform = np.random.default_rng(1).uniform(size=6000)
    assert (weighed(-shape * np.log(uniform)).pareto_k < 0.7) is trusted


def test_a_step_is_no_heavy_tail() -> None:
    """Most draws weigh the same; some, where a row leaves the model's reach, up to ten times that."""
    random = np.random.default_rng(1)
    log_weight = random.normal(0, 0.05, 6000)
    log_weight[:120] = random.uniform(0.2, 2.3, 120)
    sample = weighed(log_weight)
    assert sample.pareto_k < 0.7 and sample.effective_draws == 1000


def test_draws_come_as_often_as_they_weigh() -> None:
    log_weight = np.log([0.1, 0.2, 0.0001, 0.6999])
    numbers, times = np.unique(weighed(log_weight, 10_000).theta, return_counts=True)
    assert dict(zip(numbers.astype(int).tolist(), times.tolist(), strict=True)) == pytest.approx(
        {0: 1000, 1: 2000, 2: 1, 3: 6999}, abs=1
    )


def test_draws_without_any_weight_say_so() -> None:
    with pytest.raises(FitError, match="nowhere"):
        weighed(np.full(100, -np.inf))
