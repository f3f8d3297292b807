"""Band fluxes of a source at any redshift and shape, interpolated between integrals made once.

`band_integrals` has the integrals at nodes in ln(1 + z) and in the shape s. Between these they are
interpolated: by cubic B-splines in phase and ln(1 + z); in s by a polynomial through Chebyshev nodes, after
the mean reddening of the band is divided out (Trefethen 2013, ch. 5), or linearly where the source itself
does so.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fitter_lambda.arrays import Array, Indices, Mask
from fitter_lambda.engine.band_integrals import build_shape_interpolator, choose_shape_nodes, integrate_bands
from fitter_lambda.engine.interpolation import build_knots, locate
from fitter_lambda.engine.peak_magnitudes import Peaks, measure_peaks
from fitter_lambda.engine.priors import FlatPriors
from fitter_lambda.engine.row_kernels import KERNEL_NUMBERS, interpolate_rows
from fitter_lambda.engine.source_grid import HOST_DUST, SourceGrid, host_reddening

#: Step between nodes in ln(1 + z), within bounds, and steps across a band: narrow bands must not miss lines.
_Z_STEPS = (0.001, 0.004)
_STEPS_PER_BAND = 16
_MAG = 0.4 * math.log(10)
#: Integrals that stay in memory for the next fits: of a light curve, of SALT's scatter, and as many of another source.
_MOST_KEPT = 4
#: Number of redshifts, and of wavelengths of a band, that sample its extinction.
_EXTINCTION_SAMPLES = 50


@dataclass(frozen=True)
class DesignMatrix:
    """Flux of rows at unit amplitudes, at many points.

    Attributes
    ----------
    flux : ndarray, shape (n_points, n_rows, j)
        Micro-Jansky for each linear parameter at 1; 0 where the source does not reach.
    reached : ndarray of bool, shape (n_points, n_rows)
        Where the source defines the flux.
    covered : ndarray of bool, shape (n_points, n_rows)
        Where it covers the band, at any phase.
    """

    flux: Array
    reached: Mask
    covered: Mask

    def take_rows(self, rows: Mask) -> "DesignMatrix":
        """Return the design matrix of some of the rows."""
        return DesignMatrix(self.flux[:, rows], self.reached[:, rows], self.covered[:, rows])

    def take(self, points: Indices) -> "DesignMatrix":
        """Return the design matrix of some of the points."""
        return DesignMatrix(self.flux[points], self.reached[points], self.covered[points])


class BandFluxes:
    """Band fluxes of one source.

    Parameters
    ----------
    grid : SourceGrid
    bands : list of sncosmo.Bandpass
    z_low, z_high : float
        Range of redshifts.
    shape : str or None
        The shape in use: the grid's own, or HOST_DUST for a template behind dust.
    s_low, s_high : float
        Range of the shape.
    mwebv : float
        E(B-V) of the Milky Way (mag).
    extrapolates : bool
        Before the first phase and after the last the flux is that of sncosmo, not zero.
    """

    #: Whether each point costs a call of sncosmo.
    is_slow: ClassVar[bool] = False

    def __init__(
        self, grid: SourceGrid, bands: list[Any], z_low: float, z_high: float,
        shape: str | None = None, s_low: float = 0.0, s_high: float = 0.0, mwebv: float = 0.0,
        extrapolates: bool = False,
    ) -> None:  # fmt: skip
        self.grid = grid
        self.bands = bands
        self.shape = shape
        self.extrapolates = extrapolates
        self.n_linear = grid.flux.shape[1]
        self._law = _choose_law(grid, shape)
        self._effective = _list_effective_wavelengths(bands)
        self._edges = np.array([(band.minwave(), band.maxwave()) for band in bands])
        self.nodes = np.zeros(1)
        if shape is not None:
            spread = self._sample_extinction(z_low, z_high)
            self.nodes = choose_shape_nodes(grid, s_low, s_high, *spread)
        self._weigh_nodes = build_shape_interpolator(grid, self.nodes)
        self._y0 = math.log1p(z_low)
        step = np.clip(np.min(np.ptp(self._edges, axis=1) / self._effective) / _STEPS_PER_BAND, *_Z_STEPS)
        number = 1 if z_high <= z_low else max(4, 1 + math.ceil((math.log1p(z_high) - self._y0) / step))
        self._dy = (math.log1p(z_high) - self._y0) / max(1, number - 1)
        self._axes, self._z_knots = _build_redshift_knots(
            grid, tuple(bands), shape, tuple(self.nodes.tolist()), (self._y0, self._dy, number), mwebv
        )

    def _mean_extinction(self, z: Array) -> Array:
        return _compute_mean_extinction(self.grid, self._law, self._effective, z)

    def _sample_extinction(self, z_low: float, z_high: float) -> tuple[Array, Array]:
        """Sample the extinction within all bands, wherever they lie within the source's wavelengths.

        Returns
        -------
        ndarray, shape (n,)
            Extinction at wavelengths beside that of their band (nepers, at shape 1).
        ndarray, shape (n,)
            Transmission there, relative to the highest of the band.
        """
        z = np.linspace(z_low, z_high, _EXTINCTION_SAMPLES)
        band = np.arange(len(self.bands))
        is_inside = self.find_reach(z, np.zeros((len(z), len(band))), band)[2]
        mean = self._mean_extinction(z)
        spread = [np.zeros(1)]
        transmission = [np.ones(1)]
        for i, bandpass in enumerate(self.bands):
            wave = np.linspace(bandpass.minwave(), bandpass.maxwave(), _EXTINCTION_SAMPLES)
            at = np.flatnonzero(is_inside[:, i])
            own = _MAG * np.interp(wave / (1 + z[at, None]), self.grid.wave, self._law)
            spread.append(np.abs(own - mean[at, i, None]).ravel())
            transmission.append(np.tile(bandpass(wave) / bandpass(wave).max(), len(at)))
        return np.concatenate(spread), np.concatenate(transmission)

    def build_design_matrix(self, z: Array, t0: Array, mjd: Array, band: Indices, shapes: Array) -> DesignMatrix:
        """Compute the flux of rows at unit amplitudes.

        Parameters
        ----------
        z, t0 : ndarray, shape (n_points,)
        mjd : ndarray, shape (n_rows,)
        band : ndarray of int, shape (n_rows,)
        shapes : ndarray, shape (n_points, n_shapes)
            At most one shape.
        """
        s = shapes[:, 0] if shapes.shape[1] else np.zeros(len(z))
        phase = (mjd - t0[:, None]) / (1 + z[:, None])
        is_before, is_after, is_inside = self.find_reach(z, phase, band)
        is_zero_early, is_zero_late = (not (self.extrapolates and held) for held in self.grid.held)
        is_lit = is_inside & ~((is_before & is_zero_early) | (is_after & is_zero_late))
        flux = interpolate_rows(
            phase, band, is_lit, KERNEL_NUMBERS[self.grid.kernel], self.grid.start, self.grid.step,
            self._z_knots.reshape(-1, *self._axes), *self._locate_redshift(z), self._weigh_nodes(s),
            np.exp(-s[:, None] * self._mean_extinction(z)),
        )  # fmt: skip
        return DesignMatrix(flux, is_inside & ~is_after & (~is_before | self.grid.dark_start), is_inside)

    def _locate_redshift(self, z: Array) -> tuple[Indices, Array]:
        """Return the first of the knots about each redshift (n,), and their weights (n, 4); one knot has weight 1."""
        if len(self._z_knots) == 1:
            return np.zeros(len(z), dtype=np.intp), np.ones((len(z), 1))
        index, weights = locate(np.log1p(z), self._y0, self._dy, len(self._z_knots) - 2, "spline")
        return index, np.ascontiguousarray(weights.T)

    def build_curves(self, z: Array, s: Array) -> tuple[Array, Indices]:
        """Interpolate the light curves of all bands at unit amplitudes, one for each distinct point.

        Parameters
        ----------
        z, s : ndarray, shape (n_points,)

        Returns
        -------
        ndarray, shape (n_curves, n_bands, p + 2, j)
            Knots along phase.
        ndarray of int, shape (n_points,)
            Index of the curves of each point.
        """
        is_new = _find_changes(z) | _find_changes(s)
        curve_of_point = np.cumsum(is_new) - 1
        z = z[is_new]
        s = s[is_new]
        z_changes = _find_changes(z)
        starts = np.flatnonzero(z_changes)
        integrals = self._interpolate_redshift(z[starts])
        n_nodes, n_bands, n_knots, n_linear = self._axes
        if n_nodes == 1:
            curves = integrals[np.cumsum(z_changes) - 1, 0]
        else:
            weights = self._weigh_nodes(s)
            curves = np.empty((len(z), n_bands, n_knots, n_linear))
            for own, first, end in zip(integrals, starts, [*starts[1:], len(z)], strict=True):
                product = weights[first:end] @ own.reshape(n_nodes, -1)
                curves[first:end] = product.reshape(-1, n_bands, n_knots, n_linear)
        return curves * np.exp(-s[:, None] * self._mean_extinction(z))[:, :, None, None], curve_of_point

    def _interpolate_redshift(self, z: Array) -> Array:
        """Interpolate the integrals of all nodes and bands, shape (n_z, k, n_bands, p + 2, j)."""
        index, weights = self._locate_redshift(z)
        knots = self._z_knots[index[:, None] + np.arange(weights.shape[1])]
        return np.asarray(np.einsum("nq,nqi->ni", weights, knots)).reshape(-1, *self._axes)

    def find_reach(self, z: Array, phase: Array, band: Indices) -> tuple[Mask, Mask, Mask]:
        """Find which rows lie before the source's first phase, after its last, and within its wavelengths."""
        low, high = self._edges[band].T
        wave = self.grid.wave
        is_inside = (low >= wave[0] * (1 + z[:, None])) & (high <= wave[-1] * (1 + z[:, None]))
        return phase < self.grid.start, phase > self.grid.last, is_inside

    def compute_peaks(self, a: Array, shapes: Array) -> Peaks:
        """Compute peaks in rest-frame Bessell B, not corrected for dust of the host.

        Parameters
        ----------
        a : ndarray, shape (n, j)
            Linear parameters.
        shapes : ndarray, shape (n, n_shapes)
        """
        return _compute_blue_peaks(self.grid, self.shape, a, shapes)

    def compute_unit_magnitude(self) -> float:
        """Peak magnitude (B, Vega) at amplitude 1 and neutral shapes; NaN for a source without light in B."""
        unit = np.eye(1, self.n_linear)
        shape = next(iter(self.grid.shapes), None)
        return float(_compute_blue_peaks(self.grid, shape, unit, np.zeros((1, 1))).magnitude[0])


def _choose_law(grid: SourceGrid, shape: str | None) -> Array:
    """Return the extinction (mag) of the grid's wavelengths at shape 1; zeros where the shape is none."""
    law = host_reddening(grid.wave) if shape == HOST_DUST else grid.law
    return np.zeros_like(grid.wave) if law is None else law


def _list_effective_wavelengths(bands: Sequence[Any]) -> Array:
    return np.array([float(band.wave_eff) for band in bands])


def _compute_mean_extinction(grid: SourceGrid, law: Array, effective: Array, z: Array) -> Array:
    """Extinction at each band's effective wavelength (nepers), at shape 1, shape (n, n_bands)."""
    return _MAG * np.interp(effective / (1 + z[:, None]), grid.wave, law)


@functools.lru_cache(maxsize=_MOST_KEPT)
def _build_redshift_knots(
    grid: SourceGrid, bands: tuple[Any, ...], shape: str | None, nodes: tuple[float, ...],
    places: tuple[float, float, int], mwebv: float,
) -> tuple[tuple[int, ...], Array]:  # fmt: skip
    """Integrate a grid through bands at uniform steps of ln(1 + z), and build knots for redshifts between them.

    Parameters
    ----------
    grid, bands, shape, mwebv
        As of `BandFluxes`.
    nodes : tuple of float
        Values of the shape.
    places : tuple
        The first ln(1 + z), the step, and how many.

    Returns
    -------
    tuple of int
        Shape of the integrals at one redshift.
    ndarray, shape (n, m)
        Shared by fits of the same bands and range of redshifts: not to be changed.
    """
    start, step, number = places
    z = np.expm1(start + step * np.arange(number))
    shape_nodes = np.array(nodes)
    law = _choose_law(grid, shape)
    integrals = integrate_bands(grid, list(bands), z, mwebv, shape_nodes, law)
    # without the mean reddening of each band the rest is nearly 1
    extinction = _compute_mean_extinction(grid, law, _list_effective_wavelengths(bands), z)
    integrals *= np.exp(extinction[:, None, :, None, None] * shape_nodes[:, None, None, None])
    columns = integrals.reshape(1, number, -1)
    knots = build_knots(columns, "spline")[0] if number > 1 else columns[0]
    return integrals.shape[1:], knots


def _find_changes(values: Array) -> Mask:
    """Find where a value differs from the one before; True for the first."""
    return np.asarray(np.diff(values, prepend=np.nan) != 0)


def _compute_blue_peaks(grid: SourceGrid, shape: str | None, a: Array, shapes: Array) -> Peaks:
    s = shapes[:, 0] if shape else np.zeros(len(a))
    curves, curve_of_point = _build_blue_fluxes(grid, shape).build_curves(np.zeros(len(a)), s)
    return measure_peaks(grid, np.einsum("npj,nj->np", curves[curve_of_point, 0], a))


@functools.lru_cache(maxsize=128)
def _build_blue_fluxes(grid: SourceGrid, shape: str | None) -> BandFluxes:
    import sncosmo

    low, high = FlatPriors.get_shape_bounds(shape) if shape else (0.0, 0.0)
    return BandFluxes(grid, [sncosmo.get_bandpass("bessellb")], 0.0, 0.0, shape, low, high)
