"""Priors are proper: they integrate to 1."""

import numpy as np
import pytest

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum import spectrum_priors as priors
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange


def integrate(x: Array, log_density: Array) -> float:
    return float(np.trapezoid(np.exp(log_density), x))


@pytest.mark.parametrize(
    "redshift",
    [
        RedshiftRange(0.001, 1.2),
        RedshiftRange(0.01, 0.3, magnitude=-17.0),
        RedshiftRange.near(0.05, 0.01, is_exact=False),
        RedshiftRange.near(0.002, None, is_exact=False),
    ],
)
def test_redshifts(redshift: RedshiftRange) -> None:
    z = np.linspace(redshift.low, redshift.high, 40_001)
    u = np.log1p(z)
    assert integrate(u, redshift.log_density(u)) == pytest.approx(1.0, abs=1e-3)


def test_others() -> None:
    assert integrate(np.linspace(-20, 900, 100_001), priors.log_phase_density(np.linspace(-20, 900, 100_001))) == (
        pytest.approx(1.0, abs=1e-3)
    )
    ebv = np.linspace(0, 1, 10_001)
    assert integrate(ebv, priors.log_dust_density(ebv)) == pytest.approx(1.0, abs=1e-3)
    c = np.linspace(-0.5, 1.0, 10_001)
    assert integrate(c, priors.log_colour_density(c)) == pytest.approx(1.0, abs=1e-3)
    shift = np.linspace(-0.02, 0.02, 10_001)
    assert integrate(shift, priors.log_velocity_density(shift)) == pytest.approx(1.0, abs=1e-3)
    size = np.linspace(-8, 4, 10_001)
    assert integrate(size, priors.log_normal_density(size, -2.0, 0.7)) == pytest.approx(1.0, abs=1e-3)
    width = np.linspace(-0.5, 1.4, 10_001)
    assert integrate(width, priors.log_width_density(width, width)) == pytest.approx(1.0, abs=1e-3)
    assert sum(priors.CLASS_CHANCES.values()) == pytest.approx(1.0)


def test_a_known_redshift_is_no_better_than_peculiar_velocities() -> None:
    assert RedshiftRange.near(0.05, 1e-5, is_exact=False).sigma == 0.001
    assert RedshiftRange.near(0.05, 1e-5, is_exact=True).is_exact
