"""A source on a grid of rest-frame phases and wavelengths: all that the fit asks of sncosmo.

Every source that the engine covers has a flux density

    F(phase, wave) = sum_j a_j S_j(phase, wave; s) * 10^(-0.4 s law(wave))

with linear parameters a_j and at most one non-linear shape s: for a template a = A; for SALT2 and
SALT3 (Guy et al. 2007, eq. 1) a = (x0, x0 x1), S = (M0, M1), s = c and `law` the colour law; for
MLCS2k2 (Jha, Riess & Kirshner 2007) s = Delta chooses among grids S. For a template seen through dust of
its host, s is E(B-V) and `law` that of Fitzpatrick (1999), R_V = 3.1.

Along phase the grid holds uniform knots, and every flux is a sum over the four about it, so that integrating
over wavelength leaves the same sum. sncosmo's sources interpolate in one of three ways (`interpolation`), and
the one that reproduces the source is chosen; SALT's is the cubic convolution.
"""

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.interpolation import blended, knots, places
from fitter_lambda.input.sncosmo_registries import get_source_versions
from fitter_lambda.input.templates import load_source

__all__ = [
    "GRIDS_FOLDER",
    "HOST_DUST",
    "Epochs",
    "SourceGrid",
    "host_reddening",
    "load_source_grid",
    "save_source_grid",
]

Array = npt.NDArray[np.float64]

HOST_DUST = "hostebv"
#: Folder of the prepared grids among the image's templates.
GRIDS_FOLDER = "grids"
#: Between wavelengths (Angstrom): of the finest grid, and of the coarsest, which is sncosmo's sums'.
_WAVE_STEPS = (1.0, 5.0)
#: Steps between knots to try (days), and the error at which one is fine enough (fraction of the peak).
_STEPS = (1.0, 0.5, 0.25, 0.125)
_FINE_ENOUGH = 2e-5
_FEWEST_OF_A_SPLINE = 4
#: A template that starts fainter than this fraction of its peak is taken to be zero before its start.
_NEGLIGIBLE_START = 0.05


@dataclass(frozen=True, eq=False)
class SourceGrid:
    """A source on a grid.

    Attributes
    ----------
    name, version : str
    linear : tuple of str
        sncosmo's names of the amplitude and, for SALT, x1.
    shape : str or None
        Name of the non-linear shape.
    general : tuple of str
        Names of several of them, of which the grid knows nothing: see `general`.
    nodes : ndarray, shape (k,)
        Values of the shape that `flux` holds; empty when `flux` does not depend on it.
    law : ndarray, shape (w,), or None
        Extinction (mag) at shape 1.
    start, step : float
        Phase of the first knot, and between knots (rest-frame days).
    last : float
        Last phase.
    wave : ndarray, shape (w,)
        Rest-frame Angstrom, uniform.
    kernel : str
        How to interpolate along phase: see `interpolation`.
    flux : ndarray, shape (max(k, 1), j, p + 2, w)
        Knots along phase of the flux density at unit amplitude, one more at either end.
    dark_start : bool
        Before its first phase the source is taken to be zero, else nothing is said of it.
    held : tuple of bool
        Whether sncosmo goes on with its first flux before its first phase, and with its last after the last.
    source : sncosmo.Source or None
        None for a prepared grid.
    """

    name: str
    version: str
    linear: tuple[str, ...]
    shape: str | None
    general: tuple[str, ...]
    nodes: Array
    law: Array | None
    start: float
    step: float
    last: float
    wave: Array
    kernel: str
    flux: npt.NDArray[np.float32]
    dark_start: bool
    held: tuple[bool, bool]
    source: Any

    @property
    def is_salt(self) -> bool:
        """Whether the source is SALT2 or SALT3."""
        return len(self.linear) == 2

    def epochs(self, z: Array, t0: Array, mjd: Array) -> "Epochs":
        """Where rows (r,) lie along phase, seen from points (n,)."""
        phase = (mjd - t0[:, None]) / (1 + z[:, None])
        return Epochs(
            t0, mjd, phase, *places(phase, self.start, self.step, self.flux.shape[2] - 2, self.kernel)
        )


@dataclass(frozen=True)
class Epochs:
    """Rows among the knots along phase, seen from many points.

    Attributes
    ----------
    t0 : ndarray, shape (n,)
    mjd : ndarray, shape (r,)
    phase : ndarray, shape (n, r)
    index : ndarray of int, shape (n, r)
        The first of the four knots about each, the nearest four for those outside.
    weights : ndarray, shape (4, n, r)
        Of these knots.
    """

    t0: Array
    mjd: Array
    phase: Array
    index: npt.NDArray[np.intp]
    weights: Array


@functools.lru_cache(maxsize=256)
def load_source_grid(name: str) -> SourceGrid:
    """Load a source and lay it on its grid, or take the grid prepared for the image; kept in memory.

    Parameters
    ----------
    name : str
        As of `templates.load_source`.

    Raises
    ------
    TemplateError
        As of `templates.load_source`.
    """
    return _restored(name) or _laid_out(load_source(name))


def _laid_out(source: Any) -> SourceGrid:
    from sncosmo import MLCS2k2Source, SALT2Source

    amplitude, *shapes = source.param_names
    wave = _wavelengths(source)
    step, kernel = _interpolation(source)
    phase = _phases(source, step)
    law: Array | None = None
    nodes, shape = np.empty(0), shapes[0] if shapes else None
    general: tuple[str, ...] = ()
    if isinstance(source, SALT2Source):
        m0, m1 = (_sample(source, phase, wave, {"x0": 1.0, "x1": x1, "c": 0.0}) for x1 in (0.0, 1.0))
        grid, shape, shapes = np.array([[m0, m1 - m0]]), "c", ["x1"]
        law = np.asarray(source.colorlaw(wave), dtype=float)
    elif not shapes:
        grid = _sample(source, phase, wave, {amplitude: 1.0})[None, None]
    elif isinstance(source, MLCS2k2Source):
        nodes, shapes = np.asarray(source._delta, dtype=float), []
        grid = np.array([[_sample(source, phase, wave, {amplitude: 1.0, "delta": delta})] for delta in nodes])
    else:
        grid = _sample(source, phase, wave, {amplitude: 1.0})[None, None]
        general, shapes, shape = tuple(shapes), [], None
    middle = grid[len(grid) // 2, 0] @ _blue(wave)
    return SourceGrid(
        source.name, str(source.version), (amplitude, *shapes), shape, general, nodes, law,
        float(phase[0]), step, float(phase[-1]), wave, kernel, knots(grid, kernel).astype(np.float32),
        bool(middle[0] < _NEGLIGIBLE_START * middle.max()), _held(source), source,
    )  # fmt: skip


def _held(source: Any) -> tuple[bool, bool]:
    from sncosmo import TimeSeriesSource

    is_template = isinstance(source, TimeSeriesSource)
    return is_template and not source._zero_before, is_template


def _sample(source: Any, phase: Array, wave: Array, values: dict[str, float]) -> Array:
    source.set(**values)
    flux = np.asarray(source._flux(phase, wave), dtype=float)
    return np.where(np.isfinite(flux), flux, 0.0)


def _blue(wave: Array) -> Array:
    """Weights of a broad blue band: where the start of a source is compared with its peak."""
    return np.asarray(np.exp(-0.5 * ((wave - 4400.0) / 400.0) ** 2))


def _wavelengths(source: Any) -> Array:
    """As far apart as the source's own, within bounds."""
    own = np.diff(getattr(source, "_wave", [0.0, _WAVE_STEPS[1]]))
    step = np.clip(np.median(own), *_WAVE_STEPS)
    return np.arange(float(source.minwave()), float(source.maxwave()) + 1e-6, step)


def _phases(source: Any, step: float) -> Array:
    first, last = float(source.minphase()), float(source.maxphase())
    return np.asarray(first + step * np.arange(int(np.floor((last - first) / step + 1e-9)) + 1))


def _interpolation(source: Any) -> tuple[float, str]:
    """The widest step between knots, and the kernel, that reproduce a source between them."""
    wave = np.linspace(max(3000.0, source.minwave()), min(9000.0, source.maxwave()), 50)
    errors: dict[tuple[float, str], float] = {}
    for step in sorted({*_STEPS, *_own_step(source)}, reverse=True):
        phase = _phases(source, step)
        between = phase[:-1, None] + step * np.array([0.21, 0.5])
        grid, truth = (np.asarray(source._flux(x, wave), dtype=float) for x in (phase, between.ravel()))
        for kernel in ("linear", "convolution", "spline")[: 3 if len(phase) >= _FEWEST_OF_A_SPLINE else 2]:
            found = _interpolate(knots(grid, kernel), kernel, (between.ravel() - phase[0]) / step)
            error = float(np.nanmax(np.abs(found - truth)) / np.nanmax(np.abs(truth)))
            if error < _FINE_ENOUGH:
                return step, kernel
            errors[step, kernel] = error
    return min(errors, key=lambda choice: errors[choice])


def _own_step(source: Any) -> list[float]:
    """Between the phases that the source itself is given at, when they are evenly spaced."""
    gaps = np.diff(getattr(source, "_phase", []))
    even = len(gaps) > 0 and np.ptp(gaps) < 1e-9 * abs(gaps.mean())
    return [float(gaps.mean())] if even else []


def _interpolate(table: Array, kernel: str, place: Array) -> Array:
    return blended(table, *places(place, 0.0, 1.0, len(table) - 2, kernel))


_TEXTS = ("name", "version", "linear", "start", "step", "last", "kernel", "dark_start", "held")


def save_source_grid(grid: SourceGrid, directory: Path) -> None:
    """Write a prepared grid, but for sources that are more than one: SALT, and those with shapes."""
    if grid.shape or grid.general:
        return
    directory.mkdir(parents=True, exist_ok=True)
    texts = json.dumps({name: getattr(grid, name) for name in _TEXTS})
    np.savez(directory / f"{grid.name}.npz", flux=grid.flux, wave=grid.wave, texts=np.array(texts))


def _restored(name: str) -> SourceGrid | None:
    """A prepared grid; None when there is none, or when the user brought templates of their own."""
    folder = os.environ.get("FITTER_TEMPLATES_DIR")
    if not folder or os.environ.get("SNCOSMO_DATA_DIR") or name not in get_source_versions():
        return None
    path = Path(folder) / GRIDS_FOLDER / f"{name}.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        texts = json.loads(str(stored["texts"]))
        return SourceGrid(
            **texts | {name: tuple(texts[name]) for name in ("linear", "held")},
            shape=None, general=(), nodes=np.empty(0), law=None, wave=stored["wave"], flux=stored["flux"],
            source=None,
        )  # fmt: skip


def host_reddening(wave: Array) -> Array:
    """Extinction (mag) at E(B-V) = 1: Fitzpatrick (1999), R_V = 3.1, as of sncosmo's F99Dust."""
    import sncosmo

    dust = sncosmo.F99Dust()
    dust.set(ebv=1.0)
    inside = np.clip(wave, dust.minwave(), dust.maxwave())
    return np.asarray(-2.5 * np.log10(dust.propagate(inside, np.ones((1, len(wave))))[0]))
