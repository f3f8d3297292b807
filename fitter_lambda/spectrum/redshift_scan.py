"""A scan of all redshifts at once: in ln(wavelength) a redshift is a shift, and sums over pixels are correlations.

For each place on a template's axis the right side C^T W y and the normal matrix C^T W C come from fast Fourier
transforms, for all shifts together: y and the calibration's polynomials stay; the template, its square, and its
products with galaxies and lines move. The scan guides the search; draws do not use its numbers. It has no dust, for
which wider priors of the calibration stand, amplitudes of any sign, and the discrepancy as if it had no coherence.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.linear_columns import HOST_SIGMA, LINE_SIGMA, N_HOSTS, AddedColumns
from fitter_lambda.spectrum.narrow_lines import LineProfile
from fitter_lambda.spectrum.spectrum_models import SpectrumModel

#: Widths of priors here: the amplitude's, and the calibration's, which stands for dust, too.
_SIGMA = (1.0, 0.6, 0.3, 0.15)
#: Steps along the axis: days; the number of steps of a background's.
_DAYS, _LATE_DAYS, _LATE = 2.5, 8.0, 60.0
_BACKGROUND_STEPS = 8
_CHUNK = 12
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
    source_u : ndarray, shape (s,)
        The best ln(1 + z) of the source for each: they differ by the velocity of the template's lines.
    log_density : ndarray, shape (a, s)
        Up to a constant.
    """

    axis: Array
    u: Array
    source_u: Array
    log_density: Array


class RedshiftScan:
    """What all models of one spectrum share.

    Parameters
    ----------
    added : AddedColumns
    highest : float
        The highest ln(1 + z).
    discrepancy : float
        What templates lack.
    lines : LineProfile
    """

    def __init__(self, added: AddedColumns, highest: float, discrepancy: float, lines: LineProfile) -> None:
        self._lines = lines
        data = added.data
        self._n_shifts = int(np.ceil(highest / data.x.step)) + 1
        self._u = np.asarray(data.x.step * np.arange(self._n_shifts), dtype=float)
        # the last pixel of the window at no shift
        offset = round((data.x.start - added.rest.start) / data.x.step)
        first = offset - (self._n_shifts - 1)
        self._window = slice(first, offset + data.x.number)
        self._length = fft.next_fast_len(data.x.number + self._n_shifts, real=True)
        weight = data.scan_weight(discrepancy).astype(np.float32)
        flux = data.flux.astype(np.float32)
        poly = data.legendre.astype(np.float32)
        self._pairs = list(combinations_with_replacement(range(len(poly)), 2))
        self._good = self._transform(data.good.astype(np.float32))
        self._right = self._transform(weight * flux * poly)
        self._square = self._transform(np.array([weight * poly[k] * poly[j] for k, j in self._pairs]))
        self._cross = self._transform(weight * poly)
        self._count = np.float32(data.good.sum())
        self._load_added(added.tables[0][:, self._window].astype(np.float32), weight, flux)

    def _transform(self, values: _Numbers) -> _Numbers:
        return np.asarray(fft.rfft(values, self._length, axis=-1))

    def _correlate(self, fixed: _Numbers, moving: _Numbers) -> _Numbers:
        """Sum fixed[i] moving[i - shift] over pixels for all shifts, from transforms."""
        full = fft.irfft(np.conj(fixed) * moving, self._length, axis=-1)
        return np.asarray(full[..., self._n_shifts - 1 :: -1])

    def _load_added(self, columns: _Numbers, weight: _Numbers, flux: _Numbers) -> None:
        """Factorise the block of galaxies and lines, which no template changes."""
        means = self._correlate(self._good, self._transform(columns[-N_HOSTS:])) / self._count
        norm = np.ones((len(columns), self._n_shifts), dtype=np.float32)
        norm[-N_HOSTS:] = 1 / np.maximum(means, 1e-9)
        self._columns, self._norm = columns, norm
        weighted, both = self._transform(weight), self._transform(weight * flux)
        right = self._correlate(both, self._transform(columns)) * norm
        sigma = np.full(len(columns), LINE_SIGMA)
        sigma[-N_HOSTS:] = HOST_SIGMA
        matrix: _Block = [[np.empty(0)] * len(columns) for _ in columns]
        for k, j in combinations_with_replacement(range(len(columns)), 2):
            product = self._correlate(weighted, self._transform(columns[k] * columns[j])) * norm[k] * norm[j]
            matrix[j][k] = product + (sigma[k] ** -2.0 if j == k else 0.0)
        self._lower = factorise(matrix)
        self._half = forward(self._lower, list(right))
        self._base = sum(0.5 * half**2 for half in self._half) - sum(
            np.log(row[i] * s) for i, (row, s) in enumerate(zip(self._lower, sigma, strict=True))
        )

    def run(self, model: SpectrumModel) -> ScanResult:
        """Scan one model."""
        axis = choose_axis(model)
        flux = model.template.sample_axis(axis)[:, self._window]
        shapes = (flux / np.maximum(flux.mean(axis=1, keepdims=True), 1e-300)).astype(np.float32)
        # what overflows in single precision is no maximum
        with np.errstate(over="ignore", invalid="ignore"):
            parts = [self._scan(shapes[i : i + _CHUNK]) for i in range(0, len(axis), _CHUNK)]
        density = np.concatenate(parts).astype(float) + model.log_axis_density(axis)[:, None]
        source_u, gain = self._lines.align(self._u, model)
        density += self._log_redshift_density(model) + model.log_coverage(self._u) + gain
        return ScanResult(axis, self._u, source_u, density)

    def _log_redshift_density(self, model: SpectrumModel) -> Array:
        if not model.redshift.is_exact:
            return model.redshift.log_density(self._u)
        nearest = np.argmin(np.abs(self._u - np.log1p(model.redshift.low)))
        return np.where(np.arange(self._n_shifts) == nearest, 0.0, -np.inf)

    def _scan(self, shapes: _Numbers) -> _Numbers:
        """Return the log density (a, s), less the prior, of some places along the axis."""
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
        # eliminate galaxies and lines
        products = [self._transform(shapes * column) for column in self._columns]
        for k in range(n):
            cross = [
                self._correlate(self._cross[k], product) * (norm * own)
                for product, own in zip(products, self._norm, strict=True)
            ]
            half = forward(self._lower, cross)
            if k == 0:
                halves = []
            halves.append(half)
            right[k] = right[k] - sum(a * b for a, b in zip(half, self._half, strict=True))
            for j in range(k + 1):
                matrix[k][j] = matrix[k][j] - sum(a * b for a, b in zip(half, halves[j], strict=True))
        lower = factorise(matrix)
        solved = forward(lower, right)
        total = self._base + sum(0.5 * value**2 for value in solved)
        return np.asarray(total - sum(np.log(lower[k][k] * np.float32(_SIGMA[k])) for k in range(n)))


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
