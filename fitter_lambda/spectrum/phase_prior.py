"""What a light curve says of the phase of a spectrum, as a prior that no wrong date can turn into a wrong fit."""

from dataclasses import dataclass

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.spectrum.log_templates import LogTemplate
from fitter_lambda.spectrum.spectrum_priors import log_normal_density

#: How far templates' and supernovae's maxima of light in a band may lie apart (rest-frame days); and the chance that
#: a maximum is another one or a date is wrong.
_SCATTER, _WRONG = 5.0, 0.05


@dataclass(frozen=True)
class PhasePrior:
    """Days since maximum at which a spectrum was taken.

    Attributes
    ----------
    days, error : float
        For the observer; in the rest frame where `is_rest_frame`.
    log_wave : float or None
        ln(observed wavelength) of the light whose maximum is meant; None: B in the rest frame.
    is_rest_frame : bool
    """

    days: float
    error: float
    log_wave: float | None = None
    is_rest_frame: bool = False

    def measure_gap(self, axis: Array, u: Array, template: LogTemplate) -> tuple[Array, Array]:
        """Return how far phases of a template are off at u = ln(1 + z), in units of sigma, and sigma (days)."""
        stretch = 1.0 if self.is_rest_frame else np.exp(-u)
        sigma = np.hypot(self.error * stretch, 0.0 if self.is_rest_frame else _SCATTER)
        origin = np.full_like(u, template.origin)
        if self.log_wave is not None:
            origin = np.interp(self.log_wave - u, template.grid.x, template.brightest)
        return (axis - origin - self.days * stretch) / sigma, sigma

    def log_density(self, axis: Array, u: Array, template: LogTemplate, log_base: Array) -> Array:
        """Return the log density of a template's phases at u = ln(1 + z), given that without a light curve."""
        gap, sigma = self.measure_gap(axis, u, template)
        known = log_normal_density(gap, 0.0, 1.0) - np.log(sigma)
        return np.asarray(np.logaddexp(np.log1p(-_WRONG) + known, np.log(_WRONG) + log_base))
