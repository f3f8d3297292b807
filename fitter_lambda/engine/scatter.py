"""SALT's own scatter about its model: what `likelihood.Scatter` holds, for rows at many points.

SALT2 (Guy et al. 2010) gives it relative to the flux at x1 = 0, SALT3 (Kenworthy et al. 2021) in flux;
both at the effective rest-frame wavelength of a band, without its colour law, as sncosmo's
`bandflux_rcov` has it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.bandflux import HC, ZERO_POINT, BandFluxes, observer_grid
from fitter_lambda.engine.cube import Cube, taps
from fitter_lambda.engine.likelihood import Scatter

__all__ = ["SaltScatter"]

Array = npt.NDArray[np.float64]


class SaltScatter:
    """The scatter of one SALT source in some bands.

    Parameters
    ----------
    cube : Cube
    fluxes : BandFluxes
        Of the same cube and bands.
    """

    def __init__(self, cube: Cube, fluxes: BandFluxes) -> None:
        import sncosmo

        self._model: dict[str, Any] = cube.source._model
        self._dispersion = cube.source._colordisp
        self._cube, self._fluxes = cube, fluxes
        self._is_relative = not isinstance(cube.source, sncosmo.SALT3Source)
        self._phase = cube.start + cube.step * np.arange(cube.flux.shape[2] - 2)
        self._effective = np.array([float(band.wave_eff) for band in fluxes.bands])
        self._norm = np.array([_photons(band) for band in fluxes.bands])

    def at(self, z: Array, t0: Array, mjd: Array, band: npt.NDArray[np.int_]) -> Scatter:
        """The scatter of rows (mjd, band) at points (z, t0); equal redshifts should follow each other."""
        starts = np.flatnonzero(np.diff(z, prepend=np.nan) != 0)
        of_point = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(z)))
        wave = np.clip(self._effective / (1 + z[starts, None]), self._cube.wave[0], self._cube.wave[-1])
        table = np.array([self._tables(row) for row in wave])
        phase = np.clip((mjd - t0[:, None]) / (1 + z[:, None]), self._cube.start, self._cube.last)
        n_p = len(self._phase)
        place = np.clip((phase - self._cube.start) / self._cube.step, 0, n_p - 1 - 1e-9)
        index = place.astype(np.intp)
        padded = np.concatenate([table[:, :, :1], table, table[:, :, -1:]], axis=2)
        base = (of_point[:, None] * len(self._effective) + band) * (n_p + 2) + index
        flat = padded.reshape(-1, 3)
        weights = taps("convolution", index, place - index, n_p - 1)
        relative = np.sum([weights[..., i, None] * flat[base + i] for i in range(4)], axis=0)
        free = self._fluxes.design(z, np.zeros_like(z), t0, mjd, band).flux
        if self._is_relative:
            relative = relative * free[..., :1] ** 2
        else:
            free = free / self._norm[band][:, None]
        return Scatter(relative, free, self._dispersion(wave.ravel()).reshape(wave.shape)[of_point])

    def _tables(self, wave: Array) -> Array:
        """Polynomial in x1, shape (b, p, 3), at one wavelength of each band."""
        order = np.argsort(wave)
        parts = [self._model[key](self._phase, wave[order]) for key in ("LCRV00", "LCRV01", "LCRV11")]
        table = np.stack([parts[0], 2 * parts[1], parts[2]], axis=-1)
        if self._is_relative:
            table = table * self._model["errscale"](self._phase, wave[order])[..., None] ** 2
        out = np.empty((len(wave), len(self._phase), 3))
        out[order] = np.swapaxes(table, 0, 1)
        return out


def _photons(band: Any) -> float:
    """Flux (micro-Jansky) of a flat spectrum of 1 erg/s/cm2/Angstrom in a band."""
    import sncosmo

    wave, width = observer_grid(band)
    scale = 10 ** (0.4 * ZERO_POINT) / sncosmo.get_magsystem("ab").zpbandflux(band)
    return float(np.sum(band(wave) * wave) * width / HC * scale)
