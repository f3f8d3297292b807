"""Errors in proportion to the model's flux: zero points, what templates lack, and one factor of all errors."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from fitter_lambda.engine.fit import Fit, fit_source, search_source
from fitter_lambda.engine.model_discrepancy import ModelDiscrepancy
from fitter_lambda.engine.posterior_builder import build_posterior
from fitter_lambda.engine.priors import RedshiftPrior, log_error_scale_density
from fitter_lambda.engine.row_covariance import RowCovariance
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.errors import ParameterError
from fitter_lambda.input.fit_parameters import Parameters, parse_parameters
from fitter_lambda.input.light_curve import LightCurve
from tests.fitter.simulate import Case, build_data

SOURCE = "hsiao-subsampled"
REDSHIFT = RedshiftPrior("fixed", 0.03, 0.0, 0.03, 0.03)
EXACT = Parameters(source=SOURCE, model_error=0.0, zp_error=0.0, mwebv=0.0, n_draws=1000)


def _draw_rows(cadence: float = 3.0, error: float = 20.0, censored: bool = False) -> LightCurve:
    case = Case(
        "", SOURCE, REDSHIFT, (59003.0, 59004.0), (58990.0, 59050.0), cadence=cadence, error=error, parameters=EXACT,
        censored=censored,
    )  # fmt: skip
    return case.draw(np.random.default_rng(5))[1]


def _fit(rows: LightCurve, parameters: Parameters) -> Fit:
    grid = load_source_grid(parameters.source)
    return fit_source(grid, build_data(rows, REDSHIFT), parameters, 0.0, lambda done, doing: None)


def _get_relative_width(fit: Fit) -> float:
    amplitude = fit.draws[:, fit.names.index("amplitude")]
    return float(amplitude.std() / amplitude.mean())


@given(seed=st.integers(0, 2**32 - 1), n_factors=st.integers(0, 5), n_linear=st.integers(1, 3))
@settings(deadline=None, max_examples=60)
def test_sums_over_rows_are_those_of_the_dense_covariance(seed: int, n_factors: int, n_linear: int) -> None:
    random = np.random.default_rng(seed)
    n_rows, n_bands = 12, 3
    band = random.integers(0, n_bands, n_rows)
    factors = random.normal(size=(n_rows, n_factors)) * (random.uniform(size=(n_rows, n_factors)) < 0.7)
    covariance = RowCovariance(random.uniform(0.5, 2, n_rows), factors)
    flux = random.normal(size=(4, n_rows, n_linear))
    observed = random.normal(size=n_rows)
    is_used = np.repeat(random.uniform(size=(2, n_rows)) < 0.7, 2, axis=0)
    sums = covariance.sum_rows(flux, is_used, observed, band, n_bands)
    dense = np.diag(covariance.variance) + factors @ factors.T * (band[:, None] == band)
    np.testing.assert_allclose(covariance.diagonal, np.diag(dense))
    for i, used in enumerate(is_used):
        inverse = np.linalg.inv(dense[np.ix_(used, used)])
        own, y = flux[i, used], observed[used]
        log_det = np.linalg.slogdet(2 * np.pi * dense[np.ix_(used, used)])[1]
        expected = (own.T @ inverse @ own, own.T @ inverse @ y, y @ inverse @ y, log_det)
        for value, dense_value in zip((part[i] for part in sums), expected, strict=True):
            np.testing.assert_allclose(value, dense_value, rtol=1e-9, atol=1e-9)


def test_a_template_differs_by_a_curve_that_keeps_its_size_and_forgets_in_weeks() -> None:
    phase = np.linspace(-15.0, 65.0, 801)
    one = np.ones_like(phase)
    covariance = ModelDiscrepancy(0.2, 0.0).build_covariance(one, one, phase)
    shared = covariance.factors @ covariance.factors.T
    assert np.sqrt(np.mean(np.diag(shared))) == pytest.approx(0.2, rel=0.02)
    assert np.sqrt(covariance.variance) == pytest.approx(0.04)
    correlation = shared[300] / np.sqrt(np.diag(shared) * shared[300, 300])
    days = phase - phase[300]
    assert correlation[np.abs(days) < 3].min() > 0.9
    assert np.abs(correlation[np.abs(days) > 40]).max() == 0.0


def test_more_rows_do_not_average_the_models_error_away() -> None:
    inexact = replace(EXACT, model_error=0.2)
    few, many = _draw_rows(cadence=4.0, error=5.0), _draw_rows(cadence=0.5, error=5.0)
    assert _get_relative_width(_fit(many, EXACT)) < 0.5 * _get_relative_width(_fit(few, EXACT))
    assert _get_relative_width(_fit(many, inexact)) > 0.8 * _get_relative_width(_fit(few, inexact))


def test_an_error_of_zero_points_is_shared_by_the_rows_of_a_band() -> None:
    rows = _draw_rows(cadence=0.5, error=5.0)
    # two bands of equal weight: 0.05 mag over the root of two
    width = _get_relative_width(_fit(rows, replace(EXACT, zp_error=0.05)))
    assert width == pytest.approx(0.05 * 0.4 * np.log(10) / np.sqrt(2), rel=0.15)


def test_the_covariance_is_held_at_a_point_near_the_mode() -> None:
    parameters = replace(EXACT, model_error=0.2)
    searched = search_source(load_source_grid(SOURCE), build_data(_draw_rows(), REDSHIFT), parameters)
    frozen = searched.posterior.likelihood.frozen
    assert frozen is not None
    theta = searched.modes[0].theta[None]
    prediction = searched.posterior.predict_rows(theta, searched.posterior.solve(theta))
    bright = prediction.flux[0] > 0.5 * prediction.flux.max()
    rows = searched.posterior.rows
    size = np.sqrt(np.maximum(frozen.diagonal - rows.variance, 0.0)) / prediction.flux[0]
    assert np.all((size[bright] > 0.15) & (size[bright] < 0.26))


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("censored", [False, True])
def test_a_factor_of_all_errors_is_that_of_the_rows(scale: float, censored: bool) -> None:
    rows = _draw_rows(censored=censored)
    grid = load_source_grid(SOURCE)
    scaled = build_posterior(grid, build_data(rows, REDSHIFT), replace(EXACT, error_scale=None))
    wider = build_posterior(grid, build_data(replace(rows, fluxerr=scale * rows.fluxerr), REDSHIFT), EXACT)
    theta = np.array([[59003.2], [59004.5]])
    a = wider.solve(theta)
    own = scaled.log_joint_density(np.column_stack([theta, np.full(2, scale)]), a)
    prior = log_error_scale_density(np.array([scale]))[0]
    np.testing.assert_allclose(own - prior, wider.log_joint_density(theta, a), rtol=1e-9)


def test_errors_that_are_too_small_are_noticed() -> None:
    rows = _draw_rows(cadence=1.0)
    fit = _fit(replace(rows, fluxerr=rows.fluxerr / 2), replace(EXACT, error_scale=None))
    scale = fit.draws[:, fit.names.index("error_scale")]
    assert abs(scale.mean() - 2) < 4 * scale.std() < 1
    t0 = [np.std(one.draws[:, one.names.index("t0")]) for one in (fit, _fit(rows, EXACT))]
    assert t0[0] == pytest.approx(t0[1], rel=0.3)


@pytest.mark.parametrize("other", [{"robust": True}, {"modelcov": "full"}])
def test_a_factor_of_all_errors_does_not_go_with_other_tails(other: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match="error_scale=auto does not go with"):
        parse_parameters({"error_scale": "auto", **other})
