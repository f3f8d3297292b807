"""The density of a spectrum, and its scan, against plain sums and integrals."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.linear_columns import AddedColumns
from fitter_lambda.spectrum.log_grid import LogGrid
from fitter_lambda.spectrum.marginal_likelihood import MarginalLikelihood, SpectrumLikelihood
from fitter_lambda.spectrum.mode_climbing import climb_modes
from fitter_lambda.spectrum.narrow_lines import profile_lines
from fitter_lambda.spectrum.redshift_scan import RedshiftScan
from fitter_lambda.spectrum.spectrum_data import SpectrumData, build_data
from fitter_lambda.spectrum.spectrum_models import SpectrumModel, build_models
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange
from fitter_lambda.spectrum.spectrum_sampler import build_axes, find_starts, sample_model

GRID = LogGrid(8.3, 1 / 400, 200)


def make_data(seed: int = 0) -> SpectrumData:
    random = np.random.default_rng(seed)
    flux = 1 + 0.2 * np.sin(60 * GRID.x) + 0.1 * random.standard_normal(GRID.number)
    weight = np.where((GRID.x > 8.5) & (GRID.x < 8.53), 0.0, 100.0)
    return build_data(GRID, flux, weight, 300.0)


def make_models(data: SpectrumData, highest: float = 0.2) -> dict[str, SpectrumModel]:
    models = build_models([data], RedshiftRange(0.001, highest), ["salt3"])
    return {model.group: model for model in models}


def make_theta(model: SpectrumModel, u: float = 0.05) -> Array:
    middle = 0.5 * (model.template.low + model.template.high)
    u = 0.0 if model.is_star else u
    return np.array([u, middle, 0.1, 0.3, 0.001, np.log(0.8), np.log(0.1), np.log(300.0)])


def covariance(data: SpectrumData, size: float) -> Array:
    """The covariance of the good pixels."""
    good = data.good
    root = data.coherent_splines.toarray().T[:, good] / np.sqrt(data.grainy_weight[good])
    return np.diag(1 / data.grainy_weight[good]) + size**2 * root.T @ root


def test_the_marginal_density_is_a_gaussian_of_the_whole_covariance() -> None:
    data = make_data()
    model = make_models(data)["star"]
    likelihood = SpectrumLikelihood(model, 0, AddedColumns(data, model.template.grid))
    rows = np.array([[0, 0, 0, 0, 0, 0, 0, 0], [0, 0.3, 0.05, 0, 0, 0.2, 0.4, 0]]) + make_theta(model)
    density = likelihood.evaluate(rows, None).log_density
    for theta, value in zip(rows, density, strict=True):
        columns = likelihood.build_columns(theta[None])[0][:, data.good]
        amplitude = np.exp(theta[5])
        scaled = columns[1:] * np.where(np.arange(len(columns) - 1) < 3, amplitude, 1.0)[:, None]
        whole = covariance(data, np.exp(theta[6])) + (scaled.T * likelihood.sigma**2) @ scaled
        expected = multivariate_normal.logpdf(data.flux[data.good], amplitude * columns[0], whole)
        constant = 0.5 * data.good.sum() * np.log(2 * np.pi)
        assert value == pytest.approx(expected + constant, abs=1e-6)


def test_a_density_depends_on_no_other_row() -> None:
    """Rows whose columns are equal share them, wherever they are; those of other rows are computed a few at a time."""
    data = make_data()
    model = make_models(data)["Ia"]
    likelihood = SpectrumLikelihood(model, 0, AddedColumns(data, model.template.grid))
    rows = np.tile(make_theta(model), (60, 1))
    rows[:, 1] += np.arange(60) // 3 % 25
    rows[:, 5] += 0.1 * (np.arange(60) % 3)
    rows[:, 6] += 0.2 * (np.arange(60) % 2)
    alone = [likelihood.evaluate(row[None], None).log_density[0] for row in rows]
    np.testing.assert_allclose(likelihood.evaluate(rows, None).log_density, alone, rtol=1e-10)


@pytest.mark.parametrize("group", ["Ia", "star"])
@pytest.mark.parametrize("random", [None, np.random.default_rng(0)])
def test_no_rows_have_no_densities(group: str, random: np.random.Generator | None) -> None:
    """All draws of a round may lie beyond the bounds."""
    data = make_data()
    model = make_models(data)[group]
    likelihood = SpectrumLikelihood(model, 0, AddedColumns(data, model.template.grid))
    joint = likelihood.evaluate(make_theta(model)[None][:0], random)
    assert len(joint.log_density) == 0
    assert joint.complete(np.random.default_rng(0)).shape == (0, len(likelihood.sigma))


def test_chi2_is_by_the_whole_covariance() -> None:
    data = make_data()
    model = np.random.default_rng(3).standard_normal(GRID.number)
    residual = data.flux - model
    expected = residual[data.good] @ np.linalg.solve(covariance(data, 0.2), residual[data.good])
    assert data.chi2(model, 0.2) == pytest.approx(expected)


def test_the_other_coefficients_are_drawn_given_the_positive_ones() -> None:
    data = make_data()
    model = make_models(data)["Ia"]
    likelihood = SpectrumLikelihood(model, 0, AddedColumns(data, model.template.grid))
    joint = likelihood.evaluate(np.tile(make_theta(model), (20_000, 1)), np.random.default_rng(0))
    draws = joint.complete(np.random.default_rng(1))
    precision = joint.root[0] @ joint.root[0].T
    covariances = np.linalg.inv(precision)
    k = draws.shape[1] - 6
    assert np.all(draws[:, k:] >= 0)
    # the regression on three forbidden lines and three galaxies, and what is left of the variance
    slope = covariances[:k, k:] @ np.linalg.inv(covariances[k:, k:])
    rest = draws[:, :k] - joint.mean[0, :k] - (draws[:, k:] - joint.mean[0, k:]) @ slope.T
    expected = covariances[:k, :k] - slope @ covariances[k:, :k]
    assert np.all(np.abs(rest.mean(axis=0)) < 5 * np.sqrt(np.diag(expected) / len(rest)))
    assert np.cov(rest.T) == pytest.approx(expected, abs=0.05 * np.max(np.diag(expected)))


def test_the_scan_is_the_plain_sum_at_each_shift() -> None:
    data = make_data()
    model = make_models(data)["blue"]
    added = AddedColumns(data, model.template.grid)
    scan = RedshiftScan.build([added], np.log(1.2), 0.1, profile_lines([added], model.redshift))
    result = scan.run(model)
    gain = scan.lines.align(result.u, model)[1]
    prior = model.redshift.log_density(result.u) + model.log_coverage(result.u)
    weight = data.scan_weight(0.1)
    for i, j in ((0, 3), (5, 30), (7, 60)):
        row = np.array([[result.u[j], result.axis[i], 0, 0, 0, 0, 0, np.log(300.0)]])
        columns = SpectrumLikelihood(model, 0, added).build_columns(row)[0]
        columns = np.concatenate([columns[:4], columns[-3:]])  # narrow lines are in the profile
        sigma = np.array([1.0, 0.6, 0.3, 0.15, *[0.5] * 3])
        matrix = (columns * weight) @ columns.T + np.diag(sigma**-2)
        right = columns @ (weight * data.flux)
        value = 0.5 * right @ np.linalg.solve(matrix, right) - 0.5 * np.linalg.slogdet(matrix)[1] - np.log(sigma).sum()
        axis_prior = model.log_axis_density(result.axis[i : i + 1], result.u[:1])[0]
        assert result.log_density[i, j] == pytest.approx(value + axis_prior + prior[j] + gain[j], abs=0.02)


def test_the_evidence_is_the_integral() -> None:
    data = make_data()
    model = make_models(data)["star"]
    added = [AddedColumns(data, model.template.grid)]
    likelihood = MarginalLikelihood.build(model, added)
    scan = RedshiftScan.build(added, 0.1, 0.1, profile_lines(added, RedshiftRange(0.0, 0.1)))
    modes = climb_modes(likelihood, find_starts(likelihood, scan.run(model))[0], build_axes(likelihood))
    draws = sample_model(likelihood, modes, 1500, np.random.default_rng(0))
    # plain sampling around the draws: a box far wider than the posterior
    random = np.random.default_rng(1)
    weight = np.exp(draws.log_weight - draws.log_weight.max())
    free = model.free
    mean = np.average(draws.theta[:, free], axis=0, weights=weight)
    sigma = np.sqrt(np.average((draws.theta[:, free] - mean) ** 2, axis=0, weights=weight))
    theta = np.tile(draws.theta[0], (60_000, 1))
    theta[:, free] = mean + 5 * sigma * random.uniform(-1, 1, (len(theta), len(free)))
    theta = theta[np.isfinite(model.log_prior(theta))]
    value = likelihood.evaluate(theta, random)[0] + model.log_prior(theta)
    total = np.sum(np.exp(value - value.max())) / 60_000 * np.prod(10 * sigma)
    assert draws.log_evidence == pytest.approx(np.log(total) + value.max(), abs=0.15)
