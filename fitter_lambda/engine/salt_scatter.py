"""SALT's own scatter about its model, for rows at many points.

SALT2 (Guy et al. 2010) gives it relative to the flux at x1 = 0, SALT3 (Kenworthy et al. 2021) in flux;
both at the effective rest-frame wavelength of a band, without its colour law, as sncosmo's
`bandflux_rcov` has it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.bandflux import BandFluxes, photon_weights
from fitter_lambda.engine.interpolation import blended, places
from fitter_lambda.engine.source_grid import Epochs, SourceGrid

__all__ = ["SaltScatter", "Scatter"]

Array = npt.NDArray[np.float64]

#: Days, finer than the knots of any file.
_FINE_STEP = 0.1
#: Of the relative variance, where the flux is nearly nothing.
_BROADEST = 1e4
_FAINTEST = 1e-50


@dataclass(frozen=True)
class Scatter:
    """A model's own scatter at many points.

    Attributes
    ----------
    relative : ndarray, shape (3, n_points, n_rows)
        Variance of a row as a polynomial in x1: constant, linear, square.
    colour_free : ndarray, shape (2, n_points, n_rows)
        The flux, without colour, that it belongs to: its part at x1 = 0, and what x1 adds.
    gain : ndarray, shape (n_points, n_rows)
        What the standard deviation is multiplied by.
    coherent : ndarray, shape (n_points, n_bands)
        Relative dispersion common to a band.
    """

    relative: Array
    colour_free: Array
    gain: Array
    coherent: Array

    def at_points(self, points: npt.NDArray[np.intp]) -> "Scatter":
        """The same at some of the points."""
        relative, colour_free = self.relative[:, points], self.colour_free[:, points]
        return Scatter(relative, colour_free, self.gain[points], self.coherent[points])

    def at(self, a: Array) -> tuple[Array, Array]:
        """Relative variance of each row at linear parameters (n_points, 2), and its slope along x1.

        Both are of shape (n_points, n_rows).
        """
        x1 = np.clip(a[:, 1] / np.maximum(a[:, 0], 1e-300), -5, 5)[:, None]
        (constant, linear, square), (neutral, stretch) = self.relative, self.colour_free
        curved = x1 * square
        v, slope = constant + x1 * (linear + curved), linear + 2 * curved
        negative = v < 0
        if negative.any():  # as snfit has it
            v[negative], slope[negative] = 1e-4, 0.0
        total = np.maximum(neutral + x1 * stretch, _FAINTEST)
        scale = (self.gain / total) ** 2
        relative, slope = v * scale, (slope - 2 * v * stretch / total) * scale
        slope[(relative > _BROADEST) | (np.abs(x1) >= 5)] = 0.0
        return np.minimum(relative, _BROADEST), slope


class SaltScatter:
    """The scatter of one SALT source in some bands.

    Parameters
    ----------
    grid : SourceGrid
    bands : list of sncosmo.Bandpass
    z_low, z_high : float
        Redshifts that will be asked for.
    """

    def __init__(self, grid: SourceGrid, bands: list[Any], z_low: float, z_high: float) -> None:
        import sncosmo

        self._model: dict[str, Any] = grid.source._model
        self._dispersion = grid.source._colordisp
        self._cube = grid
        # without colour, and without dust: it is a property of the model
        self._fluxes = BandFluxes(grid, bands, z_low, z_high, grid.shape)
        self._is_relative = not isinstance(grid.source, sncosmo.SALT3Source)
        # SALT3's own knots; SALT2's files differ in theirs
        step = _FINE_STEP if self._is_relative else grid.step
        self._phase = np.arange(grid.start, grid.last + step / 2, step)
        self._effective = np.array([float(band.wave_eff) for band in bands])
        # the flux of a flat spectrum of 1 erg/s/cm2/Angstrom
        self._norm = np.array([photon_weights(band)[1].sum() for band in bands])

    def at(self, z: Array, epochs: Epochs, band: npt.NDArray[np.int_]) -> Scatter:
        """The scatter of rows in bands at points (n,); equal redshifts should follow each other."""
        starts = np.flatnonzero(np.diff(z, prepend=np.nan) != 0)
        of_point = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(z)))
        wave = np.clip(self._effective / (1 + z[starts, None]), self._cube.wave[0], self._cube.wave[-1])
        table = np.pad(self._tables(wave), ((0, 0), (0, 0), (1, 1), (0, 0)), mode="edge")
        index, weights, n_p = epochs.index, epochs.weights, len(self._phase)
        if self._is_relative:
            index, weights = places(epochs.phase, self._cube.start, _FINE_STEP, n_p, "linear")
        base = (of_point[:, None] * len(self._effective) + band) * (n_p + 2) + index
        relative = blended(table.reshape(-1, table.shape[-1]), base, weights)
        free = np.moveaxis(self._fluxes.design(z, np.zeros_like(z), epochs, band).flux, 2, 0)
        norm = self._norm[band] / (1 + z[:, None])
        return Scatter(
            np.ascontiguousarray(np.moveaxis(relative[..., :3], 2, 0)), np.ascontiguousarray(free),
            relative[..., 3] * free[0] if self._is_relative else norm,
            self._dispersion(wave.ravel()).reshape(wave.shape)[of_point],
        )  # fmt: skip

    def _tables(self, wave: Array) -> Array:
        """Polynomial in x1, and SALT2's scale, shape (z, b, p, 3 or 4), at wavelengths (z, b)."""
        order = np.argsort(wave.ravel())
        names = ["LCRV00", "LCRV01", "LCRV11", *(["errscale"] if self._is_relative else [])]
        out = np.empty((len(order), len(self._phase), len(names)))
        for i, name in enumerate(names):
            out[order, :, i] = self._model[name](self._phase, wave.ravel()[order]).T
        out[..., 1] *= 2
        return out.reshape(*wave.shape, *out.shape[1:])
