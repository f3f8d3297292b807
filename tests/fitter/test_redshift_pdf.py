"""A photometric redshift as a tabulated density: how it is written, and what it does to a fit."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fitter_lambda.engine.fit_data import build_redshift_prior
from fitter_lambda.engine.priors import RedshiftPrior
from fitter_lambda.errors import ParameterError
from fitter_lambda.input.fit_parameters import parse_parameters
from tests.fitter.light_curves import sn2019dwz
from tests.fitter.test_fit import draws, run_fit

POINTS = ((0.1, 0.2), (0.15, 1.0), (0.2, 0.3))
#: A density that the light curve of SN 2019dwz, at z = 0.046, does not agree with quite.
SKEW = "0.02: 0, 0.05: 1, 0.055: 0.2, 0.1: 0.1"


@pytest.mark.parametrize(
    "value",
    [
        "0.1: 0.2, 0.15: 1, 0.2: 0.3",
        " 0.2 0.3\n0.1 0.2\n0.15 1\n",
        "0.1:0.2;0.15:1;0.2:0.3",
        {"0.1": 0.2, 0.15: "1", 0.2: 0.3},
        [[0.1, 0.15, 0.2], [0.2, 1, 0.3]],
        (np.array([0.1, 0.15, 0.2]), np.array([0.2, 1.0, 0.3])),
    ],
)
def test_a_density_is_written_as_text_or_given_as_arrays(value: Any) -> None:
    assert parse_parameters({"z_pdf": value}).z_pdf == POINTS


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0.1: 1", "has 1 redshifts with densities; expected 2 to 2000"),
        (0.1, "has 0 redshifts"),
        ([[0.1, 0.2], [1.0]], "two arrays of equal length"),
        ("0.1: 1, 0.2", r"z_pdf \(density\) is ''; expected a number"),
        ("0.1: 1, 0.2: -1", r"z_pdf \(density\) is '-1'"),
        ("0.1: 1, 0.2: nan", r"z_pdf \(density\) is 'nan'"),
        ("-0.1: 1, 0.2: 1", r"z_pdf \(redshift\) is '-0.1'; expected a number, 0 to 5"),
        ("0.1: 1, 0.1: 2", "two densities at the redshift 0.1"),
        ("0.1: 0, 0.2: 0", "zero at all redshifts"),
    ],
)
def test_what_is_no_density_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(ParameterError, match=reason):
        parse_parameters({"z_pdf": value})


def test_a_fixed_redshift_has_no_density() -> None:
    with pytest.raises(ParameterError, match="fix_z is True; leave out one of them"):
        parse_parameters({"z_pdf": "0.1: 1, 0.2: 1", "fix_z": "True"})


def test_it_takes_the_place_of_other_priors_of_the_redshift() -> None:
    prior = build_redshift_prior(parse_parameters({"z_pdf": POINTS_TEXT, "z_max": 0.12}), 0.5, 0.01)
    assert (prior.kind, prior.low, prior.high) == ("pdf", 0.1, 0.2)


POINTS_TEXT = ", ".join(f"{z}: {density}" for z, density in POINTS)

densities = st.lists(
    st.tuples(st.floats(0, 5), st.floats(0, 1e6)), min_size=2, max_size=20, unique_by=lambda point: round(point[0], 3)
).filter(lambda points: max(density for _, density in points) > 1e-3)


@settings(max_examples=40, deadline=None)
@given(points=densities)
def test_a_density_has_its_shape_and_integrates_to_one(points: list[tuple[float, float]]) -> None:
    prior = RedshiftPrior.from_points(sorted(points))
    z = np.union1d(np.linspace(prior.low, prior.high, 501), [at for at, _ in prior.points])
    density = np.exp(prior.logpdf(z))
    assert np.trapezoid(density, z) == pytest.approx(1, abs=1e-6)
    shape = np.interp(z, *np.array(sorted(points)).T)
    assert density * shape.max() == pytest.approx(shape * density.max(), abs=1e-6 * shape.max() * density.max())
    assert np.all(np.isneginf(prior.logpdf(np.array([prior.low - 1e-6, prior.high + 1e-6]))))
    starts = prior.space_redshifts(0.03)
    assert np.all((starts >= prior.low) & (starts <= prior.high)) and np.all(np.diff(np.log1p(starts)) <= 0.03 + 1e-9)


def test_empty_tails_are_cut_off() -> None:
    z = np.linspace(0, 3, 301)
    prior = RedshiftPrior.from_points(list(zip(z, np.exp(-0.5 * ((z - 0.5) / 0.05) ** 2), strict=True)))
    assert 0.2 < prior.low < 0.3 and 0.7 < prior.high < 0.8


def test_the_posterior_is_that_of_a_flat_prior_weighted_by_the_density() -> None:
    # without SALT's covariance, which is held at the best fit of each
    bounds = {"z_prior": "flat", "z_min": "0.02", "z_max": "0.1"}
    flat = run_fit(sn2019dwz(fix_z="False", modelcov="False", n_draws=8000, **bounds))
    fit = run_fit(sn2019dwz(z_pdf=SKEW, modelcov="False", n_draws=4000))
    weight = np.exp(build_redshift_prior(parse_parameters({"z_pdf": SKEW}), None, None).logpdf(draws(flat, "z")))
    for name in fit.names:
        expected = np.average(draws(flat, name), weights=weight)
        sigma = np.sqrt(np.average((draws(flat, name) - expected) ** 2, weights=weight))
        assert np.mean(draws(fit, name)) == pytest.approx(expected, abs=0.12 * sigma)
        assert np.std(draws(fit, name)) == pytest.approx(sigma, rel=0.12)
    # the evidence is the mean of the density over the flat posterior, relative to the flat density
    gain = np.log(np.mean(weight) * (0.1 - 0.02))
    assert fit.sample.log_evidence - flat.sample.log_evidence == pytest.approx(gain, abs=0.1)


def test_of_two_narrow_peaks_the_right_one_is_seen() -> None:
    peaks = "0.044: 0, 0.046: 1, 0.048: 0, 0.3: 0, 0.301: 1, 0.302: 0"
    fit = run_fit(sn2019dwz(z_pdf=peaks, n_draws=400))
    assert fit.data.redshift.kind == "pdf"
    assert np.all((draws(fit, "z") > 0.044) & (draws(fit, "z") < 0.048))
