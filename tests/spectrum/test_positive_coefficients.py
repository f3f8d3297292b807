"""Coefficients that are never negative: the chance of that, and draws, against plain sampling and integrals."""

import numpy as np
import pytest
from scipy.special import log_ndtr
from scipy.stats import multivariate_normal

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.positive_coefficients import draw_positive, estimate_chance

PRECISION = np.array([[2.0, 0.9, 0.2], [0.9, 1.5, 0.4], [0.2, 0.4, 1.0]])


def build(seed: int, likeness: float, misfit: float) -> tuple[Array, Array]:
    """Covariance and mean of six coefficients of columns that are alike, of which some are 0, and data that misfit."""
    random = np.random.default_rng(seed)
    columns = np.abs(random.standard_normal((30, 6))) + likeness
    truth = 0.5 * np.maximum(random.standard_normal(6), 0.0)
    data = columns @ truth + (0.3 + misfit) * random.standard_normal(30)
    precision = columns.T @ columns / 0.3**2 + 4 * np.eye(6)
    return np.linalg.inv(precision), np.linalg.solve(precision, columns.T @ data / 0.3**2)


def root_of(covariance: Array) -> Array:
    return np.linalg.cholesky(np.linalg.inv(covariance))


def test_draws_are_positive_and_have_the_weight_of_their_chance() -> None:
    random = np.random.default_rng(0)
    mean = np.array([0.3, -0.5, 1.0])
    root = np.broadcast_to(np.linalg.cholesky(PRECISION), (50_000, 3, 3))
    draws, log_weight = draw_positive(root, np.tile(mean, (50_000, 1)), 4, random)
    assert draws.shape == (50_000, 4, 3) and np.all(draws >= 0)
    plain = random.multivariate_normal(mean, np.linalg.inv(PRECISION), 200_000)
    inside = np.all(plain > 0, axis=1)
    weight = np.exp(log_weight).ravel()
    assert np.mean(weight) / 8 == pytest.approx(inside.mean(), rel=0.02)
    assert weight @ draws.reshape(-1, 3) / weight.sum() == pytest.approx(plain[inside].mean(axis=0), rel=0.03)


def build_many() -> list[tuple[Array, Array]]:
    """Cases in which the chance is not negligible."""
    random = np.random.default_rng(5)
    cases = [build(seed, random.uniform(0, 10), random.uniform(0, 1)) for seed in range(300)]
    return [case for case in cases if estimate(*case) > -12]


def estimate(covariance: Array, mean: Array) -> float:
    return float(estimate_chance(root_of(covariance)[None], mean[None])[0] - 6 * np.log(2.0))


def test_the_estimated_chance_is_that_of_an_integral() -> None:
    off = []
    for covariance, mean in build_many():
        exact = multivariate_normal.cdf(np.zeros(6), -mean, covariance, rng=np.random.default_rng(0))
        off.append(abs(estimate(covariance, mean) - np.log(exact)))
    assert len(off) > 100
    assert np.median(off) < 0.01 and np.quantile(off, 0.95) < 0.3


def test_weights_of_draws_vary_little() -> None:
    """In the order of the columns they would vary by tens, and a few draws would stand for all."""
    effective = []
    for covariance, mean in build_many():
        random = np.random.default_rng(1)
        log_weight = draw_positive(root_of(covariance)[None], mean[None], 1000, random)[1][0]
        weight = np.exp(log_weight - log_weight.max())
        effective.append(weight.sum() ** 2 / (weight @ weight))
    assert np.median(effective) > 800 and np.quantile(effective, 0.05) > 300


def test_chances_far_out_are_those_of_the_tail() -> None:
    mean = np.array([[-100.0], [-29.0], [-31.0], [0.0], [40.0]])
    chance = estimate_chance(np.ones((5, 1, 1)), mean) - np.log(2.0)
    assert chance == pytest.approx(log_ndtr(mean[:, 0]), rel=1e-6)


def test_what_is_no_number_stays_none() -> None:
    root, mean = np.full((1, 3, 3), np.nan), np.full((1, 3), np.nan)
    assert np.isnan(estimate_chance(root, mean)).all()
    assert np.isnan(draw_positive(root, mean, 2, np.random.default_rng(0))[1]).all()
