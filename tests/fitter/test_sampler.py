"""Draws by adaptive importance sampling, of densities that are known."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from fitter_lambda.engine.importance_sampling import run_importance_sampling
from fitter_lambda.engine.importance_weights import PosteriorSample
from fitter_lambda.engine.mode_search import Mode
from fitter_lambda.engine.posterior import JointDraws

Array = npt.NDArray[np.float64]

NUMBER = 4000
SHARE, PLACE, WIDTH = 0.03, 5.0, 0.5


def with_a_lobe() -> Any:
    """Stands for a posterior: a round Gaussian about 0 and, 5 sigma away, one of 3 % that is half as wide."""
    parts = [(1 - SHARE, multivariate_normal(np.zeros(4))), (SHARE, multivariate_normal([PLACE, 0, 0, 0], WIDTH**2))]

    def draw_linear_parameters(theta: Array, proposal: object, random: np.random.Generator) -> JointDraws:
        density = logsumexp([np.log(share) + part.logpdf(theta) for share, part in parts], axis=0)
        one = np.ones((len(theta), 1))
        return JointDraws(theta, one, 0 * one, density, density)

    return SimpleNamespace(
        names=("a", "b", "c", "d"), rows=np.zeros(50), n_steps=1, fluxes=SimpleNamespace(n_linear=1),
        log_prior=lambda theta: np.zeros(len(theta)), draw_linear_parameters=draw_linear_parameters,
    )  # fmt: skip


def sample_with_a_lobe(modes: list[Mode], seed: int) -> PosteriorSample:
    random = np.random.default_rng(seed)
    return run_importance_sampling(with_a_lobe(), modes, NUMBER, random, lambda done: None)


@pytest.mark.parametrize("seed", range(8))
def test_a_lobe_that_a_small_round_misses_does_not_outweigh_the_draws(seed: int) -> None:
    modes = [Mode(np.zeros(4), 0.0, np.eye(4))]
    sample = sample_with_a_lobe(modes, seed)
    # where a single draw stands for all of the lobe there are some hundred
    assert sample.effective_draws > NUMBER / 3
    assert abs(sample.log_evidence) < 2 * SHARE


def test_draws_are_those_of_the_density() -> None:
    modes = [Mode(np.zeros(4), 0.0, np.eye(4)), Mode(np.array([PLACE, 0, 0, 0]), 0.0, 0.2 * np.eye(4))]
    sample = sample_with_a_lobe(modes, 0)
    in_lobe = sample.theta[:, 0] > PLACE - 3 * WIDTH
    assert np.mean(in_lobe) == pytest.approx(SHARE, abs=0.01)
    assert sample.theta[~in_lobe].std(axis=0) == pytest.approx(1.0, abs=0.05)
    assert abs(sample.log_evidence) < 5 * sample.log_evidence_error and sample.log_evidence_error < 0.02
    assert sample.pareto_k < 0.7
