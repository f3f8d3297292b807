"""Templates in the rest frame on a grid of ln(wavelength): supernovae, galaxies, blackbodies, stars.

Each has one axis besides wavelength: the phase of a supernova, the age of a galaxy's stars, ln(temperature). Flux is
a weighted sum of four knots along it, and of four pixels along ln(wavelength) (cubic convolution, Keys 1981).
"""

import functools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.interpolation import build_knots, locate
from fitter_lambda.engine.source_grid import SourceGrid, host_reddening, load_source_grid
from fitter_lambda.spectrum.column_kernels import interpolate_template
from fitter_lambda.spectrum.host_components import average_galaxies, smooth_flux
from fitter_lambda.spectrum.log_grid import LogGrid, average_in_pixels

#: Beyond its ends a template goes on as this power of wavelength, up (blue) or down (red).
_TAIL_POWER = 3.0
#: Optical light at which a supernova begins, as a fraction of its maximum.
_FIRST_LIGHT = 0.005
#: Width (sigma, km/s) of a broad band.
_BAND_SIGMA = 30000.0
_MAG = 0.4 * np.log(10)
_PLANCK = 1.43878e8
"""hc/k (angstrom K)."""


@dataclass(frozen=True, eq=False)
class LogTemplate:
    """A template on a grid of ln(wavelength).

    Attributes
    ----------
    name : str
    grid : LogGrid
    knots : ndarray, shape (j, p + 2, w)
        Flux at unit amplitude; of SALT j = 2, the second for x1.
    start, step : float
        The first knot and the distance between knots, along the axis.
    low, high : float
        Where the axis may be.
    origin : float
        Of a supernova: phase of maximum light in B.
    kernel : str
        As of `engine.interpolation`.
    law : ndarray, shape (w,)
        Extinction (nepers) at one unit of dust: E(B-V), or SALT's c.
    ends : tuple of float
        Rest-frame ln(wavelength) between which it is known.
    """

    name: str
    grid: LogGrid
    knots: Array
    start: float
    step: float
    low: float
    high: float
    origin: float
    kernel: str
    law: Array
    ends: tuple[float, float]

    def evaluate(self, x: LogGrid, theta: Array) -> Array:
        """Return flux (n, pixels of x) at rows (u, axis, dust, x1) of theta, u = ln(1 + z)."""
        place = (x.start - theta[:, 0] - self.grid.start) / self.grid.step
        pixel = np.floor(place).astype(np.intp)
        index, weights = locate(theta[:, 1], self.start, self.step, self.knots.shape[1] - 2, self.kernel)
        dust, x1 = np.ascontiguousarray(theta[:, 2]), np.ascontiguousarray(theta[:, 3])
        shifts = _weigh_pixels(place - pixel)
        flux = interpolate_template(self.knots, x1, index, weights, pixel, shifts, self.law, dust, x.number)
        return np.asarray(flux)

    @cached_property
    def brightest(self) -> Array:
        """The places along the axis at which each pixel's light is brightest, smoothed over the width of a band."""
        light = smooth_flux(self.knots[0, 1:-1], self.grid, _BAND_SIGMA)
        return np.asarray(self.start + self.step * np.argmax(light, axis=0), dtype=float)

    def sample_axis(self, places: Array) -> Array:
        """Return flux (n, w) in the rest frame at places along the axis, for x1 = 0."""
        index, weights = locate(places, self.start, self.step, self.knots.shape[1] - 2, self.kernel)
        four = self.knots[0][index[:, None] + np.arange(4)]
        return np.asarray(np.einsum("pn,npw->nw", weights, four))


def _weigh_pixels(fraction: Array) -> Array:
    f = fraction
    g = 1 - fraction
    return np.stack(
        [-0.5 * f * g * g, 1 + 0.5 * f * f * (3 * f - 5), 0.5 * f * (1 + f * (4 - 3 * f)), -0.5 * f * f * g]
    )


@functools.lru_cache(maxsize=256)
def build_supernova(name: str, grid: LogGrid) -> LogTemplate:
    """Put a source of sncosmo on a rest-frame grid."""
    source = load_source_grid(name)
    flux = _average_with_tails(grid, source)
    bright = _measure_light(source, 5500.0, 1500.0)
    first = int(np.argmax(bright > _FIRST_LIGHT * bright.max()))
    last = len(bright) - 1 - int(np.argmax(bright[::-1] > _FIRST_LIGHT * bright.max()))
    law = host_reddening(grid.wave) if source.law is None else np.interp(grid.wave, source.wave, source.law)
    flux /= flux[0].mean(axis=1).max()  # sources have fluxes of any size
    return LogTemplate(
        name, grid, flux, source.start, source.step, source.start + first * source.step,
        source.start + last * source.step, find_maximum_phase(source), source.kernel,
        _MAG * law, (float(np.log(source.wave[0])), float(np.log(source.wave[-1]))),
    )  # fmt: skip


def find_maximum_phase(source: SourceGrid) -> float:
    """Return the phase of maximum light in B."""
    return float(source.start + int(np.argmax(_measure_light(source, 4400.0, 400.0))) * source.step)


def _measure_light(source: SourceGrid, middle: float, sigma: float) -> Array:
    weight = np.exp(-0.5 * ((source.wave - middle) / sigma) ** 2)
    return np.asarray(source.flux[0, 0, 1:-1].astype(float) @ weight)


def _average_with_tails(grid: LogGrid, source: SourceGrid) -> Array:
    flux = source.flux[0].astype(float)
    inside = average_in_pixels(grid, source.wave, flux)
    edge = max(2, len(source.wave) // 100)
    blue = source.wave[0]
    red = source.wave[-1]
    is_blue = grid.edges[:-1] < blue
    is_red = grid.edges[1:] > red
    inside[..., is_blue] = flux[..., :edge].mean(-1)[..., None] * (grid.wave[is_blue] / blue) ** _TAIL_POWER
    inside[..., is_red] = flux[..., -edge:].mean(-1)[..., None] * (red / grid.wave[is_red]) ** _TAIL_POWER
    return inside


@functools.lru_cache(maxsize=64)
def build_galaxy(grid: LogGrid, sigma: float) -> LogTemplate:
    """Build a galaxy whose axis runs from young (0) over post-starburst (1) to old stars (2)."""
    flux = smooth_flux(average_galaxies(grid), grid, sigma)
    flux /= flux[:, (grid.wave > 4000) & (grid.wave < 8000)].mean(axis=1, keepdims=True)
    return _build_background("galaxy", grid, flux, 0.0, 2.0)


@functools.lru_cache(maxsize=64)
def build_blackbody(name: str, grid: LogGrid, coldest: float, hottest: float) -> LogTemplate:
    """Build blackbodies whose axis is ln(temperature / K)."""
    low, high = float(np.log(coldest)), float(np.log(hottest))
    x = _PLANCK / (grid.wave * np.exp(np.linspace(low, high, 13))[:, None])
    flux = 1 / (grid.wave**5 * np.expm1(np.minimum(x, 600.0)))
    flux /= flux[:, (grid.wave > 4000) & (grid.wave < 8000)].mean(axis=1, keepdims=True)
    return _build_background(name, grid, flux, low, high)


def _build_background(name: str, grid: LogGrid, flux: Array, low: float, high: float) -> LogTemplate:
    knots = build_knots(flux, "linear")[None]
    step = (high - low) / (len(flux) - 1)
    law = _MAG * host_reddening(grid.wave)
    return LogTemplate(name, grid, knots, low, step, low, high, 0.0, "linear", law, (0.0, 99.0))
