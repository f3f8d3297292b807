"""Spectra drawn from the spectrum fitter's own priors, on its own pixels."""

from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.linear_columns import N_HOSTS, N_POSITIVE, AddedColumns
from fitter_lambda.spectrum.log_grid import LogGrid
from fitter_lambda.spectrum.marginal_likelihood import SpectrumLikelihood
from fitter_lambda.spectrum.spectrum_data import SpectrumData, build_data
from fitter_lambda.spectrum.spectrum_models import AMPLITUDE_MOST, N_SHARED, SpectrumModel

#: 400 km/s from 3570 to 9440 angstrom: a spectrum of 2,000 pixels of 3 angstrom.
GRID = LogGrid(6130 / 750, 1 / 750, 729)
_LATTICE = 4001
_MOST_HOST = 0.8
#: Priors are in units of the mean flux, which is therefore near 1.
_MEANS = (0.9, 1.1)
_LINE_SIGMA = 150.0


@dataclass(frozen=True, eq=False)
class SimulatedSpectrum:
    """A spectrum and the theta that made it."""

    data: SpectrumData
    theta: Array
    host_fraction: float


def draw_from(axis: Array, log_density: Array, random: np.random.Generator) -> float:
    """Draw from a density on a lattice."""
    weight = np.exp(log_density - log_density.max())
    return float(random.choice(axis, p=weight / weight.sum()))


def draw_model(models: list[SpectrumModel], random: np.random.Generator) -> SpectrumModel:
    """Draw a model in proportion to the prior mass that its redshifts and phases have."""
    masses = []
    for model in models:
        u, log_u, axis, log_axis = _tabulate(model)
        masses.append(np.exp(log_u).sum() * np.exp(log_axis).sum() * (axis[1] - axis[0]) * (u[1] - u[0]))
    return models[int(random.choice(len(models), p=np.array(masses) / np.sum(masses)))]


def _tabulate(model: SpectrumModel) -> tuple[Array, Array, Array, Array]:
    """Return u and places along the axis on lattices, and their log densities."""
    u = np.linspace(np.log1p(model.redshift.low), np.log1p(model.redshift.high), _LATTICE)
    axis = np.linspace(model.template.low, model.template.high, _LATTICE)
    log_u = model.redshift.log_density(u) + model.log_coverage(u)
    return u, log_u, axis, model.log_axis_density(axis, np.zeros(_LATTICE))


def draw_theta(model: SpectrumModel, random: np.random.Generator) -> Array:
    """Draw theta from the priors of a model."""
    u, log_u, axis, log_axis = _tabulate(model)
    theta = model.build_theta(1)[0]
    theta[0] = np.log1p(model.redshift.low) if model.redshift.is_exact else draw_from(u, log_u, random)
    theta[1] = draw_from(axis, log_axis, random)
    theta[N_SHARED] = np.log(random.uniform(0.0, AMPLITUDE_MOST))
    lattices = {
        2: np.linspace(-0.5, 1.0, _LATTICE),
        4: np.linspace(-0.02, 0.02, _LATTICE),
        N_SHARED + 1: np.linspace(-6, 1, _LATTICE),
    }
    widths = np.log(model.spectra[0].line_sigmas)
    lattices[N_SHARED + 2] = np.linspace(widths[0], widths[-1], _LATTICE)
    if model.is_salt:
        lattices[3] = np.linspace(-4, 4, _LATTICE)
    for column, values in lattices.items():
        if column in model.free:
            rows = np.tile(theta, (_LATTICE, 1))
            rows[:, column] = values
            theta[column] = draw_from(values, model.log_prior(rows), random)
    return theta


def build_flat() -> SpectrumData:
    """Return a spectrum without features on the pixels of all simulated ones."""
    return build_data(GRID, np.ones(GRID.number), np.ones(GRID.number), _LINE_SIGMA, has_resolution=False)


def simulate(
    model: SpectrumModel, signal_to_noise: float, random: np.random.Generator, *, is_exact: bool = False
) -> SimulatedSpectrum:
    """Draw a spectrum of a model, with a signal to noise for each 3 angstrom; an exact one lacks nothing."""
    flat = build_flat()
    likelihood = SpectrumLikelihood(model, 0, AddedColumns(flat, model.template.grid))
    while True:
        theta = draw_theta(model, random)
        theta[N_SHARED + 1] = -9.0 if is_exact else theta[N_SHARED + 1]
        coefficients = likelihood.sigma * random.standard_normal(len(likelihood.sigma))
        if not model.is_star:
            coefficients[-N_POSITIVE:] = np.abs(coefficients[-N_POSITIVE:])
        amplitude = np.exp(theta[N_SHARED])
        host = 0.0 if model.is_star else coefficients[-N_HOSTS:].sum()
        coefficients[: len(flat.legendre) - 1] *= amplitude
        columns = likelihood.build_columns(model.select(theta[None], 0))[0]
        flux = amplitude * columns[0] + coefficients @ columns[1:]
        if host <= _MOST_HOST * (amplitude + host) and _MEANS[0] < flux.mean() < _MEANS[1]:
            break
    data = _add_noise(flux, signal_to_noise, float(np.exp(theta[N_SHARED + 1])), random)
    theta[N_SHARED] -= np.log(flux.mean())  # the fit's unit is the mean
    return SimulatedSpectrum(data, theta, host / (host + amplitude))


def _add_noise(flux: Array, signal_to_noise: float, discrepancy: float, random: np.random.Generator) -> SpectrumData:
    """Add what templates lack, and noise as of pixels of 3 angstrom."""
    error = flux.mean() / signal_to_noise / np.sqrt(GRID.wave * GRID.step / 3.0)
    exact = build_data(GRID, flux, error**-2.0, _LINE_SIGMA, has_resolution=False)
    splines = exact.coherent_splines
    white = discrepancy * (splines @ random.standard_normal(splines.shape[1]))
    total = exact.flux + (white + random.standard_normal(GRID.number)) / np.sqrt(exact.grainy_weight)
    return build_data(GRID, total, exact.weight, _LINE_SIGMA, has_resolution=False)
