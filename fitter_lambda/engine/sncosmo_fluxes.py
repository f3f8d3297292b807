"""Band fluxes by sncosmo itself, for sources with non-linear shapes that no grid describes (SNEMO, SUGAR).

Slow: one call of sncosmo for each point. Only the amplitude is integrated out.
"""

import copy
from typing import Any, ClassVar

import numpy as np

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.engine.band_integrals import ZERO_POINT
from fitter_lambda.engine.bandflux import BandFluxes, DesignMatrix
from fitter_lambda.engine.peak_magnitudes import DECLINE_DAYS, VEGA_IN_AB, Peaks
from fitter_lambda.engine.source_grid import SourceGrid

#: Peaks that are computed; the others are NaN.
_MOST_PEAKS = 40


class SncosmoFluxes(BandFluxes):
    """Band fluxes of any source of sncosmo, with any number of shapes."""

    is_slow: ClassVar[bool] = True

    def __init__(
        self, grid: SourceGrid, bands: list[Any], z_low: float, z_high: float, mwebv: float = 0.0,
        extrapolates: bool = False,
    ) -> None:  # fmt: skip
        import sncosmo

        super().__init__(grid, bands, z_low, z_high, mwebv=mwebv, extrapolates=extrapolates)
        dust = {"effects": [sncosmo.F99Dust()], "effect_names": ["mw"], "effect_frames": ["obs"]}
        self._model = sncosmo.Model(grid.source, **(dust if mwebv else {}))
        self._model.set(**({"mwebv": mwebv} if mwebv else {}), **{grid.linear[0]: 1.0})

    def build_design_matrix(self, z: Array, t0: Array, mjd: Array, band: Indices, shapes: Array) -> DesignMatrix:
        """Compute the flux of rows at amplitude 1: see `BandFluxes.build_design_matrix`."""
        phase = (mjd - t0[:, None]) / (1 + z[:, None])
        is_before, is_after, is_inside = self.find_reach(z, phase, band)
        flux = np.zeros((*phase.shape, 1))
        for i in range(len(z)):
            rows = np.flatnonzero((is_inside & (self.extrapolates | ~(is_after | is_before)))[i])
            self._model.set(z=z[i], t0=t0[i], **self._name_shapes(shapes[i]))
            if len(rows):
                bands = [self.bands[j] for j in band[rows]]
                flux[i, rows, 0] = self._model.bandflux(bands, mjd[rows], zp=ZERO_POINT, zpsys="ab")
        is_reached = is_inside & ~is_after & (~is_before | self.grid.dark_start)
        return DesignMatrix(np.nan_to_num(flux), is_reached, is_inside)

    def compute_peaks(self, a: Array, shapes: Array) -> Peaks:
        """Compute the first peaks only: see `BandFluxes.compute_peaks`."""
        source = copy.copy(self.grid.source)  # the grid's own source keeps its shapes
        peaks = Peaks(*np.full((3, len(a)), np.nan))
        for i in range(min(len(a), _MOST_PEAKS)):
            source.set(**{self.grid.linear[0]: a[i, 0], **self._name_shapes(shapes[i])})
            phase = float(source.peakphase("bessellb"))
            magnitude = source.bandmag("bessellb", "ab", phase)
            peaks.magnitude[i] = magnitude - VEGA_IN_AB
            peaks.phase[i] = phase
            peaks.decline[i] = source.bandmag("bessellb", "ab", phase + DECLINE_DAYS) - magnitude
        return peaks

    def compute_unit_magnitude(self) -> float:
        """Peak magnitude (B, Vega) at amplitude 1 and the shapes that the source has by default."""
        defaults = np.array([[self.grid.source.get(name) for name in self.grid.shapes]])
        return float(self.compute_peaks(np.ones((1, 1)), defaults).magnitude[0])

    def _name_shapes(self, values: Array) -> dict[str, float]:
        return dict(zip(self.grid.shapes, values, strict=True))
