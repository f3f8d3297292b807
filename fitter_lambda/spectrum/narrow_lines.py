"""Redshifts from what is narrow: the host's lines and the features of its stars, whatever the transient is.

The scan of all redshifts treats what templates lack as noise without coherence, so that narrow lines count too little
in it. Here the spectrum is galaxies, lines and a smooth curve of any shape, a discrepancy as large as the spectrum; its
marginal likelihood on a fine lattice of ln(1 + z) is added to the scan.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.linear_columns import HOST_SIGMA, LINE_SIGMA, N_HOSTS, AddedColumns
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED
from fitter_lambda.spectrum.spectrum_models import SpectrumModel
from fitter_lambda.spectrum.spectrum_priors import VELOCITY_SIGMA, RedshiftRange

#: Points of the lattice for each pixel, the size of the smooth curve, and how far a template's lines may be off
#: (sigma).
_FINE, _CURVE, _REACH = 3, 0.5, 3.0
_CHUNK = 20
#: Places of a source for each shift of a template.
_N_PLACES = 5


@dataclass(frozen=True, eq=False)
class LineProfile:
    """Log likelihood of narrow features above its median, at u = step times 0, 1, 2, ...; minus infinity outside."""

    step: float
    gain: Array

    def align(self, u: Array, model: SpectrumModel) -> tuple[Array, Array]:
        """Return for shifts u (s,) of a template the best places of its source, and what the best one gains.

        Places (s, 6) are the highest local maxima of the gain less that of the lines' velocity, and at last u itself.
        """
        if model.is_star:
            return np.repeat(u[:, None], _N_PLACES + 1, axis=1), np.zeros(len(u))
        sigma = VELOCITY_SIGMA / LIGHT_SPEED if model.is_supernova else self.step
        reach = int(np.ceil((_REACH * sigma if model.is_supernova else 0.5 * model.spectra[0].x.step) / self.step))
        offset = np.arange(-reach, reach + 1)
        index = np.rint(u / self.step).astype(int)[:, None] + offset
        inside = (index >= 0) & (index < len(self.gain))
        penalty = 0.5 * (offset * self.step / sigma) ** 2 if model.is_supernova else 0.0
        score = np.where(inside, self.gain[np.clip(index, 0, len(self.gain) - 1)], -np.inf) - penalty
        rows = np.arange(len(u))[:, None]
        beside = np.pad(score, [(0, 0), (1, 1)], constant_values=-np.inf)
        is_peak = (score >= beside[:, :-2]) & (score >= beside[:, 2:]) & np.isfinite(score)
        best = np.argsort(np.where(is_peak, -score, np.inf), axis=1, kind="stable")[:, :_N_PLACES]
        best = np.where(is_peak[rows, best], best, best[:, :1])
        return np.column_stack([self.step * index[rows, best], u]), score[rows[:, 0], best[:, 0]]


def profile_lines(spectra: Sequence[AddedColumns], redshift: RedshiftRange) -> LineProfile:
    """Measure the profile within the bounds of a redshift, on the lattice of the first spectrum; of several the sum."""
    profiles = [_profile_spectrum(added, redshift) for added in spectra]
    gain = profiles[0].gain.copy()
    inside = np.isfinite(gain)
    u = profiles[0].step * np.flatnonzero(inside)
    for other in profiles[1:]:
        known = np.flatnonzero(np.isfinite(other.gain))
        gain[inside] += np.interp(u, other.step * known, other.gain[known])
    return LineProfile(profiles[0].step, gain)


def _profile_spectrum(added: AddedColumns, redshift: RedshiftRange) -> LineProfile:
    step = added.data.x.step / _FINE
    low, high = np.log1p(redshift.low), np.log1p(redshift.high)
    number = int(np.ceil(high / step)) + 2
    first = max(0, int(np.floor(low / step)) - 1)
    lattice = np.arange(first, number)
    gain = np.full(number, -np.inf)
    values = np.concatenate(
        [_measure(added, np.clip(step * lattice[i : i + _CHUNK], low, high)) for i in range(0, len(lattice), _CHUNK)]
    )
    gain[lattice] = values - np.median(values)
    return LineProfile(step, gain)


def _measure(added: AddedColumns, u: Array) -> Array:
    """Return the log marginal likelihood of galaxies, lines and a smooth curve at some u."""
    data = added.data
    products = data.multiply(added.evaluate(u)).at(np.full(len(u), _CURVE))[0]
    sigma = np.full(products.shape[1] - 1, LINE_SIGMA)
    sigma[-N_HOSTS:] = HOST_SIGMA
    lower = np.linalg.cholesky(products[:, :-1, :-1] + np.diag(sigma**-2.0))
    half = np.linalg.solve(lower, products[:, :-1, -1:])[..., 0]
    log_det = np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
    return np.asarray(0.5 * (half**2).sum(axis=1) - log_det)
