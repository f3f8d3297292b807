"""The light curves that the fitter is measured on: real ones, and ones simulated by sncosmo."""

import csv
import importlib.util
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sncosmo

from fitter_lambda.errors import TemplateError
from fitter_lambda.input.sncosmo_registries import get_source_types
from fitter_lambda.input.templates import list_local_sources, load_bandpasses, load_source
from tests.fitter.light_curves import payload

__all__ = [
    "COMPARABLE",
    "SHARED",
    "VARIATION",
    "Case",
    "Supernova",
    "is_available",
    "load_real_supernovae",
    "register_variations",
    "simulate_supernova",
]

SHARED = Path(__file__).resolve().parents[2] / "shared"
#: What makes the likelihood and the priors those of sncosmo's samplers.
COMPARABLE = {
    "priors": "flat", "modelcov": False, "model_error": 0.0, "zp_error": 0.0, "limits": "ignore", "mwebv": 0.0,
    "z_min": 0.01, "z_max": 0.2, "n_draws": 4000,
}  # fmt: skip

_WHEEL_BANDS = {"c": "atlasc", "o": "atlaso", "g": "ztfg", "ztfg": "ztfg", "ztfr": "ztfr"}
#: The wheel gives none, but distance moduli of 36.1 to 36.3.
_REDSHIFT_2020AAI = 0.04
#: Absolute peak magnitudes (B, AB) that the simulated ones get.
_BRIGHTNESS = {"nugent-sn2p": -17.5}
#: How the names of made-up templates begin.
VARIATION = "variation-"
_SKY, _CALIBRATION, _CADENCE = 8.0, 0.02, 3.0


@dataclass(frozen=True)
class Supernova:
    """A light curve: rows of photometry by column, and a redshift."""

    name: str
    rows: list[dict[str, Any]]
    redshift: float


@dataclass(frozen=True)
class Case:
    """A light curve and what is fitted to it."""

    supernova: Supernova
    source: str
    free: bool

    @property
    def label(self) -> str:
        """What is fitted."""
        return f"{self.source}, z {'free' if self.free else 'fixed'}"

    def payload(self, **more: Any) -> dict[str, Any]:
        """Return what a service receives, comparable with sncosmo's samplers."""
        parameters = COMPARABLE | {"source": self.source, "fix_z": not self.free} | more
        return payload(self.supernova.rows, f"{self.supernova.redshift},,", **parameters)


def is_available(source: str) -> bool:
    """Whether a source's files are at hand."""
    try:
        load_source(source)
    except TemplateError:
        return False
    return True


def load_real_supernovae() -> list[Supernova]:
    """Load the real light curves; ZTF21aaqjmps only if its photometry is beside the project."""
    supernovae = [
        _load_from_wheel("SN 2019dwz", "19dwz", 0.04608),
        _load_from_wheel("SN 2020aai", "20aai", _REDSHIFT_2020AAI),
    ]
    path = Path(os.environ.get("DEMO_DATA_DIR", SHARED / "demo")) / "ZTF21aaqjmps_phot.csv"
    if path.is_file():
        with path.open() as file:
            supernovae.insert(0, Supernova("ZTF21aaqjmps", list(csv.DictReader(file)), 0.0246))
    return supernovae


def _load_from_wheel(name: str, folder: str, redshift: float) -> Supernova:
    spec = importlib.util.find_spec("jax_supernovae")
    assert spec is not None and spec.submodule_search_locations, "the wheel jax-bandflux is not installed"
    path = Path(spec.submodule_search_locations[0]) / "data" / folder / "all.phot"
    header, *lines = (line.split() for line in path.read_text().splitlines())
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    known = [row | {"filter": _WHEEL_BANDS[row["bandpass"]], "magsys": row["zpsys"]}
            for row in rows if row["bandpass"] in _WHEEL_BANDS]  # fmt: skip
    columns = ("mjd", "flux", "fluxerr", "zp", "magsys", "filter")
    return Supernova(name, [{column: row[column] for column in columns} for row in known], redshift)


def simulate_supernova(source: str, seed: int) -> Supernova:
    """Simulate a supernova seen in ztfg and ztfr every third night, with noise of sky and calibration.

    Parameters
    ----------
    source : str
        What it is made with, by sncosmo; SALT's x1 and c are drawn, too.
    seed : int
    """
    random = np.random.default_rng(seed)
    model = sncosmo.Model(load_source(source))
    z = float(random.uniform(0.02, 0.1))
    shapes = {"x1": random.normal(), "c": random.normal(0.0, 0.1)} if "x1" in model.param_names else {}
    model.set(z=z, t0=59000.0 + random.uniform(0.0, 1.0), **shapes)
    model.set_source_peakabsmag(_BRIGHTNESS.get(source, -19.2) + random.normal(0.0, 0.3), "bessellb", "ab")
    names = ("ztfg", "ztfr")
    bands, _ = load_bandpasses(names)
    rows = []
    for night in np.arange(58975.0, 59075.0, _CADENCE):
        for number, name in enumerate(names):
            mjd = night + 0.02 * number
            flux = float(model.bandflux(bands[name], mjd, zp=23.9, zpsys="ab"))
            error = math.hypot(_SKY * random.lognormal(0.0, 0.3), _CALIBRATION * flux)
            noisy = flux + error * random.normal()
            row = {"mjd": mjd, "flux": noisy, "fluxerr": error, "filter": name}
            rows.append(row | {"zp": 23.9, "magsys": "ab"})
    return Supernova(f"simulated {source} {seed}", rows, z)


def register_variations(number: int) -> None:
    """Register made-up templates with sncosmo, until so many sources are at hand in this process.

    Each is a template that is here, run through phase up to 15 % faster or slower, and tilted in colour.
    """
    bases = [name for name in list_local_sources() if isinstance(load_source(name), sncosmo.TimeSeriesSource)]
    # the catalogue leaves out a template that is another one, sampled more finely
    present = sum(not name.endswith("-subsampled") for name in list_local_sources())
    bases, missing = bases or ["salt3"], max(0, number - present)
    random = np.random.default_rng(0)
    for i in range(missing):
        base, (pace, tilt) = bases[i % len(bases)], random.uniform(-1.0, 1.0, 2)
        variation = _variation(load_source(base), f"{VARIATION}{i}", 1.0 + 0.15 * pace, 0.3 * tilt)
        kind = {"type": get_source_types().get(base, "")}
        sncosmo.register_loader(sncosmo.Source, variation.name, _load_local, args=[variation], meta=kind)


def _load_local(source: Any, name: str) -> Any:
    # by the end of a loader's name the catalogue knows what needs no file
    return source


def _variation(base: Any, name: str, pace: float, tilt: float) -> Any:
    phase = np.arange(base.minphase(), base.maxphase() + 0.5)
    wave = np.arange(base.minwave(), base.maxwave() + 5.0, 10.0)
    flux = np.nan_to_num(base.flux(phase, np.minimum(wave, base.maxwave()))) * (wave / 5000.0) ** tilt
    dark = base.minphase() >= 0.0 or flux[0].max() == 0.0
    return sncosmo.TimeSeriesSource(phase * pace, wave, flux, zero_before=dark, name=name)
