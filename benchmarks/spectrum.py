"""Time and answer of the spectrum fitter beside a plain grid of chi2: ``python -m benchmarks.spectrum``.

A spectrum of 2,000 pixels is fitted with 25 templates (those at hand, some more than once, at all phases) and three
backgrounds, for z up to 1.2. The grid has the same templates, calibration, galaxies and lines in least squares with the
errors of the pixels alone, at the scan's phases and shifts and four values of dust; some of its points are timed.
Seconds are those of one processor, so that other work on the machine does not count.
"""

import argparse
import sys
import time
from itertools import cycle, islice

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.spectrum.host_components import load_galaxies
from fitter_lambda.spectrum.linear_columns import AddedColumns
from fitter_lambda.spectrum.marginal_likelihood import SpectrumLikelihood
from fitter_lambda.spectrum.redshift_scan import choose_axis
from fitter_lambda.spectrum.spectrum_data import SpectrumData
from fitter_lambda.spectrum.spectrum_inference import infer
from fitter_lambda.spectrum.spectrum_masks import prepare_spectrum
from fitter_lambda.spectrum.spectrum_models import SpectrumModel, build_models, list_template_names
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange
from fitter_lambda.spectrum.spectrum_table import parse_spectrum_table

_N_TEMPLATES = 25
_REDSHIFT, _PHASE, _HOST = 0.12, 5.0, 0.3
_DUST = (0.0, 0.1, 0.3, 0.6)
_N_TIMED = 2000
_FREE = RedshiftRange(0.001, 1.2)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spectrum")
    parser.add_argument("--signal", type=float, nargs="*", default=[3.0, 10.0, 30.0], help="S/N of each pixel")
    options = parser.parse_args(arguments)
    for signal in options.signal:
        data = simulate_spectrum(signal)
        names = list(islice(cycle(list_template_names()), _N_TEMPLATES))
        models = build_models((data,), _FREE, names)
        report_fit(data, models, signal)
        own = next(model for model in models if model.template.name == "hsiao")
        report_grid(data, own, len(models))
    return 0


def simulate_spectrum(signal: float) -> SpectrumData:
    """Return a supernova of type Ia with an old galaxy."""
    wave = np.linspace(3500.0, 9500.0, 2000)
    source = load_source_grid("hsiao")
    index = round((_PHASE - source.start) / source.step) + 1
    # a B-spline's samples are sums of three knots
    sample = np.array([1.0, 4.0, 1.0]) @ source.flux[0, 0, index - 1 : index + 2] / 6
    flux = np.interp(wave / (1 + _REDSHIFT), source.wave, sample)
    galaxy_wave, galaxies = load_galaxies()
    galaxy = np.interp(wave / (1 + _REDSHIFT), galaxy_wave, galaxies[2])
    total = (1 - _HOST) * flux / flux.mean() + _HOST * galaxy / galaxy.mean()
    noise = np.random.default_rng(0).standard_normal(len(wave)) / signal
    columns = {"wave": wave, "flux": total + noise, "error": np.full(len(wave), 1 / signal)}
    return prepare_spectrum(parse_spectrum_table(columns, is_air=False), None, 0.0)[0]


def report_fit(data: SpectrumData, models: list[SpectrumModel], signal: float) -> None:
    """Fit twice, and print the second: the first fills caches that a running service has."""
    for _ in range(2):
        began = time.process_time(), time.perf_counter()
        posterior = infer((data,), models)
        seconds, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    z = np.expm1(posterior.theta[:, 0])
    chances = ", ".join(f"{name} {chance:.3f}" for name, chance in list(posterior.class_probabilities.items())[:2])
    print(
        f"S/N {signal:g}: {len(models)} models, {seconds:.1f} s of one processor ({wall:.1f} s by the clock);", end=" "
    )
    print(f"{chances}; z = {np.median(z):.4f} ± {np.std(z):.4f}, truth {_REDSHIFT}", flush=True)


def report_grid(data: SpectrumData, model: SpectrumModel, n_models: int) -> None:
    """Time the least squares of some grid points, and find the best redshift of the true template."""
    likelihood = SpectrumLikelihood(model, 0, AddedColumns(data, model.template.grid))
    axis = choose_axis(model)
    shifts = np.arange(0.0, np.log1p(_FREE.high), data.x.step)
    n_points = len(axis) * len(shifts) * len(_DUST)
    # all redshifts at the nearest phase, for each dust
    theta = model.select(model.build_theta(len(shifts) * len(_DUST)), 0)
    theta[:, 0], theta[:, 1] = np.tile(shifts, len(_DUST)), axis[np.argmin(np.abs(axis - _PHASE))]
    theta[:, 2] = np.repeat(_DUST, len(shifts))
    theta = theta[:_N_TIMED] if len(theta) > _N_TIMED else theta
    began = time.process_time()
    chi2 = np.concatenate([minimise_chi2(data, likelihood, theta[i : i + 50]) for i in range(0, len(theta), 50)])
    each = (time.process_time() - began) / len(theta)
    best = np.expm1(theta[np.argmin(chi2), 0])
    print(f"  chi2 grid: {1e3 * each:.2f} ms for each of {n_points} points of hsiao;", end=" ")
    print(
        f"all {n_models} models would take {each * n_points * n_models / 60:.0f} min; best z = {best:.4f}", flush=True
    )


def minimise_chi2(data: SpectrumData, likelihood: SpectrumLikelihood, theta: Array) -> Array:
    """Return the least chi2 over all linear coefficients, of any sign."""
    root = np.sqrt(data.weight)
    columns = likelihood.build_columns(theta) * root
    matrix = columns @ np.swapaxes(columns, 1, 2)
    right = columns @ (data.flux * root)
    ridge = 1e-9 * np.trace(matrix, axis1=1, axis2=2)[:, None, None] * np.eye(matrix.shape[1])
    solved = np.linalg.solve(matrix + ridge, right[..., None])[..., 0]
    return np.asarray(np.sum((data.flux * root) ** 2) - np.sum(right * solved, axis=1))


if __name__ == "__main__":
    sys.exit(main())
