"""Band fluxes and covariances are sncosmo's own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sncosmo
from scipy.stats import multivariate_normal

from fitter_lambda.engine.bandflux import BandFluxes, DesignMatrix
from fitter_lambda.engine.likelihood import Likelihood
from fitter_lambda.engine.rows import Rows
from fitter_lambda.engine.salt_scatter import RowScatter, SaltScatter
from fitter_lambda.engine.source_grid import HOST_DUST, SourceGrid, load_source_grid
from fitter_lambda.input.templates import load_bandpasses
from tests.fitter.simulate import build_dusty_model, bump, offer_shared_sources, offer_sources

Array = npt.NDArray[np.float64]

BANDS = ("ztfg", "ztfr", "atlaso", "sdssi")
SHAPES = {"c": (-0.5, 1.0), HOST_DUST: (0.0, 1.0), "s": (0.5, 1.5)}
Z_LOW, Z_HIGH, MWEBV, X1, T0 = 0.01, 0.25, 0.1, 0.7, 58000.3
TOLERANCE = 1e-4
N_ROWS = 200


def _bands() -> list[Any]:
    bandpasses, missing = load_bandpasses(BANDS)
    assert not missing
    return [bandpasses[name] for name in BANDS]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], SourceGrid]:
    """Loads grids, of sources made here, too."""
    offer_sources(monkeypatch, _build_irregular_source())
    return load_source_grid


def _build_irregular_source() -> Any:
    steps = [4.1, 6.2, 4.1, 2.8, 2.1, 2.2, 1.3, 2.2, 1.7, 3.1, 2.4, 4.4, 6.3, 9.9, 12.7, 20.1]
    phase, wave = np.cumsum([-25.4, *steps]), np.arange(2000.0, 11001.0, 20.0)
    return sncosmo.TimeSeriesSource(
        phase, wave, bump(phase, wave), name="made-irregular", version="1", zero_before=True
    )


def _sncosmo_flux(
    grid: SourceGrid, shape: str | None, z: float, s: float, mjd: Array, band: npt.NDArray[np.int_]
) -> Array:
    model = build_dusty_model(grid.source)
    model.set(z=z, t0=T0, mwebv=MWEBV, **{grid.linear[0]: 1.0}, **({"x1": X1} if "x1" in grid.linear else {}))
    if shape:
        model.set(**{shape: s})
    passes = _bands()
    return np.asarray(model.bandflux([passes[i] for i in band], mjd, zp=23.9, zpsys="ab"))


def _epochs(grid: SourceGrid, z: float, random: np.random.Generator) -> tuple[Array, npt.NDArray[np.int_]]:
    """Rows from the first phase to the last, or to four months after the peak."""
    phase = random.uniform(grid.start + 0.01, min(grid.last, 120.0) - 0.01, N_ROWS)
    return np.sort(T0 + (1 + z) * phase), np.arange(N_ROWS) % len(BANDS)


def _build_design(
    fluxes: BandFluxes, z: Array, s: Array, t0: Array, mjd: Array, band: npt.NDArray[np.int_]
) -> DesignMatrix:
    return fluxes.build_design_matrix(z, t0, mjd, band, s[:, None])


def _errors(grid: SourceGrid, shape: str | None, seed: int, fixed: bool) -> float:
    """The greatest error of fluxes at a random redshift and shape, in units of the tolerated one."""
    random = np.random.default_rng(seed)
    z, (low, high) = random.uniform(Z_LOW, Z_HIGH), SHAPES.get(shape or "", (0.0, 0.0))
    s = random.uniform(low, high)
    edges = (z, z) if fixed else (Z_LOW, Z_HIGH)
    fluxes = BandFluxes(grid, _bands(), *edges, shape, low, high, MWEBV)
    mjd, band = _epochs(grid, z, random)
    design = _build_design(fluxes, np.array([z]), np.array([s]), np.array([T0]), mjd, band)
    assert design.reached.all()
    flux = design.flux[0] @ np.array([1.0, X1])[: design.flux.shape[2]]
    truth = _sncosmo_flux(grid, shape, z, s, mjd, band)
    peak = np.array([np.abs(truth[band == i]).max() for i in range(len(BANDS))])[band]
    allowed = TOLERANCE * np.maximum(np.abs(truth), 0.3 * peak)
    return float(np.max(np.abs(flux - truth) / allowed))


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize(("source", "shape"), [
    ("salt3", "c"), ("salt3-nir", "c"), ("made-irregular", None), ("made-irregular", HOST_DUST),
])  # fmt: skip
def test_fluxes_are_those_of_sncosmo(load: Any, source: str, shape: str | None, fixed: bool) -> None:
    # towards its last day salt3-nir has structure finer than sncosmo's steps of 5 Angstrom: sncosmo's own
    # fluxes scatter by 2e-4 from one redshift to the next, and what is interpolated in between does not
    noise = 3 if source == "salt3-nir" and not fixed else 1
    assert max(_errors(load(source), shape, seed, fixed) for seed in range(6)) < noise


@pytest.mark.parametrize(("z_high", "colours"), [(0.2, (-1, 2)), (1, (-0.5, 1)), (1, (-1, 2)), (5, (-0.5, 1))])
def test_wide_ranges_of_redshift_and_colour_take_nothing_from_it(z_high: float, colours: tuple[float, float]) -> None:
    """In the far ultraviolet, to which high redshifts lead, a colour changes fluxes ten million times."""
    grid, random = load_source_grid("salt3"), np.random.default_rng(0)
    fluxes = BandFluxes(grid, _bands(), Z_LOW, z_high, "c", *colours, MWEBV)
    z = np.expm1(np.sort(random.uniform(np.log1p(Z_LOW), np.log1p(z_high), 60)))
    c, band, compared = random.uniform(*colours, len(z)), np.arange(len(BANDS)), 0
    for redshift, colour in zip(z, c, strict=True):
        mjd = np.full(len(BANDS), T0 + 5.0 * (1 + redshift))
        design = _build_design(fluxes, np.array([redshift]), np.array([colour]), np.array([T0]), mjd, band)
        reached = design.reached[0]
        flux = design.flux[0] @ np.array([1.0, X1])
        truth = _sncosmo_flux(grid, "c", redshift, colour, mjd[reached], band[reached])
        assert flux[reached] == pytest.approx(truth, rel=2e-4)
        compared += int(reached.sum())
    assert compared > 60


def test_the_near_ultraviolet_has_fine_structure() -> None:
    grid, bandpass = (load_source_grid("salt3"), sncosmo.Bandpass([3000.0, 3500.0, 4000.0], [0.0, 1.0, 0.0], name="u"))
    z, mjd, colour = 0.4, T0 + 1.4 * np.arange(-15.0, 45.0, 0.7), 0.3
    fluxes = BandFluxes(grid, [bandpass], z, z, "c", -0.5, 1.0)
    band = np.zeros(len(mjd), dtype=int)
    flux = _build_design(fluxes, np.array([z]), np.array([colour]), np.array([T0]), mjd, band).flux[0, :, 0]
    model = sncosmo.Model(grid.source)
    model.set(z=z, t0=T0, x0=1.0, x1=0.0, c=colour)
    truth = model.bandflux(bandpass, mjd, zp=23.9, zpsys="ab")
    assert np.abs(flux - truth).max() < TOLERANCE / 3 * truth.max()


@pytest.mark.parametrize("width", [30.0, 100.0])
def test_narrow_bands_see_lines_at_any_redshift(width: float) -> None:
    grid, random = load_source_grid("hsiao-subsampled"), np.random.default_rng(0)
    edges = 6500.0 + (width / 2 + 1.0) * np.array([-1.0, -0.98, 0.98, 1.0])
    narrow = sncosmo.Bandpass(edges, [0.0, 1.0, 1.0, 0.0], name="narrow")
    fluxes, mjd = BandFluxes(grid, [narrow], Z_LOW, Z_HIGH), T0 + np.arange(-10.0, 40.0, 5.0)
    for z in random.uniform(Z_LOW, Z_HIGH, 8):
        model = sncosmo.Model(grid.source)
        model.set(z=z, t0=T0, amplitude=1.0)
        truth = model.bandflux(narrow, mjd, zp=23.9, zpsys="ab")
        band = np.zeros(len(mjd), dtype=int)
        flux = _build_design(fluxes, np.array([z]), np.zeros(1), np.array([T0]), mjd, band).flux[0, :, 0]
        assert np.abs(flux - truth).max() < TOLERANCE / 2 * truth.max()


def test_spectra_that_are_finer_than_sncosmos_steps_are_seen_as_it_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    phase, wave = np.arange(-15.0, 45.0, 3.0), np.arange(3000.0, 10000.0, 2.4)
    rough = 1 + 0.01 * np.random.default_rng(0).standard_normal(len(wave))
    source = sncosmo.TimeSeriesSource(phase, wave, bump(phase, wave) * rough, name="made-fine")
    offer_sources(monkeypatch, source)
    assert max(_errors(load_source_grid("made-fine"), None, seed, True) for seed in range(4)) < 1


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize(("source", "shape"), [
    ("nugent-sn2p", None), ("nugent-sn2p", HOST_DUST), ("hsiao", None), ("hsiao", HOST_DUST), ("salt2", "c"),
    ("v19-2007y-corr", HOST_DUST), ("v19-1998bw-corr", HOST_DUST),
])  # fmt: skip
def test_fluxes_of_known_templates_are_those_of_sncosmo(
    shared: Path, monkeypatch: pytest.MonkeyPatch, source: str, shape: str | None, fixed: bool
) -> None:
    offer_shared_sources(shared, monkeypatch)
    grid = load_source_grid(source)
    assert max(_errors(grid, shape, seed, fixed) for seed in range(4)) < 1


@pytest.mark.parametrize("source", ["salt3", "made-irregular"])
def test_many_points_at_once_are_those_points_one_by_one(load: Any, source: str) -> None:
    grid = load(source)
    shape = grid.shapes[0] if grid.shapes else HOST_DUST
    low, high = SHAPES[shape]
    fluxes = BandFluxes(grid, _bands(), Z_LOW, Z_HIGH, shape, low, high)
    random = np.random.default_rng(5)
    z = np.repeat(random.uniform(Z_LOW, Z_HIGH, 4), 3)
    s, t0 = random.uniform(low, high, 12), T0 + random.uniform(-5, 5, 12)
    mjd, band = _epochs(grid, 0.1, random)
    at_once = _build_design(fluxes, z, s, t0, mjd, band)
    for i in range(12):
        alone = _build_design(fluxes, z[i : i + 1], s[i : i + 1], t0[i : i + 1], mjd, band)
        peak = np.abs(alone.flux).max()
        np.testing.assert_allclose(at_once.flux[i] / peak, alone.flux[0] / peak, rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(at_once.reached[i], alone.reached[0])


def _design_second_band(grid: SourceGrid, z: float, mjd: Array) -> Any:
    """Rows in the second band."""
    fluxes = BandFluxes(grid, _bands(), z, z)
    return _build_design(fluxes, np.array([z]), np.zeros(1), np.array([T0]), mjd, np.ones(len(mjd), dtype=int))


def test_before_a_dark_start_the_flux_is_known_to_be_zero(load: Any) -> None:
    grid = load("made-irregular")
    design = _design_second_band(grid, 0.05, T0 + 1.05 * (grid.start - np.array([300.0, 10.0, 0.1])))
    assert design.reached.all()
    assert not design.flux.any()


def test_before_a_bright_start_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    phase, wave = np.arange(0.0, 60.0), np.arange(2000.0, 11001.0, 20.0)
    bright = sncosmo.TimeSeriesSource(phase, wave, bump(phase, wave), name="made-bright", version="1")
    offer_sources(monkeypatch, bright)
    design = _design_second_band(load_source_grid("made-bright"), 0.05, T0 + np.array([-30.0, -0.1, 0.1, 30.0]))
    assert design.reached[0].tolist() == [False, False, True, True]
    assert not design.flux[0, :2].any()
    assert (design.flux[0, 2:] > 0).all()


@pytest.mark.parametrize("source", ["salt3", "made-irregular"])
def test_after_the_last_phase_nothing_is_known(load: Any, source: str) -> None:
    grid, z = load(source), 0.1
    design = _design_second_band(grid, z, T0 + (1 + z) * (grid.last + np.array([-0.1, 0.1, 100.0])))
    assert design.reached[0].tolist() == [True, False, False]
    assert not design.flux[0, 1:].any()
    assert design.flux[0, 0].any()


def test_out_of_the_wavelengths_nothing_is_known(load: Any) -> None:
    grid = load("made-irregular")
    mjd, band = np.full(len(BANDS), T0), np.arange(len(BANDS))
    for z in (0.5, 1.0, 1.5, 3.0):
        fluxes = BandFluxes(grid, _bands(), z, z)
        design = _build_design(fluxes, np.array([z]), np.zeros(1), np.array([T0]), mjd, band)
        reached = [b.minwave() >= 2000 * (1 + z) and b.maxwave() <= 11000 * (1 + z) for b in _bands()]
        assert design.reached[0].tolist() == reached
        assert ((design.flux[0, :, 0] > 0) == reached).all()


def test_a_source_is_laid_on_its_own_steps(load: Callable[[str], SourceGrid], monkeypatch: pytest.MonkeyPatch) -> None:
    phase, wave = 0.87 * np.arange(-20, 70), np.arange(2000.0, 11001.0, 20.0)
    offer_sources(monkeypatch, sncosmo.TimeSeriesSource(phase, wave, bump(phase, wave), name="made-even", version="1"))
    assert load("made-even").step == pytest.approx(0.87)


def _assert_dense_covariance(grid: SourceGrid, seed: int) -> None:
    random = np.random.default_rng(seed)
    z, c = random.uniform(0.02, 0.15), random.uniform(-0.3, 0.5)
    x0, x1 = 10 ** random.uniform(-4, -2.5), random.normal()
    fluxes = BandFluxes(grid, _bands(), 0.01, 0.2, "c", -0.5, 1.0, MWEBV)
    phase, band = np.sort(random.uniform(-15, 45, 40)), np.arange(40) % len(BANDS)
    mjd, passes = T0 + (1 + z) * phase, _bands()
    model = build_dusty_model(grid.source)
    model.set(z=z, t0=T0, x0=x0, x1=x1, c=c, mwebv=MWEBV)
    flux, covariance = model.bandfluxcov([passes[i] for i in band], mjd, zp=23.9, zpsys="ab")
    error = 0.03 * np.abs(flux).max() * random.uniform(0.5, 2, 40)
    total = np.diag(error**2) + covariance
    data = random.multivariate_normal(flux, total)
    none = np.zeros(40, dtype=bool)
    rows = Rows(mjd, data, error**2, band, none, none.astype(int), np.abs(data), len(BANDS))
    likelihood = Likelihood(rows)
    design = fluxes.build_design_matrix(np.array([z]), np.array([T0]), mjd, band, np.array([[c]]))
    scatter = SaltScatter(grid, _bands(), 0.01, 0.2, 0.0).compute_row_scatter(np.array([z]), np.array([T0]), mjd, band)
    a = np.array([[x0, x0 * x1]])
    density = likelihood.log_density(likelihood.predict(design, a, scatter))[0]
    assert density == pytest.approx(multivariate_normal.logpdf(data, flux, total), abs=2e-3)
    for robust in (False, True):
        limits = random.random(40) < 0.1
        _assert_slope(Likelihood(replace(rows, is_limit=limits), robust=robust), design, a, scatter)


def _assert_slope(likelihood: Likelihood, design: DesignMatrix, a: Array, scatter: RowScatter) -> None:
    """A step of least squares goes along the density's own slope."""
    _, slope = likelihood.compute_curvature(a, likelihood.predict(design, a, scatter), scatter)
    for i, size in enumerate(1e-5 * a[0, 0] * np.eye(2)):
        above, below = (likelihood.log_density(likelihood.predict(design, x, scatter)) for x in (a + size, a - size))
        rise = (above - below)[0] / (2 * size[i])
        assert slope[0, i] == pytest.approx(rise, rel=1e-4, abs=1e-6 * np.abs(slope).max())


@pytest.mark.parametrize("source", ["salt3", "salt3-nir"])
def test_scatter_is_that_of_sncosmo(source: str) -> None:
    for seed in range(6):
        _assert_dense_covariance(load_source_grid(source), seed)


def test_scatter_of_salt2_is_that_of_sncosmo(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer_shared_sources(shared, monkeypatch)
    grid = load_source_grid("salt2")
    for seed in range(6):
        _assert_dense_covariance(grid, seed)
