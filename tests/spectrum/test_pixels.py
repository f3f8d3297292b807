"""Spectra on pixels uniform in ln(wavelength): flux and weight are conserved, gaps stay gaps."""

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from scipy.special import ndtr

from fitter_lambda.spectrum.log_grid import LIGHT_SPEED, LogGrid, average_in_pixels, choose_grid, rebin_spectrum
from fitter_lambda.spectrum.spectrum_masks import estimate_errors, find_lone_pixels, mask_bands, prepare_spectrum
from fitter_lambda.spectrum.spectrum_table import parse_spectrum_table


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
    estimated = estimate_errors(flux)
    assert np.median(estimated) == pytest.approx(error, rel=0.15)
    # at both ends the window is half as long
    assert 0.4 * error < estimated.min() and estimated.max() < 2.0 * error


PIXEL = np.arange(300)
place = st.floats(5.0, len(PIXEL) - 6.0)


def make_flux(error: float, seed: int) -> np.ndarray:
    return 1 + 0.3 * np.sin(PIXEL / 20.0) + error * np.random.default_rng(seed).standard_normal(len(PIXEL))


@given(
    error=st.floats(0.02, 0.1), seed=st.integers(0, 50), height=st.floats(50.0, 1e4), sign=st.sampled_from([-1, 1]),
    at=place, beside=st.sampled_from([1, 2, 5]), has_errors=st.booleans(),
)  # fmt: skip
def test_pixels_that_stand_out_alone_are_found(
    error: float, seed: int, height: float, sign: int, at: float, beside: int, has_errors: bool
) -> None:
    flux = make_flux(error, seed)
    flux[int(at)] += sign * height * error
    if int(at) + 10 * beside < len(flux):
        flux[int(at) + 10 * beside] -= 50 * error
    sent = np.full(len(flux), error) if has_errors else estimate_errors(flux)
    lone = find_lone_pixels(flux, sent)
    assert lone[int(at)] and lone.sum() <= 2


@given(
    width=st.floats(1.56, 8.0), centre=place, height=st.floats(-0.7, 100.0), error=st.floats(0.001, 0.03),
    seed=st.integers(0, 50),
)  # fmt: skip
@example(width=2.0, centre=5.0, height=0.0625, error=0.001953125, seed=0)  # a faint line on a steep slope
def test_no_line_is_taken_for_a_lone_pixel(width: float, centre: float, height: float, error: float, seed: int) -> None:
    sigma = width / 2.3548
    line = ndtr((PIXEL + 0.5 - centre) / sigma) - ndtr((PIXEL - 0.5 - centre) / sigma)
    flux = make_flux(error, seed) + height * line / line.max()
    assert not find_lone_pixels(flux, np.full(len(flux), error)).any()


@pytest.mark.parametrize(
    ("resolution", "is_masked", "is_left_out"), [(None, True, True), (None, False, False), (300.0, True, False)]
)
def test_a_lone_pixel_is_left_out_unless_lines_are_as_narrow(
    resolution: float | None, is_masked: bool, is_left_out: bool
) -> None:
    wave = np.linspace(4000.0, 9000.0, 300)
    flux = make_flux(0.02, 0)
    flux[[100, 200]] = 0.0, np.nan
    flux[150] += 5.0
    spectrum = parse_spectrum_table({"wavelengths": wave, "fluxes": flux, "errors": np.full(300, 0.02)}, is_air=False)
    data, remarks = prepare_spectrum(spectrum, resolution, 0.0, is_masked)
    said = [remark for remark in remarks if "alone" in remark]
    assert bool(said) == is_left_out
    near = np.abs(data.x.wave - wave[150]) < 10
    assert (np.max(data.flux[near]) < 2) == is_left_out
    if said:
        assert said == ["2 pixels that stand out alone were left out (angstrom, vacuum): 5672, 6508"]


def test_telluric_bands_and_lines_of_galaxy_and_sky_are_masked_and_named() -> None:
    wave = np.linspace(3800.0, 8000.0, 3000)
    remarks: list[str] = []
    weight = mask_bands(wave, np.ones(3000), remarks)
    assert np.all(weight[(wave > 7595) & (wave < 7700)] == 0) and np.all(weight[(wave > 5000) & (wave < 5500)] == 1)
    assert np.all(weight[(wave > 5575) & (wave < 5583)] == 0)
    assert remarks == ["masked: O2 B, O2 A, Ca II K, Ca II H, Na I D, [O I] 5577, [O I] 6300, [O I] 6364"]
