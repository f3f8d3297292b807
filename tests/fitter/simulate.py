"""Simulated light curves: parameters drawn from the priors, fluxes by sncosmo itself.

Nothing of the engine is used here: priors come from scipy and astropy, as `engine.priors` states them in
words, fluxes and covariances from `sncosmo.Model`. A light curve that the survey would not have found is
drawn again. That depends on its data alone, and so leaves posteriors what they are.
"""

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sncosmo
from astropy.cosmology import FlatLambdaCDM
from scipy import stats

from fitter_lambda.arrays import Indices
from fitter_lambda.engine import source_grid
from fitter_lambda.engine.fit_data import FitData
from fitter_lambda.engine.model_discrepancy import TIME_ERROR_DAYS, ModelDiscrepancy
from fitter_lambda.engine.priors import RedshiftPrior
from fitter_lambda.engine.supernova_classes import CLASSES
from fitter_lambda.input import templates
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve import LightCurve
from fitter_lambda.input.sncosmo_registries import get_source_types
from fitter_lambda.input.templates import load_bandpasses, load_source

__all__ = [
    "Case",
    "build_data",
    "build_dusty_model",
    "bump",
    "offer_shared_sources",
    "offer_sources",
    "tabulate",
]  # fmt: skip

Array = npt.NDArray[np.float64]

COSMOLOGY = FlatLambdaCDM(H0=70, Om0=0.3, Tcmb0=0)
#: AB magnitude of Vega in Bessell B.
VEGA_IN_AB = -0.1186
_DETECTION_SIGMA, _FEWEST_DETECTIONS = 5.0, 5
#: Where a failed subtraction hides a flux: see `engine.likelihood`.
_FAILED = 1e-3
#: A model error is a fraction of the observed flux, which no simulation can know beforehand.
_PARAMETERS = Parameters(model_error=0.0, mwebv=0.05)


@dataclass(frozen=True)
class Case:
    """A source, what is known of its redshift, and a survey that observes it.

    Attributes
    ----------
    name : str
    source : str
    redshift : RedshiftPrior
    window : tuple of float
        t0 is drawn uniformly from here (MJD). All epochs are such that the source reaches them from anywhere
        in here, at any redshift.
    epochs : tuple of float
        First and last MJD of the survey.
    cadence : float
        Days between visits of all bands.
    error : float
        Median flux error (micro-Jansky).
    bands : tuple of str
    parameters : Parameters
    censored : bool
        Fluxes below five sigma are given as limits.
    dust : bool
        The source is behind dust of its host.
    """

    name: str
    source: str
    redshift: RedshiftPrior
    window: tuple[float, float]
    epochs: tuple[float, float]
    cadence: float = 5.0
    error: float = 10.0
    bands: tuple[str, ...] = ("ztfg", "ztfr")
    parameters: Parameters = _PARAMETERS
    censored: bool = False
    dust: bool = False

    def get_windows(self) -> dict[str, tuple[float, float]]:
        """Return where truth comes from, of parameters whose priors are wider than that."""
        windows = {"t0": self.window}
        if self.parameters.priors == "flat":
            windows |= {"x1": (-2.0, 2.0), "c": (-0.2, 0.3), "x0": self._get_amplitude_window()}
        return windows

    def _get_amplitude_window(self) -> tuple[float, float]:
        """Return the amplitudes of absolute magnitudes -18.5 and -19.5."""
        distance = COSMOLOGY.distmod(self.redshift.mean).value
        low, high = (10 ** (-0.4 * (m + distance - _unit_magnitude(self.source))) for m in (-18.5, -19.5))
        return low, high

    def draw(self, random: np.random.Generator) -> tuple[dict[str, float], LightCurve]:
        """Parameters, by sncosmo's names, and a light curve that has them."""
        while True:
            truth = self.draw_parameters(random)
            rows = self.observe(truth, random)
            significance = np.where(rows.limit, 0.0, rows.flux / rows.fluxerr)
            if np.sum(significance > _DETECTION_SIGMA) >= _FEWEST_DETECTIONS:
                return truth, rows

    def draw_parameters(self, random: np.random.Generator) -> dict[str, float]:
        """Parameters from the priors, by sncosmo's names."""
        z = _draw_redshift(self.redshift, random)
        if self.parameters.priors == "flat":
            return {"z": z} | {name: random.uniform(*window) for name, window in self.get_windows().items()}
        truth = {"z": z, "t0": random.uniform(*self.window)}
        kind = CLASSES[get_source_types()[self.source]]
        # a redshift that is uncertain by peculiar velocities is that of the distance
        peculiar = 0.0 if self.redshift.kind == "gaussian" else 5 / math.log(10) * 1e-3 / z
        magnitude = random.normal(kind.mean, math.hypot(kind.sigma, peculiar)) + COSMOLOGY.distmod(z).value
        if self.source.startswith("salt"):
            c = math.inf
            while not -0.5 <= c <= 1.0:
                c = random.normal(0.0, 0.1) + random.exponential(0.1)
            truth |= {"x1": random.normal(), "c": c}
            magnitude += 3.1 * c
        elif self.dust:
            dust = stats.truncexpon(1.0 / 0.2, scale=0.2)
            truth["hostebv"] = float(dust.rvs(random_state=random))
        if self.parameters.error_scale is None:
            truth["error_scale"] = float(np.exp(random.normal(0.0, 0.5)))
        name = "x0" if self.source.startswith("salt") else "amplitude"
        return truth | {name: 10 ** (-0.4 * (magnitude - _unit_magnitude(self.source)))}

    def predict_flux(self, truth: dict[str, float], mjd: float, band: str) -> float:
        """The flux (micro-Jansky) without noise."""
        model = _model(self.source, self.parameters.mwebv or 0.0, truth)
        return float(model.bandflux(_bandpasses((band,))[0], mjd, zp=23.9, zpsys="ab"))

    def observe(self, truth: dict[str, float], random: np.random.Generator) -> LightCurve:
        """The survey's light curve of a supernova, detected or not."""
        nights = np.arange(self.epochs[0] + random.uniform(0, self.cadence), self.epochs[1], self.cadence)
        mjd = np.repeat(nights, len(self.bands)) + np.tile(0.02 * np.arange(len(self.bands)), len(nights))
        band = np.tile(np.arange(len(self.bands)), len(nights))
        error = self.error * np.exp(random.normal(0, 0.3, len(mjd)))
        passes = _bandpasses(self.bands)
        model = _model(self.source, self.parameters.mwebv or 0.0, truth)
        names = [passes[i] for i in band]
        mean = model.bandflux(names, mjd, zp=23.9, zpsys="ab")
        deviation = self._draw_model_errors(mean, band, mjd, truth, random)
        if self.source.startswith("salt") and self.parameters.modelcov:
            covariance = model.bandfluxcov(names, mjd, zp=23.9, zpsys="ab")[1]
            deviation = deviation + random.multivariate_normal(np.zeros(len(mjd)), covariance)
        noise = random.standard_t(4, len(mjd)) if self.parameters.robust else random.normal(size=len(mjd))
        flux = mean + truth.get("error_scale", 1.0) * (deviation + error * noise)
        hidden = (flux < 5 * error) | (random.uniform(size=len(mjd)) < _FAILED)
        limit = hidden if self.censored else np.zeros(len(mjd), dtype=bool)
        flux = np.where(limit, 5 * error, flux)
        return LightCurve(mjd, flux, error, limit, band, passes)

    def _draw_model_errors(
        self, flux: Array, band: Indices, mjd: Array, truth: dict[str, float], random: np.random.Generator
    ) -> Array:
        """Errors of zero points, and what a template lacks: a curve of phase in each band."""
        errors = 0.4 * math.log(10) * self.parameters.zp_error * random.normal(size=len(self.bands))[band] * flux
        if self.source.startswith("salt") or not self.parameters.model_error:
            return np.asarray(errors)
        phase = (mjd - truth["t0"]) / (1 + truth["z"])
        for i in range(len(self.bands)):
            own = band == i
            nearby = np.array([flux[own][np.abs(phase[own] - p) <= TIME_ERROR_DAYS].max() for p in phase[own]])
            covariance = ModelDiscrepancy(self.parameters.model_error, 0.0).build_covariance(
                flux[own], nearby, phase[own]
            )
            shared = covariance.factors @ random.normal(size=covariance.factors.shape[1])
            errors[own] += shared + np.sqrt(covariance.variance) * random.normal(size=own.sum())
        return np.asarray(errors)


def build_data(rows: LightCurve, redshift: RedshiftPrior, mwebv: float = 0.0) -> FitData:
    """What the engine fits, from a light curve and what is known of its redshift."""
    return FitData(rows, [], mwebv, "given", redshift)


def _draw_redshift(prior: RedshiftPrior, random: np.random.Generator) -> float:
    """A redshift from its prior: fixed, Gaussian or flat."""
    if prior.kind == "fixed":
        return prior.mean
    if prior.kind == "flat":
        return float(random.uniform(prior.low, prior.high))
    low, high = ((bound - prior.mean) / prior.sigma for bound in (prior.low, prior.high))
    return float(stats.truncnorm(low, high, prior.mean, prior.sigma).rvs(random_state=random))


@functools.cache
def _bandpasses(names: tuple[str, ...]) -> list[Any]:
    bandpasses, missing = load_bandpasses(names)
    assert not missing, missing
    return [bandpasses[name] for name in names]


@functools.cache
def _unit_magnitude(source: str) -> float:
    return float(load_source(source).peakmag("bessellb", "ab")) - VEGA_IN_AB


@functools.cache
def _dusty_model(source: str) -> Any:
    return build_dusty_model(load_source(source))


def build_dusty_model(source: Any) -> Any:
    """sncosmo's model of a source behind dust of its host and of the Milky Way (Fitzpatrick 1999)."""
    return sncosmo.Model(
        source,
        effects=[sncosmo.F99Dust(), sncosmo.F99Dust()],
        effect_names=["host", "mw"],
        effect_frames=["rest", "obs"],
    )


def _model(source: str, mwebv: float, values: dict[str, float]) -> Any:
    """sncosmo's model of a source at some parameters."""
    model = _dusty_model(source)
    known = {name: value for name, value in values.items() if name != "error_scale"}
    model.set(**{"mwebv": mwebv, "hostebv": 0.0} | known)
    return model


def tabulate(
    mjd: Array, flux: Array, fluxerr: Array, band: list[str], limit: npt.NDArray[np.bool_] | None = None
) -> LightCurve:
    """A light curve from columns; limits where `limit` says so."""
    names = tuple(sorted(set(band)))
    order = np.argsort(mjd, kind="stable")
    index = np.array([names.index(name) for name in band])[order]
    hidden = np.zeros(len(mjd), dtype=bool) if limit is None else limit[order]
    return LightCurve(mjd[order], flux[order], fluxerr[order], hidden, index, _bandpasses(names))


def bump(phase: Array, wave: Array) -> Array:
    """Flux density of something like a supernova: it rises, cools and fades."""
    light = np.exp(-0.5 * (phase / np.where(phase < 0, 6.0, 20.0)) ** 2)[:, None]
    hue = np.exp(-0.5 * ((wave - 4500 - 20 * np.clip(phase, -10, 40)[:, None]) / 1800) ** 2)
    return np.asarray(1e-15 * light * hue * (1 + 0.2 * np.sin(wave / 150)))


def offer_sources(monkeypatch: pytest.MonkeyPatch, *sources: Any) -> None:
    """Let the engine load these sources by their names, too."""
    load_plain, own = templates.load_source, {source.name: source for source in sources}
    monkeypatch.setattr(source_grid, "load_source", lambda name: own[name] if name in own else load_plain(name))


def offer_shared_sources(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine load the templates beside the project."""
    monkeypatch.setenv("SNCOSMO_DATA_DIR", str(shared / "sncosmo-data"))
    monkeypatch.setattr(templates, "build_overlay", functools.cache(templates.build_overlay.__wrapped__))
    # sncosmo asks where its files are only once in a process
    monkeypatch.setattr(sncosmo.builtins.DATADIR, "_checked_rootdir", None)
