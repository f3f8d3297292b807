"""Draws by adaptive importance sampling, of densities that are known."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from fitter_lambda.engine.importance_sampling import sample
from fitter_lambda.engine.mode_search import Mode
from fitter_lambda.engine.posterior import Draws

Array = npt.NDArray[np.float64]

NUMBER = 4000
SHARE, PLACE, WIDTH = 0.03, 5.0, 0.5


def with_a_lobe() -> Any:
    """Stands for a posterior: a round Gaussian about 0 and, 5 sigma away, one of 3 % that is half as wide."""
    parts = [
        (1 - SHARE, multivariate_normal(np.zeros(4))),
        (SHARE, multivariate_normal([PLACE, 0, 0, 0], WIDTH**2)),
    ]

    def joint(theta: Array, conditional: object, random: np.random.Generator) -> Draws:
        density = logsumexp([np.log(share) + part.logpdf(theta) for share, part in parts], axis=0)
        one = np.ones((len(theta), 1))
        return Draws(theta, one, 0 * one, density, density)

    return SimpleNamespace(
        names=("a", "b", "c", "d"), mjd=np.zeros(50), steps=1, fluxes=SimpleNamespace(n_linear=1),
        log_prior=lambda theta: np.zeros(len(theta)), joint=joint,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_a_lobe_that_a_small_round_misses_does_not_outweigh_the_draws(seed: int) -> None:
    modes = [Mode(np.zeros(4), 0.0, np.eye(4))]
    found = sample(with_a_lobe(), modes, NUMBER, np.random.default_rng(seed), lambda done: None)
    # where a single draw stands for all of the lobe there are some hundred
    assert found.effective_draws > NUMBER / 3
    assert abs(found.log_evidence) < 2 * SHARE


def test_draws_are_those_of_the_density() -> None:
    modes = [Mode(np.zeros(4), 0.0, np.eye(4)), Mode(np.array([PLACE, 0, 0, 0]), 0.0, 0.2 * np.eye(4))]
    found = sample(with_a_lobe(), modes, NUMBER, np.random.default_rng(0), lambda done: None)
    in_lobe = found.theta[:, 0] > PLACE - 3 * WIDTH
    assert np.mean(in_lobe) == pytest.approx(SHARE, abs=0.01)
    assert found.theta[~in_lobe].std(axis=0) == pytest.approx(1.0, abs=0.05)
    assert abs(found.log_evidence) < 5 * found.log_evidence_error and found.log_evidence_error < 0.02
    assert found.pareto_k < 0.7
