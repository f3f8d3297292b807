"""SALT's own scatter about its model, for rows at many points.

SALT2 (Guy et al. 2010) defines it relative to the flux at x1 = 0, SALT3 (Kenworthy et al. 2021) in flux; both
at the effective rest-frame wavelength of a band, without the colour law, as sncosmo's `bandflux_rcov` does.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.band_integrals import photon_weights
from fitter_lambda.engine.bandflux import BandFluxes
from fitter_lambda.engine.interpolation import interpolate, locate
from fitter_lambda.engine.sncosmo_internals import evaluate_salt_colour_dispersion, evaluate_salt_table
from fitter_lambda.engine.source_grid import SourceGrid

#: Days, finer than the knots of any file.
_FINE_STEP = 0.1
#: Highest relative variance, where the flux is nearly zero.
_MOST_VARIANCE = 1e4
_LEAST_FLUX = 1e-50
#: The scatter changes with x1 up to here.
_MOST_X1 = 5.0


@dataclass(frozen=True)
class RowScatter:
    """The scatter of rows at many points.

    Attributes
    ----------
    relative : ndarray, shape (3, n_points, n_rows)
        Variance of a row as a polynomial in x1: constant, linear, square.
    colour_free : ndarray, shape (2, n_points, n_rows)
        The flux without colour that it belongs to: at x1 = 0, and what x1 adds.
    gain : ndarray, shape (n_points, n_rows)
        Factor of the standard deviation.
    coherent : ndarray, shape (n_points, n_bands)
        Relative dispersion common to the rows of a band, errors of zero points included.
    """

    relative: Array
    colour_free: Array
    gain: Array
    coherent: Array

    def take(self, points: Indices) -> "RowScatter":
        """Return the scatter at some of the points."""
        relative = self.relative[:, points]
        colour_free = self.colour_free[:, points]
        return RowScatter(relative, colour_free, self.gain[points], self.coherent[points])

    def relative_variance(self, a: Array) -> tuple[Array, Array]:
        """Relative variance of each row at linear parameters (n_points, 2), and its slope along x1.

        Both of shape (n_points, n_rows).
        """
        x1 = np.clip(a[:, 1] / np.maximum(a[:, 0], 1e-300), -_MOST_X1, _MOST_X1)[:, None]
        constant, linear, square = self.relative
        neutral, stretch = self.colour_free
        x1_square = x1 * square
        variance = constant + x1 * (linear + x1_square)
        slope = linear + 2 * x1_square
        is_negative = variance < 0
        if is_negative.any():  # as snfit does
            variance[is_negative] = 1e-4
            slope[is_negative] = 0.0
        total = np.maximum(neutral + x1 * stretch, _LEAST_FLUX)
        scale = (self.gain / total) ** 2
        relative = variance * scale
        slope = (slope - 2 * variance * stretch / total) * scale
        slope[(relative > _MOST_VARIANCE) | (np.abs(x1) >= _MOST_X1)] = 0.0
        return np.minimum(relative, _MOST_VARIANCE), slope


class SaltScatter:
    """The scatter of one SALT source in some bands.

    Parameters
    ----------
    grid : SourceGrid
    bands : list of sncosmo.Bandpass
    z_low, z_high : float
        Range of redshifts.
    zero_point_error : float
        Of each band, as a fraction of the flux.
    """

    def __init__(
        self, grid: SourceGrid, bands: list[Any], z_low: float, z_high: float, zero_point_error: float
    ) -> None:
        import sncosmo

        self._grid = grid
        self._zero_point_error = zero_point_error
        # without colour and dust: the scatter is a property of the model
        self._fluxes = BandFluxes(grid, bands, z_low, z_high, grid.shapes[0])
        self._is_relative = not isinstance(grid.source, sncosmo.SALT3Source)
        # SALT3's own knots; those of SALT2 differ from file to file
        step = _FINE_STEP if self._is_relative else grid.step
        self._phase = np.arange(grid.start, grid.last + step / 2, step)
        self._effective = np.array([float(band.wave_eff) for band in bands])
        # the flux of a flat spectrum of 1 erg/s/cm2/Angstrom
        self._norm = np.array([photon_weights(band)[1].sum() for band in bands])

    def compute_row_scatter(self, z: Array, t0: Array, mjd: Array, band: Indices) -> RowScatter:
        """Compute the scatter of rows (r,) at points (n,); fastest where equal redshifts follow each other."""
        phases = self._grid.locate_rows(z, t0, mjd, band)
        starts = np.flatnonzero(np.diff(z, prepend=np.nan) != 0)
        table_of_point = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(z)))
        wave = np.clip(self._effective / (1 + z[starts, None]), self._grid.wave[0], self._grid.wave[-1])
        tables = np.pad(self._evaluate_tables(wave), ((0, 0), (0, 0), (1, 1), (0, 0)), mode="edge")
        index = phases.index
        weights = phases.weights
        if self._is_relative:
            index, weights = locate(phases.phase, self._grid.start, _FINE_STEP, len(self._phase), "linear")
        first = (table_of_point[:, None] * len(self._effective) + phases.band) * tables.shape[2] + index
        values = interpolate(tables.reshape(-1, tables.shape[-1]), first, weights)
        colour_free = self._fluxes.build_design_matrix(z, t0, mjd, band, np.zeros((len(z), 1))).flux
        colour_free = np.ascontiguousarray(np.moveaxis(colour_free, 2, 0))
        relative = np.ascontiguousarray(np.moveaxis(values[..., :3], 2, 0))
        norm = self._norm[phases.band] / (1 + z[:, None])
        gain = values[..., 3] * colour_free[0] if self._is_relative else norm
        dispersion = evaluate_salt_colour_dispersion(self._grid.source, wave.ravel()).reshape(wave.shape)
        coherent = np.hypot(dispersion, self._zero_point_error)
        return RowScatter(relative, colour_free, gain, coherent[table_of_point])

    def _evaluate_tables(self, wave: Array) -> Array:
        """Evaluate the polynomial in x1, and SALT2's scale, at wavelengths (z, b).

        Shape (z, b, p, 3), or 4 with the scale.
        """
        order = np.argsort(wave.ravel())
        names = ["LCRV00", "LCRV01", "LCRV11", *(["errscale"] if self._is_relative else [])]
        tables = np.empty((len(order), len(self._phase), len(names)))
        for i, name in enumerate(names):
            values_of_name = evaluate_salt_table(self._grid.source, name, self._phase, wave.ravel()[order])
            tables[order, :, i] = values_of_name.T
        tables[..., 1] *= 2
        return tables.reshape(*wave.shape, *tables.shape[1:])
