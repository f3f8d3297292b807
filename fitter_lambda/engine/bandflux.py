"""Band fluxes: integrals of a grid through bandpasses, for all redshifts and shapes at once.

The flux of a band, in photons, is a sum over its wavelengths (sncosmo's own steps of 5 Angstrom in the
observer's frame),

    F_b(phase; z, s) = sum_m S(phase, w_m / (1 + z); s) T_b(w_m) 10^(-0.4 A(w_m)) w_m dw / (h c (1 + z)),

hence a matrix product of the grid with weights on its wavelengths. The products are made once, at nodes
in ln(1 + z) and in s, and are interpolated in between: by cubic B-splines in phase and ln(1 + z), by a
polynomial through Chebyshev nodes in s, once the mean reddening of the band is divided out
(Trefethen 2013, ch. 5), or linearly where the source itself does so. A is the extinction by the Milky Way.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from fitter_lambda.engine.interpolation import blended, knots, places
from fitter_lambda.engine.source_grid import HOST_DUST, Epochs, SourceGrid, host_reddening

__all__ = ["ZERO_POINT", "BandFluxes", "DesignMatrix", "photon_weights"]

Array = npt.NDArray[np.float64]

#: AB zero point of all fluxes in here: micro-Jansky.
ZERO_POINT = 23.9
#: Between nodes in ln(1 + z), and so many across a band: one as narrow as a line must not step over lines.
_Z_STEPS, _STEPS_A_BAND = (0.001, 0.004), 16
_MAG = 0.4 * math.log(10)
_CHUNK = 250_000
#: Angstrom, as sncosmo does.
_SUMMED_EVERY = 5.0
#: Log of the error of fluxes, relative, by interpolation in the shape.
_SHAPE_ERROR = math.log(5e-5)
#: Redshifts, and wavelengths of a band, at which extinction is looked at.
_FEW = 50
#: Redshifts whose bands are integrated at once, over the wavelengths that they have in common.
_BLOCK = 16


@dataclass(frozen=True)
class DesignMatrix:
    """Flux of rows at unit amplitudes, at many points.

    Attributes
    ----------
    flux : ndarray, shape (n_points, n_rows, j)
        Micro-Jansky for each linear parameter at 1; 0 where the model does not reach.
    reached : ndarray of bool, shape (n_points, n_rows)
        Where the model says what the flux is.
    """

    flux: Array
    reached: npt.NDArray[np.bool_]

    def at_points(self, points: npt.NDArray[np.intp]) -> "DesignMatrix":
        """The same at some of the points."""
        return DesignMatrix(self.flux[points], self.reached[points])


class BandFluxes:
    """Band fluxes of one source.

    Parameters
    ----------
    grid : SourceGrid
    bands : list of sncosmo.Bandpass
    z_low, z_high : float
        Redshifts that will be asked for.
    shape : str or None
        The shape in use: the grid's own, or HOST_DUST for a template behind dust.
    s_low, s_high : float
        Shapes that will be asked for.
    mwebv : float
        E(B-V) of the Milky Way (mag).
    as_sncosmo : bool
        Before the first phase and after the last the flux is what sncosmo takes it to be, not zero.
    """

    #: Whether each point costs a call of sncosmo.
    is_slow = False

    def __init__(
        self, grid: SourceGrid, bands: list[Any], z_low: float, z_high: float,
        shape: str | None = None, s_low: float = 0.0, s_high: float = 0.0, mwebv: float = 0.0,
        as_sncosmo: bool = False,
    ) -> None:  # fmt: skip
        self.grid, self.bands, self.shape, self.as_sncosmo = grid, bands, shape, as_sncosmo
        self.n_linear = grid.flux.shape[1]
        law = host_reddening(grid.wave) if shape == HOST_DUST else grid.law
        self._law = np.zeros_like(grid.wave) if law is None else law
        self._effective = np.array([float(band.wave_eff) for band in bands])
        self._edges = np.array([(band.minwave(), band.maxwave()) for band in bands])
        self.nodes = _shape_nodes(grid, shape, s_low, s_high, *self._swing(z_low, z_high))
        self._y0 = math.log1p(z_low)
        step = np.clip(np.min(np.ptp(self._edges, axis=1) / self._effective) / _STEPS_A_BAND, *_Z_STEPS)
        number = 1 if z_high <= z_low else max(4, 1 + math.ceil((math.log1p(z_high) - self._y0) / step))
        self._dy = (math.log1p(z_high) - self._y0) / max(1, number - 1)
        z = np.expm1(self._y0 + self._dy * np.arange(number))
        table = _integrate(grid, self.nodes, self._law, _weights(grid, bands, z, mwebv))
        # without the mean reddening of each band what is left is nearly 1
        table *= np.exp(self._fade(z)[:, None, :, None, None] * self.nodes[:, None, None, None])
        # along z as along phase; one redshift alone stands for itself
        flat = table.reshape(1, number, -1)
        self._table = knots(flat, "spline")[0] if number > 1 else flat[0]
        self._axes = table.shape[1:]

    def at(self, z: Array) -> Array:
        """B-spline coefficients along phase, shape (n_z, k, b, p + 2, j), at these redshifts."""
        if len(self._table) == 1:
            return np.broadcast_to(self._table, (len(z), self._table.shape[1])).reshape(-1, *self._axes)
        index, weights = places(np.log1p(z), self._y0, self._dy, len(self._table) - 2, "spline")
        four = (weights.T.ravel(), (index[:, None] + np.arange(4)).ravel(), 4 * np.arange(len(z) + 1))
        return np.asarray(csr_array(four, (len(z), len(self._table))) @ self._table).reshape(-1, *self._axes)

    def _fade(self, z: Array) -> Array:
        """Extinction at each band's effective wavelength (nepers), at shape 1, shape (n, b)."""
        return _MAG * np.interp(self._effective / (1 + z[:, None]), self.grid.wave, self._law)

    def _swing(self, z_low: float, z_high: float) -> tuple[Array, Array]:
        """Extinction of wavelengths beside that of their band (nepers, shape 1), and their transmission.

        Of all bands, wherever they lie within the source's wavelengths.
        """
        z, band = np.linspace(z_low, z_high, _FEW), np.arange(len(self.bands))
        inside, fade = self.reach(z, np.zeros((_FEW, len(band))), band)[2], self._fade(z)
        swing, seen = [np.zeros(1)], [np.ones(1)]
        for i, each in enumerate(self.bands):
            wave, at = np.linspace(each.minwave(), each.maxwave(), _FEW), np.flatnonzero(inside[:, i])
            own = _MAG * np.interp(wave / (1 + z[at, None]), self.grid.wave, self._law)
            swing.append(np.abs(own - fade[at, i, None]).ravel())
            seen.append(np.tile(each(wave) / each(wave).max(), len(at)))
        return np.concatenate(swing), np.concatenate(seen)

    def shape_weights(self, s: Array) -> Array:
        """Weights of the nodes at these shapes, shape (n, k)."""
        if len(self.nodes) == 1:
            return np.ones((len(s), 1))
        if len(self.grid.nodes):
            return _linear_weights(self.nodes, s)
        return _barycentric_weights(self.nodes, s)

    def design(self, z: Array, s: Array, epochs: Epochs, band: npt.NDArray[np.int_]) -> DesignMatrix:
        """Flux of rows at unit amplitudes.

        Parameters
        ----------
        z, s : ndarray, shape (n_points,)
            Points with equal redshifts, and among them with equal shapes, should follow each other.
        epochs : Epochs
            Of the rows, seen from the points.
        band : ndarray of int, shape (n_rows,)
            Indices into the bands.
        """
        flux = np.empty((*epochs.phase.shape, self.n_linear))
        _, n_b, n_p, _ = self._axes
        size = max(1, _CHUNK // (n_b * n_p * self.n_linear))
        for i in range(0, len(z), size):
            part = slice(i, i + size)
            curves, of_point = self.curves(z[part], s[part])
            base = (of_point[:, None] * n_b + band) * n_p + epochs.index[part]
            flux[part] = blended(curves.reshape(-1, self.n_linear), base, epochs.weights[:, part])
        before, after, inside = self.reach(z, epochs.phase, band)
        early, late = (not (self.as_sncosmo and held) for held in self.grid.held)
        flux[(before & early) | (after & late) | ~inside] = 0.0
        return DesignMatrix(flux, inside & ~after & (~before | self.grid.dark_start))

    def curves(self, z: Array, s: Array) -> tuple[Array, npt.NDArray[np.intp]]:
        """B-spline coefficients along phase at unit amplitudes, and which of them each point has.

        Returns
        -------
        ndarray, shape (n_curves, b, p + 2, j)
        ndarray of int, shape (n_points,)
        """
        new = (np.diff(z, prepend=np.nan) != 0) | (np.diff(s, prepend=np.nan) != 0)
        of_point, z, s = np.cumsum(new) - 1, z[new], s[new]
        starts = np.flatnonzero(np.diff(z, prepend=np.nan) != 0)
        tables, weights = self.at(z[starts]), self.shape_weights(s)
        n_k, n_b, n_p, n_j = self._axes
        if n_k == 1:
            curves = tables[np.cumsum(np.diff(z, prepend=np.nan) != 0) - 1, 0]
        else:
            curves = np.empty((len(z), n_b, n_p, n_j))
            for table, first, end in zip(tables, starts, [*starts[1:], len(z)], strict=True):
                curves[first:end] = (weights[first:end] @ table.reshape(n_k, -1)).reshape(-1, n_b, n_p, n_j)
        return curves * np.exp(-s[:, None] * self._fade(z))[:, :, None, None], of_point

    def reach(
        self, z: Array, phase: Array, band: npt.NDArray[np.int_]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which rows lie before the source's first phase, after its last, and within its wavelengths."""
        (low, high), wave = self._edges[band].T, self.grid.wave
        inside = (low >= wave[0] * (1 + z[:, None])) & (high <= wave[-1] * (1 + z[:, None]))
        return phase < self.grid.start, phase > self.grid.last, inside


def _shape_nodes(
    grid: SourceGrid, shape: str | None, low: float, high: float, swing: Array, seen: Array
) -> Array:
    """Values of the shape to integrate at: the grid's own, or so many that a polynomial through them will do.

    Through n Chebyshev nodes that of exp(b x), |x| <= 1, is off by 2 (b / 2)^n / n! at most (Trefethen 2013,
    ch. 8), which counts most where it is least, exp(-b). A wavelength's b is half of what the shape does to
    it, beside the band as a whole; it counts by its transmission.
    """
    if shape is None:
        return np.zeros(1)
    if len(grid.nodes):
        return grid.nodes
    if high <= low:
        return np.array([low])
    b, number = np.maximum((high - low) / 2 * swing, 1e-9), 3
    weight = np.log(2 * seen + 1e-30) + b
    while np.any(weight + number * np.log(b / 2) - math.lgamma(number + 1) > _SHAPE_ERROR):
        number += 1
    middle = np.cos(np.pi * (np.arange(number) + 0.5) / number)
    return low + (high - low) * (1 - middle) / 2


def photon_weights(band: Any) -> tuple[Array, Array]:
    """Wavelengths that sncosmo sums a band over, and micro-Jansky for 1 erg/s/cm2/Angstrom at each."""
    import sncosmo
    from sncosmo.constants import HC_ERG_AA
    from sncosmo.utils import integration_grid

    wave, width = integration_grid(band.minwave(), band.maxwave(), _SUMMED_EVERY)
    scale = 10 ** (0.4 * ZERO_POINT) / sncosmo.get_magsystem("ab").zpbandflux(band)
    return wave, band(wave) * wave * width / HC_ERG_AA * scale


def _weights(grid: SourceGrid, bands: list[Any], z: Array, mwebv: float) -> Array:
    """Weights of the grid's wavelengths in each band, shape (z, b, w)."""
    number, step = len(grid.wave), grid.wave[1] - grid.wave[0]
    weights = np.empty((len(z), len(bands), number))
    for i, band in enumerate(bands):
        wave, seen = photon_weights(band)
        seen = seen * 10 ** (-0.4 * mwebv * host_reddening(wave))
        index, taps = places(wave / (1 + z[:, None]), grid.wave[0], step, number, "cubic")
        share, rows = seen / (1 + z[:, None]), np.arange(len(z))[:, None] * number + index
        total = np.zeros(weights[:, i].size)
        for tap, shift in zip(taps, (-1, 0, 1, 2), strict=True):
            # a knot beyond the ends has no weight
            at = np.clip(rows + shift, 0, len(total) - 1)
            total += np.bincount(at.ravel(), (share * tap).ravel(), len(total))
        weights[:, i] = total.reshape(len(z), -1)
    return weights


def _integrate(grid: SourceGrid, nodes: Array, law: Array, weights: Array) -> Array:
    """Coefficients along phase of each band, shape (z, k, b, p + 2, j)."""
    n_z, n_b, _ = weights.shape
    table = np.empty((n_z, len(nodes), n_b, grid.flux.shape[2], grid.flux.shape[1]))
    fade = 10 ** (-0.4 * np.outer(nodes, law))
    for band in range(n_b):
        for first in range(0, n_z, _BLOCK):
            block = slice(first, first + _BLOCK)
            used = np.flatnonzero(weights[block, band].any(axis=0))
            part = slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)
            # in single precision: faster, and a thousand times better than needed
            own, flux = weights[block, band, part].astype("f4"), grid.flux[..., part]
            if len(grid.nodes):
                product = np.tensordot(own, flux, (1, 3))
            else:
                product = np.tensordot(own[:, None] * fade[:, part].astype("f4"), flux[0], (2, 2))
            table[block, :, band] = np.swapaxes(product, 2, 3)
    return table


def _linear_weights(nodes: Array, s: Array) -> Array:
    index = np.clip(np.searchsorted(nodes, s) - 1, 0, len(nodes) - 2)
    right = np.clip((s - nodes[index]) / (nodes[index + 1] - nodes[index]), 0.0, 1.0)
    weights = np.zeros((len(s), len(nodes)))
    weights[np.arange(len(s)), index] = 1 - right
    weights[np.arange(len(s)), index + 1] = right
    return weights


def _barycentric_weights(nodes: Array, s: Array) -> Array:
    """Lagrange polynomials by the barycentric formula (Berrut & Trefethen 2004, eq. 4.2)."""
    number = len(nodes)
    angles = np.pi * (np.arange(number) + 0.5) / number
    factors = np.sin(angles) * (-1.0) ** np.arange(number)
    gap = s[:, None] - nodes
    exact = np.abs(gap) < 1e-14
    terms = factors / np.where(exact, 1.0, gap)
    weights = terms / terms.sum(axis=1, keepdims=True)
    return np.where(exact.any(axis=1, keepdims=True), exact, weights)
