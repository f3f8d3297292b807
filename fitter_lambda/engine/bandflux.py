"""Band fluxes: integrals of a cube through bandpasses, for all redshifts and shapes at once.

The flux of a band, in photons, is a sum over its wavelengths (sncosmo's own steps of 5 Angstrom in the
observer's frame),

    F_b(phase; z, s) = sum_m S(phase, w_m / (1 + z); s) T_b(w_m) 10^(-0.4 A(w_m)) w_m dw / (h c (1 + z)),

hence a matrix product of the cube with weights on its wavelengths. The products are made once, at nodes
in ln(1 + z) and in s, and are interpolated in between: by cubic B-splines in phase and ln(1 + z), by a
polynomial through Chebyshev nodes in s, once the mean reddening of the band is divided out
(Trefethen 2013, ch. 5), or linearly where the source itself does so. A is the extinction by the Milky Way.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.cube import HOST_DUST, Cube, blended, host_reddening, knots, taps

__all__ = ["HC", "ZERO_POINT", "BandFluxes", "Design", "observer_grid"]

Array = npt.NDArray[np.float64]

#: AB zero point of all fluxes in here: micro-Jansky.
ZERO_POINT = 23.9
_Z_STEP = 0.004
HC = 1.9864458571489287e-08
_MAG = 0.4 * math.log(10)
_CHUNK = 250_000


@dataclass(frozen=True)
class Design:
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


class BandFluxes:
    """Band fluxes of one source.

    Parameters
    ----------
    cube : Cube
    bands : list of sncosmo.Bandpass
    z_low, z_high : float
        Redshifts that will be asked for.
    shape : str or None
        The shape in use: the cube's own, or HOST_DUST for a template behind dust.
    s_low, s_high : float
        Shapes that will be asked for.
    mwebv : float
        E(B-V) of the Milky Way (mag).
    """

    def __init__(
        self, cube: Cube, bands: list[Any], z_low: float, z_high: float,
        shape: str | None = None, s_low: float = 0.0, s_high: float = 0.0, mwebv: float = 0.0,
    ) -> None:  # fmt: skip
        self.cube, self.bands, self.shape = cube, bands, shape
        self.n_linear = cube.flux.shape[1]
        law = host_reddening(cube.wave) if shape == HOST_DUST else cube.law
        self.nodes = _shape_nodes(cube, shape, s_low, s_high)
        self._y0 = math.log1p(z_low)
        number = 1 if z_high <= z_low else max(4, 1 + math.ceil((math.log1p(z_high) - self._y0) / _Z_STEP))
        self._dy = (math.log1p(z_high) - self._y0) / max(1, number - 1)
        z = np.expm1(self._y0 + self._dy * np.arange(number))
        effective = np.array([float(band.wave_eff) for band in bands]) / (1 + z[number // 2])
        # the mean reddening of each band, mid-way in redshift: what is left of it is nearly 1
        self._fade = _MAG * (0.0 if law is None else np.interp(effective, cube.wave, law))
        self._edges = np.array([(band.minwave(), band.maxwave()) for band in bands])
        table = _integrate(cube, self.nodes, law, _weights(cube, bands, z, mwebv))
        table *= np.exp(np.outer(self._fade, self.nodes))[:, None, :, None]
        # along z as along phase; one redshift alone stands for itself
        flat = table.reshape(1, number, -1)
        self._table = knots(flat, "spline")[0] if number > 1 else flat[0]
        self._axes = table.shape[1:]

    def at(self, z: Array) -> Array:
        """B-spline coefficients along phase, shape (n_z, b, p + 2, k, j), at these redshifts."""
        if len(self._table) == 1:
            return np.broadcast_to(self._table, (len(z), self._table.shape[1])).reshape(-1, *self._axes)
        place = np.clip((np.log1p(z) - self._y0) / self._dy, 0, len(self._table) - 3 - 1e-9)
        index = place.astype(int)
        weights = taps("spline", index, place - index, len(self._table) - 3)
        table = sum(weights[i, :, None] * self._table[index + i] for i in range(4))
        return np.asarray(table).reshape(-1, *self._axes)

    def shape_weights(self, s: Array) -> Array:
        """Weights of the nodes at these shapes, shape (n, k)."""
        if len(self.nodes) == 1:
            return np.ones((len(s), 1))
        if len(self.cube.nodes):
            return _linear_weights(self.nodes, s)
        return _barycentric_weights(self.nodes, s)

    def design(self, z: Array, s: Array, t0: Array, mjd: Array, band: npt.NDArray[np.int_]) -> Design:
        """Flux of rows at unit amplitudes.

        Parameters
        ----------
        z, s, t0 : ndarray, shape (n_points,)
            Points with equal redshifts should follow each other.
        mjd : ndarray, shape (n_rows,)
        band : ndarray of int, shape (n_rows,)
            Indices into the bands.
        """
        flux = np.empty((len(z), len(mjd), self.n_linear))
        reached = np.empty((len(z), len(mjd)), dtype=bool)
        size = max(1, _CHUNK // (self._axes[0] * self._axes[1] * self.n_linear))
        for i in range(0, len(z), size):
            part = slice(i, i + size)
            curves = self.curves(z[part], s[part])
            flux[part], reached[part] = self._rows(curves, z[part], t0[part], mjd, band)
        return Design(flux, reached)

    def curves(self, z: Array, s: Array) -> Array:
        """B-spline coefficients along phase at unit amplitudes, shape (n_points, b, p + 2, j)."""
        starts = np.flatnonzero(np.diff(z, prepend=np.nan) != 0)
        tables, weights = self.at(z[starts]), self.shape_weights(s)
        n_b, n_p, n_k, n_j = self._axes
        out = np.empty((len(z), n_b, n_p, n_j))
        if n_k == 1:
            out[...] = np.repeat(tables[..., 0, :], np.diff(starts, append=len(z)), axis=0)
        else:
            for table, first, end in zip(tables, starts, [*starts[1:], len(z)], strict=True):
                columns = np.moveaxis(table, 2, 0).reshape(n_k, -1)
                out[first:end] = (weights[first:end] @ columns).reshape(-1, n_b, n_p, n_j)
        return np.asarray(out * np.exp(-np.outer(s, self._fade))[:, :, None, None])

    def reach(
        self, z: Array, t0: Array, mjd: Array, band: npt.NDArray[np.int_]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Which rows lie before the source's first phase, after its last, and within its wavelengths."""
        phase, cube = (mjd - t0[:, None]) / (1 + z[:, None]), self.cube
        low, high = self._edges[band].T
        inside = (low >= cube.wave[0] * (1 + z[:, None])) & (high <= cube.wave[-1] * (1 + z[:, None]))
        return phase < cube.start, phase > cube.last, inside

    def _rows(
        self, curves: Array, z: Array, t0: Array, mjd: Array, band: npt.NDArray[np.int_]
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        cube, (n, n_b, n_p, n_j) = self.cube, curves.shape
        phase = (mjd - t0[:, None]) / (1 + z[:, None])
        before, after, inside = self.reach(z, t0, mjd, band)
        place = np.clip((phase - cube.start) / cube.step, 0, n_p - 3 - 1e-9)
        index = place.astype(np.intp)
        weights = taps(cube.kernel, index, place - index, n_p - 3)
        base = (np.arange(n)[:, None] * n_b + band) * n_p + index
        flux = blended(curves.reshape(-1, n_j), base, weights)
        flux[before | after | ~inside] = 0.0
        return flux, inside & ~after & (~before | cube.dark_start)


def _shape_nodes(cube: Cube, shape: str | None, low: float, high: float) -> Array:
    if shape is None:
        return np.zeros(1)
    if len(cube.nodes):
        return cube.nodes
    if high <= low:
        return np.array([low])
    number = 5 + math.ceil(1.5 * (high - low))
    middle = np.cos(np.pi * (np.arange(number) + 0.5) / number)
    return low + (high - low) * (1 - middle) / 2


def observer_grid(band: Any) -> tuple[Array, float]:
    """Wavelengths to sum a band over, as sncosmo does, and the width of each."""
    low, high = float(band.minwave()), float(band.maxwave())
    number = math.ceil((high - low) / 5.0)
    width = (high - low) / number
    return np.asarray(low + width * (np.arange(number) + 0.5)), width


def _weights(cube: Cube, bands: list[Any], z: Array, mwebv: float) -> Array:
    """Weights of the cube's wavelengths in each band, shape (z, b, w)."""
    import sncosmo

    system = sncosmo.get_magsystem("ab")
    weights = np.empty((len(z), len(bands), len(cube.wave)))
    for i, band in enumerate(bands):
        wave, width = observer_grid(band)
        seen = band(wave) * 10 ** (-0.4 * mwebv * host_reddening(wave)) if mwebv else band(wave)
        scale = 10 ** (0.4 * ZERO_POINT) / system.zpbandflux(band)
        energy = seen * wave * width / HC * scale
        place = (wave / (1 + z[:, None]) - cube.wave[0]) / (cube.wave[1] - cube.wave[0])
        index = np.clip(np.floor(place).astype(int), 0, len(cube.wave) - 2)
        right = np.clip(place - index, 0.0, 1.0)
        rows = (np.arange(len(z)) * len(cube.wave))[:, None] + index
        share = energy / (1 + z[:, None])
        total = np.bincount(rows.ravel(), (share * (1 - right)).ravel(), weights[:, i].size)
        total += np.bincount(rows.ravel() + 1, (share * right).ravel(), weights[:, i].size)
        weights[:, i] = total.reshape(len(z), -1)
    return weights


def _integrate(cube: Cube, nodes: Array, law: Array | None, weights: Array) -> Array:
    """Coefficients along phase of each band, shape (z, b, p + 2, k, j)."""
    used = np.flatnonzero(weights.any(axis=(0, 1)))
    part = slice(used[0], used[-1] + 1) if len(used) else slice(0, 1)
    weights, flux = weights[..., part], cube.flux[..., part].astype(float)
    n_z, n_b, n_w = weights.shape
    _, n_j, n_p, _ = flux.shape
    if len(cube.nodes):
        tables = [_product(sheet, weights) for sheet in flux]
        return np.stack(tables, axis=3)
    faded = [weights if law is None else weights * 10 ** (-0.4 * law[part] * s) for s in nodes]
    table = _product(flux[0], np.stack(faded, axis=2).reshape(n_z, n_b * len(nodes), n_w))
    return np.moveaxis(table.reshape(n_z, n_b, len(nodes), n_p, n_j), 2, 3).copy()


def _product(sheet: Array, weights: Array) -> Array:
    """One grid (j, p, w) through weights (z, b, w): shape (z, b, p, j)."""
    n_j, n_p, n_w = sheet.shape
    product = weights.reshape(-1, n_w) @ sheet.reshape(-1, n_w).T
    return np.moveaxis(product.reshape(*weights.shape[:2], n_j, n_p), 2, 3)


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
