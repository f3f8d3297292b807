"""One spectrum, ready to be fitted: pixels, weights, and what all models share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.interpolate import BSpline
from scipy.sparse import csr_array

from fitter_lambda.arrays import Array, Indices, Mask
from fitter_lambda.errors import TooLittleDataError
from fitter_lambda.spectrum.column_kernels import project_on_splines, subtract_splines, whiten_columns
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED, LogGrid

#: What templates lack: the velocity (km/s) over which it is coherent, and a part without coherence, as a fraction of
#: the flux. The size of the coherent part is a parameter, see `spectrum_priors`. Both were measured by
#: ``python -m fitter_lambda.spectrum.template_discrepancy``.
COHERENCE = 1800.0
GRAIN = 0.005
#: Widths of the priors of the calibration's Legendre coefficients, from the first order up.
CALIBRATION_SIGMA = (0.25, 0.12, 0.08)
_FEWEST_PIXELS = 40
#: Sum of the squares of cubic B-splines, on average.
_SPLINE_VARIANCE = 0.479
#: The smoothed flux is at least this fraction of the mean, where discrepancies are concerned.
_FLOOR = 0.1
#: Between widths of unresolved lines, where the resolution is not known.
_WIDTH_RATIO = 1.6
#: Width (km/s) over which the spectrum is smoothed for that.
_SMOOTHING = 10000.0


@dataclass(frozen=True, eq=False)
class SpectrumData:
    """A spectrum in units of its mean.

    Attributes
    ----------
    x : LogGrid
    flux, weight : ndarray, shape (n,)
        Weights are inverse variances; 0 where a pixel is masked.
    unit : float
        The mean that flux was divided by.
    line_sigma : float
        Width of unresolved lines (km/s); its median where the resolution is not known.
    has_resolution : bool
        Whether the resolution is known.
    days : float
        From the spectrum that phases refer to to this one, for the observer.
    label : str
        What it is called: its date.
    coherence, grain : float
        What templates lack.
    error_scale : float
        What errors and `grain` were multiplied by.
    """

    x: LogGrid
    flux: Array
    weight: Array
    unit: float
    line_sigma: float
    has_resolution: bool = True
    days: float = 0.0
    label: str = ""
    coherence: float = COHERENCE
    grain: float = GRAIN
    error_scale: float = 1.0

    def scale_errors(self, factor: float) -> "SpectrumData":
        """Return the spectrum with errors, what templates lack in each pixel included, so many times as large."""
        return replace(
            self, weight=self.weight / factor**2, grain=self.grain * factor, error_scale=self.error_scale * factor
        )

    @property
    def line_sigmas(self) -> Array:
        """The widths of unresolved lines (km/s) between which columns are interpolated."""
        return self.line_sigma * (np.ones(1) if self.has_resolution else _WIDTH_RATIO ** np.arange(-1.0, 4.0))

    @cached_property
    def signal(self) -> float:
        """Signal to noise of a typical pixel."""
        return float(np.median(self.flux[self.good] * np.sqrt(self.weight[self.good])))

    @cached_property
    def good(self) -> Mask:
        """Pixels with weight."""
        return self.weight > 0

    @cached_property
    def ends(self) -> tuple[float, float]:
        """First and last good ln(wavelength)."""
        x = self.x.x[self.good]
        return float(x[0]), float(x[-1])

    @cached_property
    def legendre(self) -> Array:
        """The calibration's polynomials (k, n): 1, and those of `CALIBRATION_SIGMA`."""
        low, high = self.ends
        place = np.clip((2 * self.x.x - low - high) / (high - low), -1, 1)
        return np.asarray(np.polynomial.legendre.legvander(place, len(CALIBRATION_SIGMA)).T)

    @cached_property
    def smooth(self) -> Array:
        """The spectrum, smoothed so far that what templates lack is not in it, at least a tenth of its mean."""
        sigma = _SMOOTHING / LIGHT_SPEED / self.x.step
        reach = np.arange(-int(4 * sigma) - 1, int(4 * sigma) + 2)
        kernel = np.exp(-0.5 * (reach / sigma) ** 2)
        total, share = (np.convolve(v, kernel, mode="full") for v in (self.flux * self.good, 1.0 * self.good))
        start = len(reach) // 2
        inside = slice(start, start + self.x.number)
        return np.asarray(np.maximum(total[inside] / np.maximum(share[inside], 1e-9), _FLOOR))

    @cached_property
    def grainy_weight(self) -> Array:
        """Weights with the discrepancy that has no coherence."""
        variance = np.where(self.good, 1 / np.where(self.good, self.weight, 1.0), 1.0)
        return np.where(self.good, 1 / (variance + (self.grain * self.smooth) ** 2), 0.0)

    def scan_weight(self, discrepancy: float) -> Array:
        """Return weights with a whole discrepancy, as if each coherence length were one number of pixels."""
        pixels = self.coherence / LIGHT_SPEED / self.x.step
        variance = np.where(self.good, 1 / np.where(self.good, self.grainy_weight, 1.0), 1.0)
        return np.where(self.good, 1 / (variance + pixels * (discrepancy * self.smooth) ** 2), 0.0)

    @cached_property
    def coherent_splines(self) -> csr_array:
        """A coherent discrepancy of size 1 in whitened pixels (n, j): smoothed flux times cubic B-splines."""
        step = self.coherence / LIGHT_SPEED
        low = self.x.x[0]
        high = self.x.x[-1]
        number = max(1, int(np.ceil((high - low) / step)))
        knots = low + (high - low) / number * np.arange(-3, number + 4)
        splines = BSpline.design_matrix(np.clip(self.x.x, low, high - 1e-12), knots, 3)
        # of mean variance 1
        splines.data *= np.repeat(self.smooth * np.sqrt(self.grainy_weight / _SPLINE_VARIANCE), 4)
        return splines

    @cached_property
    def spline_gram(self) -> Array:
        """The Gram matrix of the splines, each row with its first three predecessors, shape (4, j)."""
        gram = (self.coherent_splines.T @ self.coherent_splines).toarray()
        return np.array([np.concatenate([np.zeros(b), np.diagonal(gram, -b)]) for b in range(4)])

    def multiply(self, columns: Array) -> "ColumnProducts":
        """Multiply columns (n, k, w), and the flux as a last one, with each other."""
        white = whiten_columns(columns, self.flux, np.sqrt(self.grainy_weight))
        splines = self.coherent_splines
        rows = white.reshape(len(white), white.shape[1] * white.shape[2])
        coherent = project_on_splines(rows, splines.indices[::4], splines.data.reshape(-1, 4), splines.shape[1])
        plain = white.transpose(1, 2, 0) @ white.transpose(1, 0, 2)
        return ColumnProducts(self, plain, coherent.reshape(len(coherent), *white.shape[1:]))

    def chi2(self, model: Array, discrepancy: float) -> float:
        """Return chi2 of a model (w,), by the whole covariance."""
        matrix = self.multiply(model[None, None]).at(np.array([discrepancy]))[0][0]
        return float(matrix[0, 0] - 2 * matrix[0, 1] + matrix[1, 1])


@dataclass(frozen=True, eq=False)
class ColumnProducts:
    """Products of columns and flux: by the weights (n, k, k), and with the splines of the discrepancy (j, n, k)."""

    data: SpectrumData
    plain: Array
    coherent: Array

    @classmethod
    def join(cls, parts: Sequence["ColumnProducts"]) -> "ColumnProducts":
        """Join the rows of several."""
        plain = np.concatenate([part.plain for part in parts])
        return cls(parts[0].data, plain, np.concatenate([part.coherent for part in parts], axis=1))

    def at(self, discrepancy: Array, place: Indices | None = None) -> tuple[Array, Array]:
        """Return products (m, k, k) by the precision for sizes (m,) of the discrepancy, and its 1/2 ln det (Woodbury).

        Of rows `place`, by default of all in turn.
        """
        rows = np.arange(len(discrepancy)) if place is None else place
        products, log_det = subtract_splines(self.plain, self.data.spline_gram, self.coherent, rows, discrepancy)
        return products, 0.5 * np.log(self.data.grainy_weight[self.data.good]).sum() - 0.5 * log_det


def build_data(x: LogGrid, flux: Array, weight: Array, line_sigma: float, has_resolution: bool = True) -> SpectrumData:
    """Divide a spectrum by its mean.

    Raises
    ------
    TooLittleDataError
        Fewer than forty good pixels, or no light.
    """
    good = weight > 0
    if good.sum() < _FEWEST_PIXELS:
        raise TooLittleDataError(
            f"The spectrum has {int(good.sum())} good pixels of {x.step * LIGHT_SPEED:.0f} km/s; at least "
            f"{_FEWEST_PIXELS} are needed."
        )
    unit = float(np.mean(flux[good]))
    noise = float(np.sqrt(np.sum(1 / weight[good]))) / int(good.sum())
    if not unit > 3 * noise:
        raise TooLittleDataError(
            "The spectrum's mean flux is not above its error by three times; there is no light to fit."
        )
    return SpectrumData(x, np.where(good, flux, 0.0) / unit, weight * unit**2, unit, line_sigma, has_resolution)
