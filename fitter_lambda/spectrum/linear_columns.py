"""Columns that are added to a transient's light: host and narrow lines at its redshift, or features of stars."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.column_kernels import interpolate_tables
from fitter_lambda.spectrum.host_components import (
    EMISSION_LINES,
    GALAXIES,
    average_galaxies,
    average_lines,
    smooth_flux,
)
from fitter_lambda.spectrum.log_grid import LogGrid
from fitter_lambda.spectrum.spectrum_data import SpectrumData
from fitter_lambda.spectrum.stellar_features import average_stellar_features

#: Widths of the priors: of a galaxy's light and of a line's height, in units of the spectrum's mean.
HOST_SIGMA, LINE_SIGMA, FEATURE_SIGMA = 0.5, 0.5, 0.4
N_HOSTS = len(GALAXIES)
#: Of the columns the last ones are never negative: forbidden lines, and galaxies.
N_POSITIVE = len(EMISSION_LINES) - 1 + N_HOSTS
_SUBSHIFTS = 8


@dataclass(frozen=True, eq=False)
class AddedColumns:
    """Columns at any redshift, from tables of shifts by eighths of a pixel and of some widths of unresolved lines.

    Attributes
    ----------
    data : SpectrumData
    rest : LogGrid
        A rest-frame grid that reaches all redshifts.
    """

    data: SpectrumData
    rest: LogGrid

    @cached_property
    def tables(self) -> Array:
        """The columns for each width and each part of a shift, shape (k, 9, column, w): lines, then galaxies."""
        step = self.rest.step / _SUBSHIFTS
        grids = [LogGrid(self.rest.start + i * step, self.rest.step, self.rest.number) for i in range(_SUBSHIFTS + 1)]
        galaxies = [average_galaxies(grid) for grid in grids]
        return np.array([
            [np.vstack([*(average_lines(grid, lines, sigma) for lines in EMISSION_LINES.values()),
                        smooth_flux(flux, grid, sigma)]) for grid, flux in zip(grids, galaxies, strict=True)]
            for sigma in self.data.line_sigmas
        ])  # fmt: skip

    @cached_property
    def median_table(self) -> Array:
        """The columns of lines of the median width, at no part of a shift (column, w)."""
        middle = np.argmin(np.abs(self.data.line_sigmas - self.data.line_sigma))
        return np.asarray(self.tables[middle, 0])

    def evaluate(self, u: Array, log_width: Array | None = None) -> Array:
        """Return columns (n, column, pixels) at u = ln(1 + z), by default of the median width of lines."""
        place = (self.data.x.start - u - self.rest.start) / self.rest.step * _SUBSHIFTS
        index = np.floor(place + 1e-9).astype(np.intp)
        shift, part = np.divmod(index, _SUBSHIFTS)
        nodes = np.log(self.data.line_sigmas)
        width = np.full(len(u), np.log(self.data.line_sigma)) if log_width is None else log_width
        at = np.interp(width, nodes, np.arange(len(nodes)))
        node = at.astype(np.intp)
        columns: Array = interpolate_tables(
            self.tables, node, at - node, part, place - index, shift, self.data.x.number
        )
        hosts = columns[:, -N_HOSTS:]
        hosts /= np.maximum(hosts @ self.data.good / self.data.good.sum(), 1e-9)[..., None]
        return columns

    @cached_property
    def stellar(self) -> Array:
        """The features of stars, shape (column, pixels)."""
        return average_stellar_features(self.data.x)
