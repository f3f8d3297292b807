"""A scan of all redshifts at once: in ln(wavelength) a redshift is a shift, and sums over pixels are correlations.

For each place on a template's axis the right side C^T W y and the normal matrix C^T W C come from fast Fourier
transforms, for all shifts together: y and the calibration's polynomials stay; the template, its square, and its
products with galaxies move. The scan guides the search; draws do not use its numbers. It has no dust, for
which wider priors of the calibration stand, no narrow lines, amplitudes of any sign, and the discrepancy as if it had
no coherence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.interpolate import RegularGridInterpolator

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.linear_columns import HOST_SIGMA, N_HOSTS, AddedColumns
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED
from fitter_lambda.spectrum.log_templates import LogTemplate
from fitter_lambda.spectrum.narrow_lines import LineProfile
from fitter_lambda.spectrum.spectrum_models import SpectrumModel

#: Widths of priors here: the amplitude's, and the calibration's, which stands for dust, too.
_SIGMA = (1.0, 0.6, 0.3, 0.15)
#: Steps along the axis: days; the number of steps of a background's.
_DAYS, _LATE_DAYS, _LATE = 2.5, 8.0, 60.0
_BACKGROUND_STEPS = 8
_CHUNK = 40
#: Between shifts (km/s), to whole pixels.
_STEP = 800.0
#: Of a template's light at all wavelengths, the least that counts as some in the spectrum.
_LEAST_LIGHT = 1e-3
#: Of single precision, mostly.
_Numbers = npt.NDArray[Any]
_Block = list[list[_Numbers]]


@dataclass(frozen=True, eq=False)
class ScanResult:
    """A scan of one model.

    Attributes
    ----------
    axis : ndarray, shape (a,)
    u : ndarray, shape (s,)
        Shifts of the template.
    log_density : ndarray, shape (a, s)
        Up to a constant.
    gain : ndarray, shape (s,)
        What narrow lines add to it.
    lines : LineProfile
    """

    axis: Array
    u: Array
    log_density: Array
    gain: Array
    lines: LineProfile


class SpectrumScan:
    """The scan of one spectrum: what all models share.

    Shifts are some pixels apart: the pixels of each remainder have sums of their own, which add up.

    Parameters
    ----------
    added : AddedColumns
    highest : float
        The highest ln(1 + z).
    discrepancy : float
        What templates lack.
    """

    def __init__(self, added: AddedColumns, highest: float, discrepancy: float) -> None:
        data = added.data
        self._stride = max(1, round(_STEP / LIGHT_SPEED / data.x.step))
        step = self._stride * data.x.step
        self._n_shifts = int(np.ceil(highest / step)) + 1
        self.u = np.asarray(step * np.arange(self._n_shifts), dtype=float)
        # the last pixel of the window at no shift
        offset = round((data.x.start - added.rest.start) / data.x.step)
        self._window = slice(offset - (self._n_shifts - 1) * self._stride, offset + data.x.number)
        self._length = fft.next_fast_len(data.x.number // self._stride + 1 + self._n_shifts, real=True)
        weight = data.scan_weight(discrepancy).astype(np.float32)
        flux = data.flux.astype(np.float32)
        poly = data.legendre.astype(np.float32)
        self._pairs = list(combinations_with_replacement(range(len(poly)), 2))
        self._good = self._transform(data.good.astype(np.float32))
        self._right = self._transform(weight * flux * poly)
        self._square = self._transform(np.array([weight * poly[k] * poly[j] for k, j in self._pairs]))
        self._cross = self._transform(weight * poly)
        self._count = np.float32(data.good.sum())
        self._load_galaxies(added.median_table[-N_HOSTS:, self._window].astype(np.float32), weight, flux)

    def _transform(self, values: _Numbers) -> _Numbers:
        """Transform the pixels of each remainder of the stride, shape (..., stride, frequencies)."""
        spare = -values.shape[-1] % self._stride
        padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, spare)])
        parts = np.swapaxes(padded.reshape(*values.shape[:-1], -1, self._stride), -1, -2)
        return np.asarray(fft.rfft(np.ascontiguousarray(parts), self._length, axis=-1))

    def _correlate(self, fixed: _Numbers, moving: _Numbers) -> _Numbers:
        """Sum fixed[i] moving[i - shift] over pixels for all shifts, from transforms."""
        product = np.conj(fixed) * moving
        full = fft.irfft(product.sum(axis=-2) if self._stride > 1 else product[..., 0, :], self._length, axis=-1)
        return np.asarray(full[..., self._n_shifts - 1 :: -1])

    def _load_galaxies(self, columns: _Numbers, weight: _Numbers, flux: _Numbers) -> None:
        """Factorise the block of galaxies, which no template changes."""
        means = self._correlate(self._good, self._transform(columns)) / self._count
        self._columns, self._norm = columns, 1 / np.maximum(means, np.float32(1e-9))
        weighted, both = self._transform(weight), self._transform(weight * flux)
        right = self._correlate(both, self._transform(columns)) * self._norm
        matrix: _Block = [[np.empty(0)] * len(columns) for _ in columns]
        for k, j in combinations_with_replacement(range(len(columns)), 2):
            product = self._correlate(weighted, self._transform(columns[k] * columns[j]))
            diagonal = np.float32(HOST_SIGMA**-2.0 if j == k else 0.0)
            matrix[j][k] = product * self._norm[k] * self._norm[j] + diagonal
        self._lower = factorise(matrix)
        self._half = forward(self._lower, list(right))
        self._base = sum(0.5 * half**2 for half in self._half) - sum(
            np.log(row[i] * np.float32(HOST_SIGMA)) for i, row in enumerate(self._lower)
        )

    def run(self, template: LogTemplate, axis: Array) -> Array:
        """Return the log density (a, s), without priors, of a template at places along its axis."""
        flux = template.sample_axis(axis)[:, self._window]
        shapes = (flux / np.maximum(flux.mean(axis=1, keepdims=True), 1e-300)).astype(np.float32)
        # what overflows in single precision is no maximum
        with np.errstate(over="ignore", invalid="ignore"):
            parts = [self._scan(shapes[i : i + _CHUNK]) for i in range(0, len(axis), _CHUNK)]
        return np.concatenate(parts).astype(float)

    def _scan(self, shapes: _Numbers) -> _Numbers:
        moving = self._transform(shapes)
        norm = self._count / np.maximum(self._correlate(self._good, moving), _LEAST_LIGHT * self._count)
        right = [self._correlate(fixed, moving) * norm for fixed in self._right]
        moving_square = self._transform(shapes**2)
        n = len(right)
        matrix: _Block = [[np.empty(0)] * n for _ in range(n)]
        for (k, j), fixed in zip(self._pairs, self._square, strict=True):
            matrix[j][k] = self._correlate(fixed, moving_square) * norm**2
        for k, sigma in enumerate(_SIGMA):
            matrix[k][k] = matrix[k][k] + np.float32(sigma**-2.0)
        # eliminate galaxies
        products = [self._transform(shapes * column) for column in self._columns]
        halves: list[list[_Numbers]] = []
        for k in range(n):
            cross = [
                self._correlate(self._cross[k], product) * (norm * own)
                for product, own in zip(products, self._norm, strict=True)
            ]
            halves.append(forward(self._lower, cross))
            right[k] = right[k] - sum(a * b for a, b in zip(halves[k], self._half, strict=True))
            for j in range(k + 1):
                matrix[k][j] = matrix[k][j] - sum(a * b for a, b in zip(halves[k], halves[j], strict=True))
        lower = factorise(matrix)
        total = self._base + sum(0.5 * value**2 for value in forward(lower, right))
        return np.asarray(total - sum(np.log(lower[k][k] * np.float32(_SIGMA[k])) for k in range(n)))


@dataclass(frozen=True, eq=False)
class RedshiftScan:
    """Scans of all spectra of a source, which narrow lines complete."""

    scans: tuple[SpectrumScan, ...]
    lines: LineProfile

    @classmethod
    def build(
        cls, spectra: Sequence[AddedColumns], highest: float, discrepancy: float, lines: LineProfile
    ) -> "RedshiftScan":
        """Build the scans for redshifts up to ln(1 + z), and what templates lack."""
        return cls(tuple(SpectrumScan(added, highest, discrepancy) for added in spectra), lines)

    def run(self, model: SpectrumModel) -> ScanResult:
        """Scan one model at the phases and shifts of the first spectrum."""
        axis = choose_axis(model)
        u = self.scans[0].u
        density = self.scans[0].run(model.template, axis)
        for k in range(1, len(self.scans)):
            other = self.scans[k].run(model.templates[k], axis)
            places = model.move_axis(np.repeat(axis[:, None], len(u), axis=1), u, k)
            # beyond the last shift that another spectrum's pixels reach, its last
            at = np.stack([places, np.broadcast_to(np.minimum(u, self.scans[k].u[-1]), places.shape)], axis=-1)
            density += RegularGridInterpolator((axis, self.scans[k].u), other, bounds_error=False, fill_value=None)(at)
        gain = self.lines.align(u, model)[1]
        density += model.log_axis_density(axis[:, None], u) + model.log_coverage(u) + gain
        # infinities of both signs are no maxima
        density = np.where(np.isfinite(density), density, -np.inf) + self._log_redshift_density(model)
        return ScanResult(axis, u, density, gain, self.lines)

    def _log_redshift_density(self, model: SpectrumModel) -> Array:
        u = self.scans[0].u
        if not model.redshift.is_exact:
            return model.redshift.log_density(u)
        nearest = np.argmin(np.abs(u - np.log1p(model.redshift.low)))
        return np.where(np.arange(len(u)) == nearest, 0.0, -np.inf)


def choose_axis(model: SpectrumModel) -> Array:
    """Choose places along the axis: phases, denser until two months after maximum."""
    low = model.template.low
    high = model.template.high
    if not model.is_supernova:
        return np.linspace(low, high, _BACKGROUND_STEPS)
    late = model.template.origin + _LATE
    early = np.arange(low, min(high, late), _DAYS)
    return np.concatenate([early, np.arange(early[-1] + _LATE_DAYS if len(early) else low, high, _LATE_DAYS)])


def factorise(matrix: _Block) -> _Block:
    """Return Cholesky factors of many matrices at once, each entry an array over them."""
    n = len(matrix)
    lower: _Block = [[np.empty(0)] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            value = matrix[i][j] - sum(lower[i][k] * lower[j][k] for k in range(j)) if j else matrix[i][j]
            lower[i][j] = np.sqrt(np.maximum(value, 1e-20)) if i == j else value / lower[j][j]
    return lower


def forward(lower: _Block, right: list[_Numbers]) -> list[_Numbers]:
    """Solve L x = b by forward substitution for many systems at once."""
    solved: list[_Numbers] = []
    for i, value in enumerate(right):
        for k in range(i):
            value = value - lower[i][k] * solved[k]
        solved.append(value / lower[i][i])
    return solved
