"""Columns that are added to a transient's light: host and narrow lines at its redshift, or features of stars."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fitter_lambda.arrays import Array
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
_SUBSHIFTS = 8


@dataclass(frozen=True, eq=False)
class AddedColumns:
    """Columns at any redshift, from tables of shifts by eighths of a pixel.

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
        """The columns at each part of a shift, shape (9, column, w): lines, then galaxies."""
        step = self.rest.step / _SUBSHIFTS
        rows = []
        for i in range(_SUBSHIFTS + 1):
            grid = LogGrid(self.rest.start + i * step, self.rest.step, self.rest.number)
            lines = [average_lines(grid, lines, self.data.line_sigma) for lines in EMISSION_LINES.values()]
            rows.append(np.vstack([*lines, smooth_flux(average_galaxies(grid), grid, self.data.line_sigma)]))
        return np.array(rows)

    def evaluate(self, u: Array) -> Array:
        """Return columns (n, column, pixels) at u = ln(1 + z)."""
        place = (self.data.x.start - u - self.rest.start) / self.rest.step * _SUBSHIFTS
        index = np.floor(place + 1e-9).astype(int)
        columns = np.empty((len(u), self.tables.shape[1], self.data.x.number))
        for i, (k, f) in enumerate(zip(index, place - index, strict=True)):
            shift, part = divmod(int(k), _SUBSHIFTS)
            window = slice(shift, shift + self.data.x.number)
            columns[i] = (1 - f) * self.tables[part, :, window] + f * self.tables[part + 1, :, window]
        hosts = columns[:, -N_HOSTS:]
        hosts /= np.maximum(hosts[..., self.data.good].mean(axis=2, keepdims=True), 1e-9)
        return columns

    @cached_property
    def stellar(self) -> Array:
        """The features of stars, shape (column, pixels)."""
        return average_stellar_features(self.data.x)
