"""All models that a spectrum may be of, each with its prior: supernovae by template, galaxy, star, featureless blue."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.engine.supernova_classes import get_supernova_class
from fitter_lambda.errors import TemplateError
from fitter_lambda.input.sncosmo_registries import get_source_types
from fitter_lambda.input.templates import list_local_sources
from fitter_lambda.spectrum import spectrum_priors as priors
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED, LogGrid
from fitter_lambda.spectrum.log_templates import LogTemplate, build_blackbody, build_galaxy, build_supernova
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange

#: Most of the light that a transient may give, in units of the spectrum's mean.
AMPLITUDE_MOST = 1.5
#: Most of the spectrum that may lie beyond the ends of a template.
_MAX_UNKNOWN = 0.15
_STAR_TEMPERATURES = (2600.0, 30000.0)
_BLUE_TEMPERATURES = (7000.0, 60000.0)


@dataclass(frozen=True, eq=False)
class SpectrumModel:
    """A model of spectra.

    Its parameters are the columns of theta: u = ln(1 + z), axis, dust, ln(amplitude), x1 of SALT, the template's shift
    in ln(wavelength) by the velocity of its lines, and ln(discrepancy).

    Attributes
    ----------
    template : LogTemplate
    group : str
        The class.
    redshift : RedshiftRange
    x : LogGrid
        Of the spectrum.
    good : tuple of float
        First and last good ln(wavelength) of the spectrum.
    has_dust, is_salt, is_star : bool
    phase : tuple of float, or None
        Mean and sigma of days since maximum, if they are known.
    """

    template: LogTemplate
    group: str
    redshift: RedshiftRange
    x: LogGrid
    good: tuple[float, float]
    has_dust: bool = True
    is_salt: bool = False
    is_star: bool = False
    phase: tuple[float, float] | None = None
    names: tuple[str, ...] = field(default=("u", "axis", "dust", "log_amplitude", "x1", "velocity", "log_discrepancy"))

    @property
    def is_supernova(self) -> bool:
        """Whether the axis is a phase."""
        return self.group not in priors.BACKGROUND_CHANCES

    @property
    def discrepancy(self) -> float:
        """The median of what the template lacks."""
        return priors.DISCREPANCY if self.is_supernova else priors.BACKGROUND_DISCREPANCY

    @property
    def free(self) -> list[int]:
        """The columns of theta that are free."""
        has = (not self.redshift.is_exact, True, self.has_dust, True, self.is_salt, self.is_supernova, True)
        return [i for i in range(len(has)) if has[i]]

    @property
    def dust_places(self) -> Array:
        """Values of dust to start from."""
        if not self.has_dust:
            return np.zeros(1)
        return np.array([-0.1, 0.05, 0.2, 0.5]) if self.is_salt else np.array([0.02, 0.12, 0.3, 0.6])

    def clip(self, theta: Array) -> Array:
        """Return rows of theta moved within the bounds, but for those of coverage."""
        low, high = np.log1p(self.redshift.low), np.log1p(self.redshift.high)
        dust = priors.COLOUR_BOUNDS if self.is_salt else (0.0, priors.DUST_MOST)
        speed = priors.VELOCITY_CUT * priors.VELOCITY_SIGMA / LIGHT_SPEED
        bounds = np.array([
            (low, high), (self.template.low, self.template.high), dust, (-10.0, np.log(AMPLITUDE_MOST)), (-8.0, 8.0),
            (-speed, speed), (-9.0, 1.0),
        ])  # fmt: skip
        return np.clip(theta, bounds[:, 0], bounds[:, 1])

    def log_prior(self, theta: Array) -> Array:
        """Return the log prior density of rows (n, 7) of theta."""
        u, axis, dust, log_amplitude, x1, velocity, log_discrepancy = theta.T
        value = self.redshift.log_density(u) + self.log_axis_density(axis) + self.log_coverage(u)
        value = value + priors.log_discrepancy_density(log_discrepancy, self.discrepancy)
        # uniform in the amplitude
        value = value + np.where(
            log_amplitude <= np.log(AMPLITUDE_MOST), log_amplitude - np.log(AMPLITUDE_MOST), -np.inf
        )
        if self.is_supernova:
            value = value + priors.log_velocity_density(velocity)
        if self.is_salt:
            return np.asarray(value + priors.log_colour_density(dust) - 0.5 * x1**2 - 0.5 * np.log(2 * np.pi))
        return np.asarray(value + priors.log_dust_density(dust)) if self.has_dust else value

    def log_axis_density(self, axis: Array) -> Array:
        """Return the log density of phases, or of a background's axis, which is flat."""
        low = self.template.low
        high = self.template.high
        inside = (axis >= low) & (axis <= high)
        if not self.is_supernova:
            return np.where(inside, -np.log(high - low), -np.inf)
        days = axis - self.template.origin
        value = priors.log_phase_density(days)
        if self.phase is not None:
            mean, sigma = self.phase
            value = -0.5 * ((days - mean) / sigma) ** 2 - np.log(sigma * np.sqrt(2 * np.pi))
        return np.where(inside, value, -np.inf)

    def log_coverage(self, u: Array) -> Array:
        """Return 0 where the template covers the spectrum, minus infinity where too much lies beyond its ends."""
        low, high = self.good
        beyond = np.maximum(self.template.ends[0] - (low - u), 0) + np.maximum(high - u - self.template.ends[1], 0)
        return np.where(beyond <= _MAX_UNKNOWN * (high - low), 0.0, -np.inf)


def list_template_names() -> list[str]:
    """List the supernovae at hand, of twins the one without dust of its host, or with more phases."""
    names = list_local_sources()
    coarse = {f"{name}-subsampled" for name in names}
    return [name for name in names if f"{name}-corr" not in names and name not in coarse]


def build_models(
    x: LogGrid,
    good: tuple[float, float],
    redshift: RedshiftRange,
    names: Sequence[str] | None = None,
    phase: tuple[float, float] | None = None,
    line_sigma: float = 100.0,
) -> list[SpectrumModel]:
    """Build the models of a spectrum.

    Parameters
    ----------
    x : LogGrid
        The spectrum's pixels.
    good : tuple of float
        First and last ln(wavelength) that is used.
    redshift : RedshiftRange
    names : sequence of str, optional
        Sources of sncosmo; all at hand by default.
    phase : tuple of float, optional
        Mean and sigma of days since maximum.
    line_sigma : float
        Resolution of the spectrum (km/s).
    """
    # two pixels more for interpolation, the velocities of lines, and the whole range of shifts
    spare = 3 + int(np.ceil(priors.VELOCITY_CUT * priors.VELOCITY_SIGMA / LIGHT_SPEED / x.step))
    shifts = int(np.ceil(np.log1p(redshift.high) / x.step)) + spare
    rest = LogGrid(x.start - shifts * x.step, x.step, x.number + shifts + spare)
    types = get_source_types()
    models = []
    for name in list_template_names() if names is None else names:
        source = load_source_grid(name)
        if source.needs_sncosmo or len(source.nodes):
            if names is not None:
                raise TemplateError(f"{name} has several non-linear shapes; the spectrum fitter takes none of these.")
            continue
        kind = get_supernova_class(types.get(name, ""))
        own = replace(redshift, magnitude=kind.mean)
        template = build_supernova(name, rest)
        models.append(SpectrumModel(template, kind.group, own, x, good, is_salt=source.is_salt, phase=phase))
    blue = build_blackbody("blue continuum", rest, *_BLUE_TEMPERATURES)
    star = build_blackbody("star", rest, *_STAR_TEMPERATURES)
    here = RedshiftRange(0.0, 0.0, 0.0, 0.0)
    return [
        *models,
        SpectrumModel(build_galaxy(rest, line_sigma), "galaxy", redshift, x, good),
        SpectrumModel(blue, "blue", redshift, x, good, has_dust=False),
        SpectrumModel(star, "star", here, x, good, is_star=True),
    ]
