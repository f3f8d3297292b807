"""Priors of shapes and linear parameters: proper densities, with the right curvature and slope."""

import numpy as np
import pytest

from fitter_lambda.engine.linear_coordinates import LogCoordinates
from fitter_lambda.engine.priors import FlatPriors, PhysicalPriors, Priors
from fitter_lambda.engine.supernova_classes import CLASSES

PRIORS: list[Priors] = [PhysicalPriors(-10.0, CLASSES["SN Ia"], 3.1, 0.001), FlatPriors(1e-3)]
Z = np.array([0.05])
COLOUR = np.array([[0.1]])


@pytest.mark.parametrize("priors", PRIORS)
@pytest.mark.parametrize("name", ["c", "hostebv", "delta", "s", "anything"])
def test_densities_of_shapes_integrate_to_one(priors: Priors, name: str) -> None:
    low, high = priors.get_shape_bounds(name)
    s = np.linspace(low, high, 20_001)
    # of c the bounds cut off a little: a hundredth of a per cent of its tail of dust
    assert np.trapezoid(np.exp(priors.log_shape_density(name, s)), s) == pytest.approx(1, abs=1e-3)
    outside = np.array([low - 1e-6, high + 1e-6])
    assert np.all(np.isneginf(priors.log_shape_density(name, outside)))


@pytest.mark.parametrize("priors", PRIORS)
def test_densities_of_amplitudes_integrate_to_one(priors: Priors) -> None:
    log_amplitude = np.linspace(-40, 0, 40_001)
    a = np.exp(log_amplitude)[:, None]
    many = len(a)
    density = priors.log_density(a, np.repeat(Z, many), np.repeat(COLOUR, many, axis=0))
    assert np.trapezoid(np.exp(density + log_amplitude), log_amplitude) == pytest.approx(1, abs=1e-3)
    assert np.all(np.isneginf(priors.log_density(-a[:1], Z, COLOUR)))


@pytest.mark.parametrize("priors", PRIORS)
@pytest.mark.parametrize("a", [[[2e-4]], [[2e-4, 1e-4]]])
def test_slopes_are_those_of_the_densities(priors: Priors, a: list[list[float]]) -> None:
    """In log coordinates the density includes the Jacobian of the coordinates."""
    start = np.array(a)
    _, slope = priors.curvature(start, Z, COLOUR)
    scale = 1.0 if isinstance(priors.coordinates, LogCoordinates) else start[0, 0]
    for i, step in enumerate(1e-5 * scale * np.eye(start.shape[1])):
        below, above = (priors.coordinates.shift(start, sign * step[None]) for sign in (-1, 1))
        rise = sum(
            sign * (priors.log_density(x, Z, COLOUR) + priors.coordinates.log_volume(x))[0]
            for sign, x in ((-1, below), (1, above))
        )
        assert slope[0, i] == pytest.approx(rise / (2e-5 * scale), rel=1e-4, abs=1e-6)


def test_physical_priors_follow_distance_and_colour() -> None:
    """A redshift twice as high makes supernovae four times as faint, nearly; beta magnitudes per colour."""
    priors = PRIORS[0]
    assert isinstance(priors, PhysicalPriors)
    (near, far), _ = priors.log_amplitude(np.array([0.01, 0.02]), np.zeros((2, 1)))
    assert np.exp(near - far) == pytest.approx(4, rel=0.03)
    (neutral, red), _ = priors.log_amplitude(np.repeat(Z, 2), np.array([[0.0], [1.0]]))
    assert (neutral - red) * 2.5 / np.log(10) == pytest.approx(3.1)
