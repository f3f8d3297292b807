"""The non-uniform FFT adds up what the plain sum does."""

import numpy as np
import pytest

from fitter_lambda.renderer.nonuniform_fft import sum_exponentials

RANDOM = np.random.default_rng(11)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1001])
@pytest.mark.parametrize("count", [1, 2, 300])
def test_sums_are_those_of_the_definition(count: int, size: int) -> None:
    points = RANDOM.uniform(0, 2 * np.pi, count)
    values = RANDOM.normal(size=(2, count)) + 1j * RANDOM.normal(size=(2, count))
    modes = np.arange(size) - size // 2
    expected = values @ np.exp(1j * np.outer(points, modes))
    error = np.abs(sum_exponentials(points, values, size) - expected).max()
    assert error < 1e-12 * np.abs(values).sum()


@pytest.mark.parametrize("point", [0.0, 2 * np.pi, np.nextafter(2 * np.pi, 0), np.pi])
def test_points_at_the_ends_are_spread_around_the_circle(point: float) -> None:
    modes = np.arange(100) - 50
    sums = sum_exponentials(np.array([point]), np.array([1.0 + 0j]), 100)
    assert np.abs(sums - np.exp(1j * modes * point)).max() < 1e-12


def test_a_line_among_many_modes_is_sharp() -> None:
    """Evenly spaced points with one frequency: all other sums are zero."""
    points = np.arange(5000) * (2 * np.pi / 5000)
    sums = np.abs(sum_exponentials(points, np.exp(-1j * 123 * points), 5000))
    assert np.argmax(sums) - 2500 == 123 and sums.max() == pytest.approx(5000)
    assert np.sort(sums)[-2] < 1e-7
