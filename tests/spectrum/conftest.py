"""Spectra that several tests fit."""

from typing import Any

import numpy as np
import pytest

from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.entry.spectrum_fitting import fit_spectrum
from fitter_lambda.input.templates import list_local_sources
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from fitter_lambda.spectrum.host_components import load_galaxies

Columns = dict[str, Any]


def make_spectrum(
    source: str, phase: float, z: float, *, host: float = 0.3, signal: float = 20.0, seed: int = 0
) -> Columns:
    """A template with the light of an old galaxy, in 1,500 pixels, in vacuum."""
    wave = np.linspace(3800.0, 9000.0, 1500)
    grid = load_source_grid(source)
    flux = np.interp(wave / (1 + z), grid.wave, grid.flux[0, 0, round((phase - grid.start) / grid.step) + 1])
    galaxy_wave, galaxies = load_galaxies()
    galaxy = np.interp(wave / (1 + z), galaxy_wave, galaxies[2])
    total = (1 - host) * flux / flux.mean() + host * galaxy / galaxy.mean()
    noise = np.random.default_rng(seed).standard_normal(len(wave)) / signal
    return {"wavelength": wave, "flux": 3e-16 * (total + noise), "error": np.full(len(wave), 3e-16 / signal)}


@pytest.fixture(scope="session")
def columns() -> Columns:
    """A supernova of type Ia, five days after maximum, at z = 0.08."""
    return make_spectrum("salt3", 5.0, 0.08)


@pytest.fixture(scope="session")
def finished(columns: Columns) -> SpectrumFit:
    """Its fit by all models at hand."""
    return fit_spectrum(columns, wavelengths="vacuum", n_draws=1000, title="SN 2026a")


@pytest.fixture
def all_classes() -> None:
    """Skip a test where there are no templates of several classes."""
    if not {"nugent-sn2p", "v19-2007y-corr"} <= set(list_local_sources()):
        pytest.skip("SNCOSMO_DATA_DIR holds no templates of types II and Ib")
