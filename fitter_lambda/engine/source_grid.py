"""A source on a grid of rest-frame phases and wavelengths: all that the fit takes from sncosmo.

The flux density of a source is

    F(phase, wave) = sum_j a_j S_j(phase, wave; s) * 10^(-0.4 s law(wave))

with linear parameters a_j and at most one non-linear shape s: for a template a = A; for SALT2 and
SALT3 (Guy et al. 2007, eq. 1) a = (x0, x0 x1), S = (M0, M1), s = c and `law` the colour law; for
MLCS2k2 (Jha, Riess & Kirshner 2007) s = Delta interpolates between grids S. For a template behind dust of its
host, s is E(B-V) and `law` that of Fitzpatrick (1999), R_V = 3.1.

Knots along phase are uniform, and every flux is a sum over four of them, so an integral over wavelength
leaves the same sum. sncosmo's sources interpolate in one of three ways (`interpolation`); the one that
reproduces the source is used. SALT's is the cubic convolution.
"""

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine import sncosmo_internals
from fitter_lambda.engine.interpolation import build_knots, interpolate, locate
from fitter_lambda.input.sncosmo_registries import get_source_versions
from fitter_lambda.input.templates import load_source

#: Name of the shape that stands for dust of the host.
HOST_DUST = "hostebv"
#: Folder of the prepared grids among the image's templates.
GRIDS_FOLDER = "grids"
#: Steps between wavelengths (Angstrom): the finest, and the coarsest, which is that of sncosmo's sums.
_WAVE_STEPS = (1.0, 5.0)
#: Steps between knots to try (days), and the error at which one is fine enough (fraction of the peak).
_PHASE_STEPS = (1.0, 0.5, 0.25, 0.125)
_GRID_ERROR = 2e-5
_FEWEST_SPLINE_PHASES = 4
#: A template that starts fainter than this fraction of its peak has zero flux before its start.
_DARK_START_FRACTION = 0.05


@dataclass(frozen=True, eq=False)
class SourceGrid:
    """A source on a grid.

    Attributes
    ----------
    name, version : str
    linear : tuple of str
        sncosmo's names of the amplitude and, for SALT, x1.
    shapes : tuple of str
        sncosmo's names of the non-linear shapes.
    needs_sncosmo : bool
        The grid does not describe how the flux depends on the shapes: see `sncosmo_fluxes`.
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
        True: zero flux before the first phase. False: undefined there.
    held : tuple of bool
        Whether sncosmo goes on with its first flux before its first phase, and with its last after the last.
    source : sncosmo.Source or None
        None for a prepared grid.
    """

    name: str
    version: str
    linear: tuple[str, ...]
    shapes: tuple[str, ...]
    needs_sncosmo: bool
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

    def locate_rows(self, z: Array, t0: Array, mjd: Array, band: Indices) -> "RowPhases":
        """Locate rows (r,) of dates and bands along phase, seen from points (n,) of z and t0."""
        phase = (mjd - t0[:, None]) / (1 + z[:, None])
        places = locate(phase, self.start, self.step, self.flux.shape[2] - 2, self.kernel)
        return RowPhases(z, t0, mjd, band, phase, *places)


@dataclass(frozen=True)
class RowPhases:
    """Phases of rows (r,), seen from points (n,).

    Attributes
    ----------
    z, t0 : ndarray, shape (n,)
    mjd : ndarray, shape (r,)
    band : ndarray of int, shape (r,)
    phase : ndarray, shape (n, r)
    index : ndarray of int, shape (n, r)
        The first of the four knots about each phase; the nearest four for phases outside.
    weights : ndarray, shape (4, n, r)
        Of these knots.
    """

    z: Array
    t0: Array
    mjd: Array
    band: Indices
    phase: Array
    index: Indices
    weights: Array


@functools.lru_cache(maxsize=256)
def load_source_grid(name: str) -> SourceGrid:
    """Load the grid prepared for the image, or build one from sncosmo's source; grids stay in memory.

    Parameters
    ----------
    name : str
        As of `templates.load_source`.

    Raises
    ------
    TemplateError
        As of `templates.load_source`.
    """
    return _load_prepared_grid(name) or _build_grid(load_source(name))


def _build_grid(source: Any) -> SourceGrid:
    from sncosmo import MLCS2k2Source, SALT2Source

    amplitude, *shapes = source.param_names
    linear: tuple[str, ...] = (amplitude,)
    wave = _choose_wavelengths(source)
    step, kernel = _choose_interpolation(source)
    phase = _choose_phases(source, step)
    nodes = np.empty(0)
    law: Array | None = None
    needs_sncosmo = False
    sample = functools.partial(_sample_finite_flux, source, phase, wave)
    if isinstance(source, SALT2Source):
        m0, m1 = (sample(x0=1.0, x1=x1, c=0.0) for x1 in (0.0, 1.0))
        samples = np.array([[m0, m1 - m0]])
        linear = (amplitude, "x1")
        shapes = ["c"]
        law = np.asarray(source.colorlaw(wave), dtype=float)
    elif isinstance(source, MLCS2k2Source):
        nodes = sncosmo_internals.get_mlcs_deltas(source)
        samples = np.array([[sample(**{amplitude: 1.0, "delta": delta})] for delta in nodes])
    else:
        samples = sample(**{amplitude: 1.0})[None, None]
        needs_sncosmo = bool(shapes)
    blue = samples[len(samples) // 2, 0] @ _weigh_blue_wavelengths(wave)
    return SourceGrid(
        source.name, str(source.version), linear, tuple(shapes), needs_sncosmo, nodes, law,
        float(phase[0]), step, float(phase[-1]), wave, kernel,
        build_knots(samples, kernel).astype(np.float32),
        bool(blue[0] < _DARK_START_FRACTION * blue.max()), sncosmo_internals.is_held_at_ends(source), source,
    )  # fmt: skip


def _sample_finite_flux(source: Any, phase: Array, wave: Array, **values: float) -> Array:
    source.set(**values)
    flux = sncosmo_internals.sample_flux(source, phase, wave)
    return np.where(np.isfinite(flux), flux, 0.0)


def _weigh_blue_wavelengths(wave: Array) -> Array:
    """Return weights of a broad blue band, in which the start of a source is compared with its peak."""
    return np.asarray(np.exp(-0.5 * ((wave - 4400.0) / 400.0) ** 2))


def _choose_wavelengths(source: Any) -> Array:
    """Return wavelengths as far apart as the source's own, within bounds."""
    gaps = np.diff(sncosmo_internals.get_native_wavelengths(source))
    step = np.clip(np.median(gaps), *_WAVE_STEPS) if len(gaps) else _WAVE_STEPS[1]
    return np.arange(float(source.minwave()), float(source.maxwave()) + 1e-6, step)


def _choose_phases(source: Any, step: float) -> Array:
    n_steps = int(np.floor((source.maxphase() - source.minphase()) / step + 1e-9))
    return np.asarray(float(source.minphase()) + step * np.arange(n_steps + 1))


def _choose_interpolation(source: Any) -> tuple[float, str]:
    """Return the widest step between knots, and the kernel, that reproduce a source between them."""
    wave = np.linspace(max(3000.0, source.minwave()), min(9000.0, source.maxwave()), 50)
    errors: dict[tuple[float, str], float] = {}
    for step in sorted({*_PHASE_STEPS, *_find_native_step(source)}, reverse=True):
        phase = _choose_phases(source, step)
        midpoints = (phase[:-1, None] + step * np.array([0.21, 0.5])).ravel()
        samples, truth = (sncosmo_internals.sample_flux(source, x, wave) for x in (phase, midpoints))
        for kernel in ("linear", "convolution", "spline")[: 3 if len(phase) >= _FEWEST_SPLINE_PHASES else 2]:
            places = locate((midpoints - phase[0]) / step, 0.0, 1.0, len(phase), kernel)
            flux = interpolate(build_knots(samples, kernel), *places)
            error = float(np.nanmax(np.abs(flux - truth)) / np.nanmax(np.abs(truth)))
            if error < _GRID_ERROR:
                return step, kernel
            errors[step, kernel] = error
    return min(errors, key=lambda choice: errors[choice])


def _find_native_step(source: Any) -> list[float]:
    """Return the step between the phases of the source's file, if they are evenly spaced."""
    gaps = np.diff(sncosmo_internals.get_native_phases(source))
    is_even = len(gaps) > 0 and np.ptp(gaps) < 1e-9 * abs(gaps.mean())
    return [float(gaps.mean())] if is_even else []


_TEXTS = ("name", "version", "linear", "start", "step", "last", "kernel", "dark_start", "held")


def save_source_grid(grid: SourceGrid, directory: Path) -> None:
    """Save a grid that consists of flux alone; sources with shapes, SALT among them, are left out."""
    if grid.shapes:
        return
    directory.mkdir(parents=True, exist_ok=True)
    texts = json.dumps({name: getattr(grid, name) for name in _TEXTS})
    np.savez(directory / f"{grid.name}.npz", flux=grid.flux, wave=grid.wave, texts=np.array(texts))


def _load_prepared_grid(name: str) -> SourceGrid | None:
    """Load a prepared grid; None where there is none, or where the user has set their own templates."""
    folder = os.environ.get("FITTER_TEMPLATES_DIR")
    if not folder or os.environ.get("SNCOSMO_DATA_DIR") or name not in get_source_versions():
        return None
    path = Path(folder) / GRIDS_FOLDER / f"{name}.npz"
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as file:
        texts = json.loads(str(file["texts"]))
        return SourceGrid(
            **texts | {key: tuple(texts[key]) for key in ("linear", "held")},
            shapes=(), needs_sncosmo=False, nodes=np.empty(0), law=None, wave=file["wave"],
            flux=file["flux"], source=None,
        )  # fmt: skip


def host_reddening(wave: Array) -> Array:
    """Extinction (mag) at E(B-V) = 1: Fitzpatrick (1999), R_V = 3.1, by sncosmo's F99Dust."""
    import sncosmo

    dust = sncosmo.F99Dust()
    dust.set(ebv=1.0)
    inside = np.clip(wave, dust.minwave(), dust.maxwave())
    return np.asarray(-2.5 * np.log10(dust.propagate(inside, np.ones((1, len(wave))))[0]))
