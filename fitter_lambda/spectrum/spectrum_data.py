"""One spectrum, ready to be fitted: pixels, weights, and what all models share."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.interpolate import BSpline
from scipy.sparse import csr_array, diags_array

from fitter_lambda.arrays import Array, Mask
from fitter_lambda.errors import TooLittleDataError
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED, LogGrid

#: What templates lack: the velocity (km/s) over which it is coherent, and a part without coherence, as a fraction of
#: the flux. The size of the coherent part is a parameter, see `spectrum_priors`. Both were measured by
#: ``python -m fitter_lambda.spectrum.template_discrepancy``.
COHERENCE = 2500.0
GRAIN = 0.01
#: Widths of the priors of the calibration's Legendre coefficients, from the first order up.
CALIBRATION_SIGMA = (0.25, 0.12, 0.08)
_FEWEST_PIXELS = 40
#: Sum of the squares of cubic B-splines, on average.
_SPLINE_VARIANCE = 0.479
#: The smoothed flux is at least this fraction of the mean, where discrepancies are concerned.
_FLOOR = 0.1
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
        Width of unresolved lines (km/s).
    coherence, grain : float
        What templates lack.
    """

    x: LogGrid
    flux: Array
    weight: Array
    unit: float
    line_sigma: float
    coherence: float = COHERENCE
    grain: float = GRAIN

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
        """A coherent discrepancy of size 1 in whitened pixels (j, n): smoothed flux times cubic B-splines."""
        step = self.coherence / LIGHT_SPEED
        low = self.x.x[0]
        high = self.x.x[-1]
        number = max(1, int(np.ceil((high - low) / step)))
        knots = low + (high - low) / number * np.arange(-3, number + 4)
        splines = BSpline.design_matrix(np.clip(self.x.x, low, high - 1e-12), knots, 3)
        # of mean variance 1
        scale = self.smooth * np.sqrt(self.grainy_weight / _SPLINE_VARIANCE)
        return csr_array(diags_array(scale) @ splines).T.tocsr()

    @cached_property
    def coherent_modes(self) -> tuple[Array, Array]:
        """Strengths s (k,) and projections R (k, j): the splines U W U^T have the eigenvectors R^T s^1/2.

        So in whitened pixels the covariance of a discrepancy of size 1 is the sum of s_k q_k q_k^T with orthonormal
        q = R U.
        """
        gram = (self.coherent_splines @ self.coherent_splines.T).toarray()
        strength, vectors = np.linalg.eigh(gram)
        kept = strength > 1e-9 * strength[-1]
        return strength[kept], np.asarray((vectors[:, kept] / np.sqrt(strength[kept])).T)

    def project(self, white: Array) -> Array:
        """Return the projections (..., k) of whitened pixels (..., n) on the coherent modes."""
        flat = self.coherent_splines @ white.reshape(-1, white.shape[-1]).T
        return np.asarray((self.coherent_modes[1] @ flat).T.reshape(*white.shape[:-1], -1))

    def shrink(self, discrepancy: Array) -> Array:
        """Return the part (n, j) of each mode that a discrepancy of some sizes (n,) takes away (Woodbury)."""
        power = discrepancy[:, None] ** 2 * self.coherent_modes[0]
        return np.asarray(power / (1 + power))

    def log_norm(self, discrepancy: Array) -> Array:
        """Return -1/2 ln det of the covariance for sizes (n,) of the discrepancy, but for a constant."""
        power = discrepancy[:, None] ** 2 * self.coherent_modes[0]
        return np.asarray(0.5 * np.log(self.grainy_weight[self.good]).sum() - 0.5 * np.log1p(power).sum(axis=1))

    def chi2(self, residual: Array, discrepancy: float) -> float:
        """Return chi2 of a residual (n,), by the whole covariance."""
        white = residual * np.sqrt(self.grainy_weight)
        part = self.shrink(np.array([discrepancy]))[0]
        return float(white @ white - part @ self.project(white) ** 2)


def build_data(x: LogGrid, flux: Array, weight: Array, line_sigma: float) -> SpectrumData:
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
    return SpectrumData(x, np.where(good, flux, 0.0) / unit, weight * unit**2, unit, line_sigma)
