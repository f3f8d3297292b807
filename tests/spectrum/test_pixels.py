"""Spectra on pixels uniform in ln(wavelength): flux and weight are conserved, gaps stay gaps."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from fitter_lambda.spectrum.log_grid import LIGHT_SPEED, LogGrid, average_in_pixels, choose_grid, rebin_spectrum
from fitter_lambda.spectrum.spectrum_masks import estimate_errors, mask_bands


@given(step=st.floats(1.0, 30.0), slope=st.floats(-1e-4, 1e-4), error=st.floats(0.01, 1.0))
def test_flux_and_weight_are_conserved(step: float, slope: float, error: float) -> None:
    wave = np.arange(4000.0, 9000.0, step)
    grid = choose_grid(wave)
    flux, weight = rebin_spectrum(grid, wave, 1 + slope * (wave - 6000.0), np.full(len(wave), error))
    assert flux == pytest.approx(1 + slope * (grid.wave - 6000.0), abs=3 * abs(slope) * step + 1e-6)
    # a pixel says as much as the spectrum's own pixels in it
    assert weight == pytest.approx(np.diff(grid.edges) / step / error**2, rel=1e-6)


@pytest.mark.parametrize("step", [1.0, 5.0, 12.0])
def test_pixels_are_not_finer_than_the_spectrums(step: float) -> None:
    wave = np.arange(4000.0, 9000.0, step)
    grid = choose_grid(wave)
    assert grid.step * LIGHT_SPEED >= min(2000.0, 0.98 * LIGHT_SPEED * np.quantile(np.diff(np.log(wave)), 0.9))
    assert grid.edges[0] >= wave[0] - step and grid.edges[-1] <= wave[-1] + step


def test_gaps_and_bad_pixels_have_no_weight() -> None:
    wave = np.arange(4000.0, 8000.0, 2.0)
    kept = (wave < 5000) | (wave > 5400)
    flux, error = np.ones(kept.sum()), np.full(kept.sum(), 0.1)
    bad = (wave[kept] > 6000) & (wave[kept] < 6200)
    flux[bad] = np.nan
    grid = choose_grid(wave[kept])
    mean, weight = rebin_spectrum(grid, wave[kept], flux, error)
    inside = ((grid.wave > 5020) & (grid.wave < 5380)) | ((grid.wave > 6020) & (grid.wave < 6180))
    assert np.all(weight[inside] == 0)
    assert np.all(weight[(grid.wave > 6250) & (grid.wave < 7900)] > 0)
    assert mean[weight > 0] == pytest.approx(1.0)


def test_averages_are_integrals_over_pixels() -> None:
    wave = np.linspace(3000.0, 4000.0, 201)
    flux = np.sin(wave / 40.0)
    grid = LogGrid(np.log(3200.0), 0.003, 50)
    fine = np.linspace(grid.edges[:-1], grid.edges[1:], 401)
    expected = np.interp(fine, wave, flux).mean(axis=0)
    assert average_in_pixels(grid, wave, flux) == pytest.approx(expected, abs=1e-4)


@given(error=st.floats(0.01, 0.2), seed=st.integers(0, 50))
def test_errors_are_estimated_from_the_scatter(error: float, seed: int) -> None:
    wave = np.linspace(4000.0, 9000.0, 1500)
    flux = 1 + 0.3 * np.sin(wave / 200.0) + error * np.random.default_rng(seed).standard_normal(len(wave))
    assert np.median(estimate_errors(flux)) == pytest.approx(error, rel=0.15)


def test_telluric_bands_and_lines_of_galaxy_and_sky_are_masked_and_named() -> None:
    wave = np.linspace(3800.0, 8000.0, 3000)
    remarks: list[str] = []
    weight = mask_bands(wave, np.ones(3000), remarks)
    assert np.all(weight[(wave > 7595) & (wave < 7700)] == 0) and np.all(weight[(wave > 5000) & (wave < 5500)] == 1)
    assert np.all(weight[(wave > 5575) & (wave < 5583)] == 0)
    assert remarks == ["masked: O2 B, O2 A, Ca II K, Ca II H, Na I D, [O I] 5577, [O I] 6300, [O I] 6364"]
