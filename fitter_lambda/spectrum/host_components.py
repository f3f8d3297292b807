"""What a host adds to a spectrum: stars of three galaxies, and narrow emission lines."""

import functools
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtr

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED, LogGrid, average_in_pixels

GALAXIES = ("young", "post-starburst", "old")
#: Vacuum wavelengths (angstrom, from NIST's Atomic Spectra Database) and relative strengths of lines. Hydrogen: case B
#: at 10,000 K; [O III] and [N II]: ratios of transition rates (Osterbrock & Ferland 2006); [S II] beside [N II] as in a
#: typical H II region, which is a choice. Hydrogen first: it alone may be absorbed, too.
EMISSION_LINES: dict[str, tuple[tuple[float, float], ...]] = {
    "H": ((6564.6, 1.0), (4862.7, 0.350), (4341.7, 0.164), (4102.9, 0.091)),
    "[O III]": ((5008.2, 1.0), (4960.3, 0.335)),
    "[O II]": ((3728.8, 1.0),),
    "[N II], [S II]": ((6585.3, 1.0), (6549.9, 0.34), (6718.3, 0.6), (6732.7, 0.45)),
}
_TABLE = Path(__file__).with_name("host_galaxies.csv")


@functools.lru_cache(maxsize=1)
def load_galaxies() -> tuple[Array, Array]:
    """Return wavelengths (w,) and flux (3, w) of the galaxies, in the order of `GALAXIES`."""
    lines = (line for line in _TABLE.read_text().splitlines() if line[:1].isdigit())
    columns = np.array([line.split(",") for line in lines], dtype=float).T
    return columns[0], columns[1:]


def average_galaxies(grid: LogGrid) -> Array:
    """Return the galaxies' flux in the pixels of a rest-frame grid; their last flux beyond their ends."""
    wave, flux = load_galaxies()
    low = grid.edges[0] - 1.0
    high = grid.edges[-1] + 1.0
    if low < wave[0]:
        wave, flux = np.insert(wave, 0, low), np.insert(flux, 0, flux[:, 0], axis=1)
    if high > wave[-1]:
        wave, flux = np.append(wave, high), np.append(flux, flux[:, -1:], axis=1)
    return average_in_pixels(grid, wave, flux)


def smooth_flux(flux: Array, grid: LogGrid, sigma: float) -> Array:
    """Return flux (..., w) at a spectrograph's resolution, of width `sigma` (km/s)."""
    return np.asarray(gaussian_filter1d(flux, sigma / LIGHT_SPEED / grid.step, axis=-1, mode="nearest"))


def average_lines(grid: LogGrid, lines: tuple[tuple[float, float], ...], sigma: float) -> Array:
    """Return Gaussian lines of width `sigma` (km/s), the strongest of height 1, in the pixels of a grid."""
    width = sigma / LIGHT_SPEED
    border = grid.start + grid.step * (np.arange(grid.number + 1) - 0.5)
    total = np.zeros(grid.number)
    for wave, strength in lines:
        total += strength * np.diff(ndtr((border - np.log(wave)) / width))
    return np.asarray(total * (np.sqrt(2 * np.pi) * width / grid.step))
