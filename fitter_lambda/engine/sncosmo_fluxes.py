"""The general way: sources with several non-linear shapes (SNEMO, SUGAR), by sncosmo's own band fluxes.

Slow, since nothing is prepared: a call for each point. Only the amplitude is integrated out.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.bandflux import ZERO_POINT, BandFluxes, DesignMatrix
from fitter_lambda.engine.source_grid import Epochs, SourceGrid

__all__ = ["SncosmoFluxes"]

Array = npt.NDArray[np.float64]


class SncosmoFluxes(BandFluxes):
    """Band fluxes of any source of sncosmo; shapes come as (n_points, n_shapes)."""

    is_slow = True

    def __init__(
        self, grid: SourceGrid, bands: list[Any], z_low: float, z_high: float, mwebv: float,
        as_sncosmo: bool = False,
    ) -> None:  # fmt: skip
        import sncosmo

        super().__init__(grid, bands, z_low, z_high, mwebv=mwebv, as_sncosmo=as_sncosmo)
        dust = {"effects": [sncosmo.F99Dust()], "effect_names": ["mw"], "effect_frames": ["obs"]}
        self._model = sncosmo.Model(grid.source, **(dust if mwebv else {}))
        self._model.set(**({"mwebv": mwebv} if mwebv else {}), **{grid.linear[0]: 1.0})

    def design(self, z: Array, s: Array, epochs: Epochs, band: npt.NDArray[np.int_]) -> DesignMatrix:
        """Flux of rows at amplitude 1: see `BandFluxes.design`."""
        before, after, inside = self.reach(z, epochs.phase, band)
        flux = np.zeros((*epochs.phase.shape, 1))
        for i in range(len(z)):
            rows = np.flatnonzero((inside & (self.as_sncosmo | ~(after | before)))[i])
            self._model.set(z=z[i], t0=epochs.t0[i], **dict(zip(self.grid.general, s[i], strict=True)))
            if len(rows):
                seen = [self.bands[j] for j in band[rows]]
                flux[i, rows, 0] = self._model.bandflux(seen, epochs.mjd[rows], zp=ZERO_POINT, zpsys="ab")
        return DesignMatrix(np.nan_to_num(flux), inside & ~after & (~before | self.grid.dark_start))
