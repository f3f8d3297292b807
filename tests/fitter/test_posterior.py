"""The posterior is that of a long reference chain; evidence and modes are those of a plain integral.

The reference is the same model written down once more, from its docstrings, in the plainest way: sncosmo's
band fluxes and covariances, scipy's distributions, one point at a time. emcee walks through it, and draws
from Student's t about where emcee has been, weighed by it, give moments and evidence.
"""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import emcee
import numpy as np
import numpy.typing as npt
import pytest
import sncosmo
from scipy import optimize, stats
from scipy.special import logsumexp, ndtr

from fitter_lambda.engine.fit import Fit, fit_source
from fitter_lambda.engine.fit_data import FitData, build_fit_data
from fitter_lambda.engine.priors import RedshiftPrior
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.engine.supernova_classes import CLASSES, SupernovaClass
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.sncosmo_registries import get_source_types
from tests.fitter.light_curves import parse_payload, sn2019dwz, ztf21aaqjmps
from tests.fitter.simulate import (
    COSMOLOGY,
    VEGA_IN_AB,
    Case,
    build_data,
    build_dusty_model,
    bump,
    offer_shared_sources,
    offer_sources,
    tabulate,
)

Array = npt.NDArray[np.float64]

_OTHER = SupernovaClass("other", -19.0, 3.0, False)
_WALKERS, _STEPS, _KERNELS = 20, 140, 200


def _normal(x: Any, mean: Any, sigma: Any) -> Any:
    return -0.5 * ((x - mean) / sigma) ** 2 - np.log(sigma) - 0.5 * math.log(2 * math.pi)


class Reference:
    """The log density of one fit, of values in the order of the fit's names."""

    def __init__(self, fit: Fit, parameters: Parameters, source: Any) -> None:
        self.names, self.parameters, self.rows = fit.names, parameters, fit.data.rows
        self.redshift, self.source = fit.data.redshift, source
        self.kind = CLASSES.get(get_source_types().get(source.name, ""), _OTHER)
        self.flat, self.is_salt = parameters.priors == "flat", source.name.startswith("salt")
        self.model = build_dusty_model(source) if "hostebv" in fit.names else sncosmo.Model(source)
        self.bands = np.array(self.rows.bandpasses, dtype=object)[self.rows.band]
        self.unit = source.peakmag("bessellb", "ab") - VEGA_IN_AB
        self.highest = getattr(fit.posterior.priors, "highest", math.inf)
        rows = self.rows
        self.variance = rows.fluxerr**2
        significance = np.where(rows.limit, 0.0, rows.flux / rows.fluxerr)
        self.detections = significance > 5
        grid = np.linspace(self.redshift.low, self.redshift.high, 400)
        self.rate = float(np.trapezoid([self._rate(z) for z in grid], grid)) if self.redshift.kind == "volume" else 1.0
        self.background = self._tabulate_background()
        self.covariance: Array | None = None
        if self.is_salt and parameters.modelcov == "frozen":
            self._freeze(fit.best)
        elif not self.is_salt and parameters.model_error:
            self.covariance = _build_dense_covariance(fit) - np.diag(self.variance)

    def _freeze(self, values: Array) -> None:
        """Hold the covariance at the best fit: a fixed point, near these values."""
        scale = np.array([{"z": 0.001, "t0": 0.3, "x0": 0.02 * values[self.names.index("x0")]}.get(name, 0.1)
                          for name in self.names])  # fmt: skip
        for _ in range(2):
            self.model.set(**dict(zip(self.names, values.tolist(), strict=True)))
            self.covariance = self._compute_covariance()
            steps = optimize.minimize(lambda x: -self(scale * x), values / scale, method="Nelder-Mead")
            values = scale * steps.x

    def _compute_covariance(self) -> Array:
        flux, covariance = self.model.bandfluxcov(self.bands, self.rows.mjd, zp=23.9, zpsys="ab")
        errors = 0.4 * math.log(10) * self.parameters.zp_error * flux
        is_same_band = self.rows.band[:, None] == self.rows.band
        return np.asarray(np.nan_to_num(covariance) + np.outer(errors, errors) * is_same_band)

    def __call__(self, values: Array) -> float:
        point = dict(zip(self.names, values.tolist(), strict=True))
        z = point.setdefault("z", self.redshift.mean)
        prior = self._prior(point, z)
        if not np.isfinite(prior):
            return -math.inf
        self.model.set(**point)
        phase = (self.rows.mjd - point["t0"]) / (1 + z)
        reached = phase <= self.model.source.maxphase()
        if np.mean(reached[self.detections]) < 0.5:
            return -math.inf
        return prior + self._likelihood(reached)

    def _prior(self, point: dict[str, float], z: float) -> float:
        amplitude = point["x0" if self.is_salt else "amplitude"]
        x1, c, ebv = point.get("x1", 0.0), point.get("c", 0.0), point.get("hostebv", 0.0)
        if amplitude <= 0 or not 0 <= ebv <= 1:
            return -math.inf
        total = self._redshift(z) - math.log(1200)
        if self.flat:
            inside = amplitude < self.highest and -20 < x1 < 20 and -1 < c < 2
            total -= math.log(self.highest) + (math.log(40 * 3) if self.is_salt else 0.0)
            return float(total) if inside else -math.inf
        mean = self.kind.mean + float(COSMOLOGY.distmod(z).value) + 3.1 * c - self.unit
        peculiar = 0.0 if self.redshift.kind == "gaussian" else 5 / math.log(10) * 0.001 / z
        sigma = math.hypot(self.kind.sigma, peculiar)
        total += _normal(-2.5 * math.log10(amplitude), mean, sigma) + math.log(2.5 / math.log(10) / amplitude)
        if self.is_salt:
            total += _normal(x1, 0.0, 1.0) + float(stats.exponnorm.logpdf(c, 1.0, 0.0, 0.1))
            total += 0.0 if -0.5 <= c <= 1.0 else -math.inf
        if "hostebv" in point:
            total -= ebv / 0.2 + math.log(0.2 * (1 - math.exp(-1 / 0.2)))
        return float(total)

    @staticmethod
    def _rate(z: float) -> float:
        return float(COSMOLOGY.differential_comoving_volume(z).value / (1 + z))

    def _redshift(self, z: float) -> float:
        prior = self.redshift
        if not prior.low <= z <= prior.high:
            return -math.inf
        if prior.kind == "flat":
            return -math.log(prior.high - prior.low)
        if prior.kind == "volume":
            return math.log(self._rate(z) / self.rate)
        # five sigma hold all but 6e-7
        return float(_normal(z, prior.mean, prior.sigma)) if prior.kind == "gaussian" else 0.0

    def _likelihood(self, reached: npt.NDArray[np.bool_]) -> float:
        rows, parameters = self.rows, self.parameters
        model = self.model.bandflux(self.bands, rows.mjd, zp=23.9, zpsys="ab")
        covariance = self.covariance
        if self.is_salt and parameters.modelcov == "full":
            covariance = self._compute_covariance()
        used = np.ones_like(reached) if self.flat else reached
        scatter = np.diag(covariance) if covariance is not None else 0.0
        total, gap = 0.0, (rows.flux - model) / np.sqrt(self.variance + rows.limit * scatter)
        at = used & rows.limit
        total += np.sum(np.log(0.999 * ndtr(gap[at]) + 0.001))
        at = used & ~rows.limit
        if parameters.robust:
            total += np.sum(stats.t.logpdf(gap[at], 4) - 0.5 * np.log(self.variance[at]))
        elif covariance is None:
            total += np.sum(_normal(rows.flux[at], model[at], np.sqrt(self.variance[at])))
        else:
            root = np.linalg.cholesky(np.diag(self.variance[at]) + covariance[np.ix_(at, at)])
            white = np.linalg.solve(root, (rows.flux - model)[at])
            total += np.sum(_normal(white, 0.0, 1.0)) - np.sum(np.log(np.diag(root)))
        return float(total + logsumexp(self.background @ ~used) - math.log(5))

    def _tabulate_background(self) -> Array:
        """Log density of each row, if it is out of reach, for each fraction of such rows that holds light."""
        rows, sigma = self.rows, np.sqrt(self.variance)
        narrow = _normal(rows.flux, 0.0, sigma)
        if self.parameters.robust:
            narrow = stats.t.logpdf(rows.flux / sigma, 4) - np.log(sigma)
        near = (np.abs(rows.mjd[:, None] - rows.mjd) <= 10) & (rows.band[:, None] == rows.band) & ~rows.limit
        broad = _normal(rows.flux, 0.0, np.hypot(sigma, np.max(np.where(near, np.abs(rows.flux), 0.0), axis=1)))
        below = np.log(0.999 * ndtr(rows.flux / sigma) + 0.001)
        return np.array([
            np.where(rows.limit, below, np.logaddexp(narrow + math.log(1 - q), broad + math.log(q)))
            for q in (0.5, 0.1, 0.02, 0.004, 0.0008)
        ])  # fmt: skip


def _build_dense_covariance(fit: Fit) -> Array:
    """The covariance that the fit holds, as one matrix."""
    frozen = fit.posterior.likelihood.frozen
    assert frozen is not None
    band = fit.data.rows.band
    shared = frozen.factors @ frozen.factors.T * (band[:, None] == band)
    return np.asarray(np.diag(frozen.variance) + shared)


def _fit(data: FitData, parameters: Parameters) -> tuple[Fit, Reference]:
    grid = load_source_grid(parameters.source)
    fit = fit_source(grid, data, replace(parameters, n_draws=12000), 0.0, lambda done, doing: None)
    return fit, Reference(fit, parameters, grid.source)


def _fit_payload(payload: dict[str, Any]) -> tuple[Fit, Reference]:
    request = parse_payload(payload)
    return _fit(build_fit_data(request), request.parameters)


def _draw_weighted(reference: Reference, starts: Array, number: int) -> tuple[Array, Array]:
    """Draws about the points of a chain, and their log weights."""
    random, scale = np.random.RandomState(1), starts.std(axis=0)
    moves = [(emcee.moves.StretchMove(), 0.5), (emcee.moves.DEMove(), 0.5)]
    sampler = emcee.EnsembleSampler(_WALKERS, len(scale), lambda x: reference(x * scale), moves=moves)
    sampler.random_state = random.get_state()
    sampler.run_mcmc(starts[:_WALKERS] / scale, _STEPS)
    chain = sampler.get_chain(discard=_STEPS // 2, flat=True)
    kernels = chain[random.choice(len(chain), _KERNELS, replace=False)]
    about = stats.multivariate_t(np.zeros(len(scale)), np.cov(chain.T), df=4, seed=random)
    points = kernels[random.randint(_KERNELS, size=number)] + about.rvs(number)
    density = logsumexp(about.logpdf(points[:, None] - kernels), axis=1) - math.log(_KERNELS)
    log_weight = np.array([reference(point * scale) for point in points]) - density
    return points * scale, log_weight + np.sum(np.log(scale))


def _use_log_redshift(values: Array, names: list[str]) -> Array:
    logs = np.log(np.maximum(values[:, [name == "z" for name in names]], 1e-6))
    return np.column_stack([logs, values[:, [name != "z" for name in names]]])


def _assert_same(fit: Fit, reference: Reference, number: int = 5000) -> None:
    """Means within 0.1 sigma, widths within 5 %, evidences within 0.05."""
    points, log_weight = _draw_weighted(reference, fit.draws, number)
    weight = np.exp(log_weight - logsumexp(log_weight))
    assert 1 / np.sum(weight**2) > 1500
    # of a free redshift the logarithm: a few draws far out would make up its width
    points, draws = (_use_log_redshift(values, fit.names) for values in (points, fit.draws))
    mean = weight @ points
    sigma = np.sqrt(weight @ (points - mean) ** 2)
    shift, ratio = (draws.mean(axis=0) - mean) / sigma, draws.std(axis=0) / sigma
    assert np.all(np.abs(shift) < 0.1), dict(zip(fit.names, shift, strict=True))
    assert np.all(np.abs(ratio - 1) < 0.05), dict(zip(fit.names, ratio, strict=True))
    assert fit.sample.log_evidence == pytest.approx(logsumexp(log_weight) - math.log(number), abs=0.05)


_PLAIN = {"priors": "flat", "modelcov": "False", "zp_error": "0"}


@pytest.mark.parametrize("parameters", [
    pytest.param({"fix_z": "True", **_PLAIN}, id="z fixed, flat", marks=pytest.mark.thorough),
    pytest.param({"fix_z": "False", "z_max": "0.2", **_PLAIN}, id="z free, flat"),
    pytest.param({}, id="default"),
    pytest.param({"modelcov": "full"}, id="full covariance", marks=pytest.mark.thorough),
    pytest.param({"fix_z": "False", "modelcov": "False", "zp_error": "0"}, id="z free", marks=pytest.mark.thorough),
    pytest.param(
        {"fix_z": "True", "robust": "True", "modelcov": "False", "zp_error": "0"}, id="robust",
        marks=pytest.mark.thorough,
    ),
])  # fmt: skip
def test_sn2019dwz_has_the_posterior_of_a_reference_chain(parameters: dict[str, str]) -> None:
    fit, reference = _fit_payload(sn2019dwz(**parameters))
    # a free redshift bends the posterior, and so needs more draws
    _assert_same(fit, reference, 15000 if parameters.get("fix_z") == "False" else 5000)


@pytest.mark.parametrize("parameters", [
    {"fix_z": "True", "priors": "flat", "limits": "ignore"}, pytest.param({}, marks=pytest.mark.thorough),
])  # fmt: skip
def test_ztf21aaqjmps_has_the_posterior_of_a_reference_chain(
    shared: Path, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str]
) -> None:
    offer_shared_sources(shared, monkeypatch)
    _assert_same(*_fit_payload(ztf21aaqjmps(shared, **parameters)))


@pytest.mark.parametrize("seed", range(3))
def test_the_frozen_covariance_is_that_of_the_best_fit(seed: int) -> None:
    redshift = RedshiftPrior("fixed", 0.03, 0.0, 0.03, 0.03)
    parameters = Parameters(source="salt3", n_draws=400, zp_error=0.0)
    case = Case("", "salt3", redshift, (59000.0, 59010.0), (58985.0, 59040.0), cadence=2.0, error=3.0,
                bands=("ztfg", "ztfr", "sdssi"), parameters=parameters)  # fmt: skip
    _, rows = case.draw(np.random.default_rng(seed))
    grid = load_source_grid("salt3")
    fit = fit_source(grid, build_data(rows, redshift), parameters, 0.0, lambda done, doing: None)
    model = sncosmo.Model(grid.source)
    theta = fit.modes[0].theta[None]
    a = fit.posterior.solve(theta)[0]
    model.set(z=0.03, t0=theta[0, 0], c=theta[0, 1], x0=a[0], x1=a[1] / a[0])
    bands = [rows.bandpasses[i] for i in rows.band]
    covariance = np.nan_to_num(model.bandfluxcov(bands, rows.mjd, zp=23.9, zpsys="ab")[1]) + np.diag(rows.fluxerr**2)
    frozen = fit.posterior.likelihood.frozen
    assert frozen is not None
    np.testing.assert_allclose(frozen.diagonal, np.diag(covariance), rtol=0.02)


@pytest.mark.parametrize("modelcov", [
    pytest.param(False, marks=pytest.mark.thorough), "frozen", pytest.param("full", marks=pytest.mark.thorough),
])  # fmt: skip
def test_limits_have_the_posterior_of_a_reference_chain(modelcov: str | bool) -> None:
    redshift = RedshiftPrior("fixed", 0.05, 0.0, 0.05, 0.05)
    parameters = Parameters(source="salt3", modelcov=modelcov, zp_error=0.0)
    case = Case("", "salt3", redshift, (59000.0, 59010.0), (58990.0, 59040.0), error=40.0,
                parameters=parameters, censored=True)  # fmt: skip
    _, rows = case.draw(np.random.default_rng(2))
    assert rows.limit.sum() > 5
    _assert_same(*_fit(build_data(rows, redshift), parameters))


def _grid(reference: Reference, t0: Array, amplitude: Array) -> Array:
    """Log mass of each t0: the density, integrated over the amplitude by the trapezoidal rule."""
    density = np.array([[reference(np.array([t, a])) for a in amplitude] for t in t0])
    step = np.gradient(amplitude)
    return np.asarray(logsumexp(density + np.log(step), axis=1) + math.log(t0[1] - t0[0]))


def _two_bumps(phase: Array, wave: Array) -> Array:
    """Two maxima, forty days apart, the second a little slower."""
    second = np.where(phase > 40, (phase - 40) / 1.04, phase - 40)
    return bump(phase, wave) + bump(second, wave)


def _build_source(name: str, light: Any) -> Any:
    phase, wave = np.arange(-25.0, 111.0, 1.0), np.arange(2000.0, 11001.0, 20.0)
    return sncosmo.TimeSeriesSource(phase, wave, light(phase, wave), name=name, version="1", zero_before=True)


def _observe(source: Any, first: float, last: float, error: float) -> FitData:
    """A light curve of t0 = 59000, seen at phases from `first` to `last`."""
    model, random = sncosmo.Model(source), np.random.default_rng(3)
    redshift = RedshiftPrior("fixed", 0.03, 0.0, 0.03, 0.03)
    model.set(z=0.03, t0=59000.0, amplitude=1.0)
    mjd = 59000 + np.linspace(first, last, 12)
    band = ["ztfg", "ztfr"] * 6
    flux = model.bandflux(band, mjd, zp=23.9, zpsys="ab")
    scale = 400 / flux.max()
    errors = np.full(12, error)
    return build_data(tabulate(mjd, scale * flux + error * random.normal(size=12), errors, band), redshift)


def test_evidence_is_the_integral_over_time_and_amplitude(monkeypatch: pytest.MonkeyPatch) -> None:
    source = _build_source("made-once", bump)
    offer_sources(monkeypatch, source)
    fit, reference = _fit(
        _observe(source, -12, 35, 40.0), Parameters(source="made-once", model_error=0.0, zp_error=0.0)
    )
    middle, width = fit.draws.mean(axis=0), fit.draws.std(axis=0)
    t0 = np.linspace(middle[0] - 7 * width[0], middle[0] + 7 * width[0], 71)
    amplitude = np.linspace(max(middle[1] - 7 * width[1], 1e-3 * middle[1]), middle[1] + 7 * width[1], 71)
    assert fit.sample.log_evidence == pytest.approx(logsumexp(_grid(reference, t0, amplitude)), abs=0.02)


def test_two_modes_keep_their_masses(monkeypatch: pytest.MonkeyPatch) -> None:
    source = _build_source("made-twice", _two_bumps)
    offer_sources(monkeypatch, source)
    fit, reference = _fit(
        _observe(source, -6, 14, 25.0), Parameters(source="made-twice", model_error=0.0, zp_error=0.0)
    )
    t0 = np.arange(58950.0, 59012.0, 0.4)
    middle, width = fit.draws[:, 1].mean(), fit.draws[:, 1].std()
    amplitude = np.linspace(middle - 6 * width, middle + 6 * width, 41)
    mass = _grid(reference, t0, amplitude)
    early = math.exp(logsumexp(mass[t0 < 58980]) - logsumexp(mass))
    assert 0.02 < early < 0.98
    assert len(fit.modes) >= 2
    assert np.mean(fit.draws[:, 0] < 58980) == pytest.approx(early, abs=0.015)
    assert fit.sample.log_evidence == pytest.approx(logsumexp(mass), abs=0.03)
