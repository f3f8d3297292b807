"""What a light curve says of the phase: a prior that is said, and that a wrong date cannot turn into a wrong fit."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from fitter_lambda.entry.spectrum_fitting import choose_phase_prior, fit_spectrum
from fitter_lambda.spectrum import spectrum_priors as priors
from fitter_lambda.spectrum.log_grid import LogGrid
from fitter_lambda.spectrum.log_templates import build_supernova
from fitter_lambda.spectrum.phase_prior import PhasePrior
from tests.spectrum.conftest import Columns
from tests.spectrum.test_light_maximum import MAXIMUM, make_rows

TEMPLATE = build_supernova("salt3", LogGrid(8.0, 1 / 400, 600))


def log_density(prior: PhasePrior, days: float, z: float = 0.0) -> float:
    u = np.array([np.log1p(z)])
    axis = np.array([TEMPLATE.origin + days])
    base = priors.log_phase_density(axis - TEMPLATE.origin)
    return float(prior.log_density(axis, u, TEMPLATE, base)[0])


@given(days=st.floats(-15, 40), off=st.floats(-100, 100), error=st.floats(0.5, 10))
def test_a_wrong_date_costs_three_nats_at_most(days: float, off: float, error: float) -> None:
    base = float(priors.log_phase_density(np.array([days]))[0])
    assert log_density(PhasePrior(days + off, error), days) > base - np.log(20) - 1e-9


def test_the_density_is_proper_and_peaks_at_the_date() -> None:
    prior = PhasePrior(12.0, 3.0)
    days = np.linspace(-20, 800, 20_001)
    density = np.exp([log_density(prior, day) for day in days])
    assert np.trapezoid(density, days) == pytest.approx(1.0, abs=0.01)
    assert days[np.argmax(density)] == pytest.approx(12.0, abs=0.1)


def test_observed_days_are_shortened_by_the_redshift() -> None:
    days = np.linspace(-10, 30, 801)
    best = days[np.argmax([log_density(PhasePrior(20.0, 1.0), day, z=1.0) for day in days])]
    assert best == pytest.approx(10.0, abs=0.1)


def test_maxima_of_red_light_are_those_of_the_template_there() -> None:
    days = np.linspace(-20, 30, 801)
    red = days[np.argmax([log_density(PhasePrior(0.0, 1.0, float(np.log(6200.0))), day) for day in days])]
    assert 0.5 < red < 6  # light in r is brightest some days after that in B


@pytest.mark.parametrize(
    ("date", "rows", "t0", "is_known", "words"),
    [
        (MAXIMUM + 5, make_rows(-20, 40), None, True, "by the light curve alone"),
        (MAXIMUM + 5, make_rows(3, 40), None, False, "does not show its maximum"),
        (MAXIMUM + 5, make_rows(3, 40), MAXIMUM, True, "by a fit of the light curve"),
        (None, make_rows(-20, 40), MAXIMUM, False, "no date"),
        (MAXIMUM + 900, make_rows(-20, 40), None, False, "not used"),
    ],
)
def test_what_is_used_is_said(date: float | None, rows: list, t0: float | None, is_known: bool, words: str) -> None:
    from fitter_lambda.input.light_curve_rows import SentPhotometry

    remarks: list[str] = []
    prior = choose_phase_prior(date, SentPhotometry(rows, []), t0, 1.0, remarks)
    assert (prior is not None) == is_known
    assert words in remarks[0]


def test_a_light_curve_narrows_the_phase(columns: Columns) -> None:
    poor = columns | {"flux": columns["flux"] + 1.5e-16 * np.random.default_rng(1).standard_normal(1500)}
    poor["error"] = np.full(1500, 1.5e-16)
    alone, together = (
        fit_spectrum(poor, "salt3", 0.08, fix_z="True", n_draws=200, mwebv=0.0, phase=phase, phase_err=0.5)
        for phase in (None, 5.0)
    )
    assert np.nanstd(together.draws["phase"]) < 0.7 < np.nanstd(alone.draws["phase"])
