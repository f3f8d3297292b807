"""Spectra on a grid uniform in ln(wavelength), where a redshift is a shift."""

from dataclasses import dataclass

import numpy as np
from scipy.integrate import cumulative_trapezoid

from fitter_lambda.arrays import Array

LIGHT_SPEED = 299792.458
#: Widths of pixels to choose from (km/s).
_STEPS = (400.0, 600.0, 900.0, 1350.0, 2000.0)
_FINER_THAN = 0.9
#: A step between wavelengths that is so many times the usual one is a gap.
_GAP = 4.0


@dataclass(frozen=True)
class LogGrid:
    """A grid of pixels uniform in x = ln(wavelength / angstrom).

    Attributes
    ----------
    start : float
        The middle of the first pixel.
    step : float
    number : int
    """

    start: float
    step: float
    number: int

    @property
    def x(self) -> Array:
        """The middles of all pixels."""
        return np.asarray(self.start + self.step * np.arange(self.number), dtype=float)

    @property
    def wave(self) -> Array:
        """The wavelengths of all pixels."""
        return np.exp(self.x)

    @property
    def edges(self) -> Array:
        """The wavelengths at the borders of all pixels."""
        return np.asarray(np.exp(self.start + self.step * (np.arange(self.number + 1) - 0.5)))


def choose_grid(wave: Array) -> LogGrid:
    """Choose pixels for a spectrum, at most a little finer than nine tenths of its own are."""
    spacing = LIGHT_SPEED * np.quantile(np.diff(np.log(wave)), _FINER_THAN)
    width = next((step for step in _STEPS if step >= 0.99 * spacing), _STEPS[-1])
    step = width / LIGHT_SPEED
    # whole multiples of the step, so that templates on a grid serve many spectra
    first = int(np.ceil(np.log(wave[0]) / step + 0.5))
    last = int(np.floor(np.log(wave[-1]) / step - 0.5))
    return LogGrid(first * step, step, max(1, last - first + 1))


def average_in_pixels(grid: LogGrid, wave: Array, flux: Array) -> Array:
    """Average flux (..., w), linear between its wavelengths, in each pixel; 0 beyond its ends."""
    total = np.concatenate([np.zeros((*flux.shape[:-1], 1)), cumulative_trapezoid(flux, wave, axis=-1)], axis=-1)
    place = np.interp(grid.edges, wave, np.arange(len(wave)))
    index = np.minimum(place.astype(int), len(wave) - 2)
    # the integral within an interval is a parabola, as the flux is a straight line
    t = (place - index) * (wave[index + 1] - wave[index])
    slope = (flux[..., index + 1] - flux[..., index]) / (wave[index + 1] - wave[index])
    integral = total[..., index] + t * (flux[..., index] + 0.5 * slope * t)
    return np.asarray(np.diff(integral, axis=-1) / np.diff(grid.edges))


def rebin_spectrum(grid: LogGrid, wave: Array, flux: Array, error: Array) -> tuple[Array, Array]:
    """Return mean flux and inverse variance in each pixel, of pixels with finite flux and error.

    The flux in a pixel is the mean of the spectrum's own pixels weighted with the part of them that lies there, so
    flux is conserved. Inverse variances add up by the same parts: what the spectrum says in total is conserved, and
    correlations between neighbours that share a pixel are ignored.
    """
    wave, flux, error = _mark_gaps(wave, flux, error)
    border = _find_borders(wave)
    good = np.isfinite(flux) & np.isfinite(error) & (error > 0)
    width = np.diff(border)
    share = np.where(good, 1.0, 0.0)
    covered = _sum_parts(grid, border, width * share)
    mean = _sum_parts(grid, border, np.where(good, flux, 0.0) * width) / np.maximum(covered, 1e-300)
    weight = _sum_parts(grid, border, np.where(good, 1 / np.where(good, error, 1.0) ** 2, 0.0))
    is_covered = covered > 0.5 * np.diff(grid.edges)
    return np.where(is_covered, mean, 0.0), np.where(is_covered, weight, 0.0)


def _mark_gaps(wave: Array, flux: Array, error: Array) -> tuple[Array, Array, Array]:
    """Put a pixel without flux at either side of a gap, so that its neighbours do not reach into it."""
    gap = np.diff(wave)
    usual = np.median(gap)
    index = np.flatnonzero(gap > _GAP * usual)
    places = np.concatenate([index + 1, index + 1])
    sides = np.concatenate([wave[index] + usual, wave[index + 1] - usual])
    none = np.full(len(places), np.nan)
    return np.insert(wave, places, sides), np.insert(flux, places, none), np.insert(error, places, none)


def _find_borders(wave: Array) -> Array:
    middle = 0.5 * (wave[1:] + wave[:-1])
    return np.concatenate([[2 * wave[0] - middle[0]], middle, [2 * wave[-1] - middle[-1]]])


def _sum_parts(grid: LogGrid, border: Array, values: Array) -> Array:
    """Sum values of pixels, each spread evenly between its borders, over the pixels of a grid."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.diff(np.interp(grid.edges, border, total))
