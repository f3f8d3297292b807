"""All models that spectra may be of, each with its prior: supernovae by template, galaxy, star, featureless blue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

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
from fitter_lambda.spectrum.phase_prior import PhasePrior
from fitter_lambda.spectrum.spectrum_data import SpectrumData
from fitter_lambda.spectrum.spectrum_priors import RedshiftRange

#: Columns of theta that all spectra share: u = ln(1 + z), axis, dust, x1 of SALT, the template's shift in
#: ln(wavelength) by the velocity of its lines; those of each spectrum: ln(amplitude), ln(discrepancy), and the
#: logarithm of the width of unresolved lines (km/s).
N_SHARED, N_OWN = 5, 3
#: Most of the light that a transient may give, in units of the spectrum's mean.
AMPLITUDE_MOST = 1.5
#: Most of the spectrum that may lie beyond the ends of a template.
_MAX_UNKNOWN = 0.15
_STAR_TEMPERATURES = (2600.0, 30000.0)
_BLUE_TEMPERATURES = (7000.0, 60000.0)


@dataclass(frozen=True, eq=False)
class SpectrumModel:
    """A model of one or more spectra of a source.

    Attributes
    ----------
    templates : tuple of LogTemplate
        One template on the pixels of each spectrum.
    group : str
        The class.
    redshift : RedshiftRange
    spectra : tuple of SpectrumData
        Phases are those of the first.
    has_dust, is_salt, is_star : bool
    phase : PhasePrior or None
        What is known of the phase.
    """

    templates: tuple[LogTemplate, ...]
    group: str
    redshift: RedshiftRange
    spectra: tuple[SpectrumData, ...]
    has_dust: bool = True
    is_salt: bool = False
    is_star: bool = False
    phase: PhasePrior | None = None

    @property
    def template(self) -> LogTemplate:
        """The template on the pixels of the first spectrum."""
        return self.templates[0]

    @property
    def is_supernova(self) -> bool:
        """Whether the axis is a phase."""
        return self.group not in priors.BACKGROUND_CHANCES

    @property
    def discrepancy(self) -> float:
        """The median of what the template lacks."""
        return priors.DISCREPANCY if self.is_supernova else priors.BACKGROUND_DISCREPANCY

    @cached_property
    def free(self) -> list[int]:
        """The columns of theta that are free."""
        has = [not self.redshift.is_exact, True, self.has_dust, self.is_salt, self.is_supernova]
        for data in self.spectra:
            has += [True, True, not (data.has_resolution or self.is_star)]
        return [i for i in range(len(has)) if has[i]]

    @property
    def dust_places(self) -> Array:
        """Values of dust to start from."""
        if not self.has_dust:
            return np.zeros(1)
        return np.array([-0.1, 0.05, 0.2, 0.5]) if self.is_salt else np.array([0.02, 0.12, 0.3, 0.6])

    @cached_property
    def bounds(self) -> Array:
        """Bounds of all columns of theta, shape (2, d), but for those of coverage."""
        low, high = np.log1p(self.redshift.low), np.log1p(self.redshift.high)
        dust = priors.COLOUR_BOUNDS if self.is_salt else (0.0, priors.DUST_MOST)
        speed = priors.VELOCITY_CUT * priors.VELOCITY_SIGMA / LIGHT_SPEED
        rows = [(low, high), (self.template.low, self.template.high), dust, (-8.0, 8.0), (-speed, speed)]
        for data in self.spectra:
            widths = np.log(data.line_sigmas)
            rows += [(-10.0, np.log(AMPLITUDE_MOST)), (-9.0, 1.0), (widths[0], widths[-1])]
        return np.array(rows).T

    def build_theta(self, number: int) -> Array:
        """Return rows of theta at zero, with lines of the median width."""
        own = [value for data in self.spectra for value in (0.0, 0.0, np.log(data.line_sigma))]
        return np.tile(np.concatenate([np.zeros(N_SHARED), own]), (number, 1))

    def select(self, theta: Array, k: int) -> Array:
        """Return the columns of spectrum k, shape (n, 8): those that are shared, at its own phase, and its own."""
        start = N_SHARED + k * N_OWN
        rows = np.concatenate([theta[:, :N_SHARED], theta[:, start : start + N_OWN]], axis=1)
        rows[:, 1] = self.move_axis(theta[:, 1], theta[:, 0], k)
        return rows

    def move_axis(self, axis: Array, u: Array, k: int) -> Array:
        """Return the places along the axis at spectrum k; before its first and after its last a template stays."""
        if not (k and self.is_supernova):
            return axis
        days = self.spectra[k].days - self.spectra[0].days
        return np.clip(axis + days * np.exp(-u), self.template.low, self.template.high)

    def log_prior(self, theta: Array) -> Array:
        """Return the log prior density of rows (n, d) of theta."""
        own = [self.log_own_prior(self.select(theta, k), k) for k in range(len(self.spectra))]
        return np.asarray(self.log_shared_prior(theta) + np.sum(own, axis=0))

    def log_shared_prior(self, theta: Array) -> Array:
        """Return the log prior density of what all spectra share."""
        u, axis, dust, x1, velocity = theta[:, :N_SHARED].T
        value = self.redshift.log_density(u) + self.log_axis_density(axis, u) + self.log_coverage(u)
        if self.is_supernova:
            value = value + priors.log_velocity_density(velocity)
        if self.is_salt:
            return np.asarray(value + priors.log_colour_density(dust) + priors.log_normal_density(x1, 0.0, 1.0))
        return np.asarray(value + priors.log_dust_density(dust)) if self.has_dust else value

    def log_own_prior(self, rows: Array, k: int) -> Array:
        """Return the log prior density of the own columns of spectrum k, of rows that `select` returns."""
        log_amplitude, log_discrepancy, log_width = rows[:, N_SHARED:].T
        value = priors.log_normal_density(log_discrepancy, np.log(self.discrepancy), priors.DISCREPANCY_SCATTER)
        if not (self.spectra[k].has_resolution or self.is_star):
            middle = np.log(self.spectra[k].line_sigma)
            bounds = np.log(self.spectra[k].line_sigmas) - middle
            value = value + priors.log_width_density(log_width - middle, bounds)
        # uniform in the amplitude
        most = np.log(AMPLITUDE_MOST)
        return np.asarray(value + np.where(log_amplitude <= most, log_amplitude - most, -np.inf))

    def log_axis_density(self, axis: Array, u: Array) -> Array:
        """Return the log density of phases at u = ln(1 + z), or of a background's axis, which is flat."""
        low = self.template.low
        high = self.template.high
        inside = (axis >= low) & (axis <= high)
        if not self.is_supernova:
            return np.where(inside, -np.log(high - low), -np.inf)
        value = priors.log_phase_density(axis - self.template.origin)
        if self.phase is not None:
            value = self.phase.log_density(axis, u, self.template, value)
        return np.where(inside, value, -np.inf)

    def log_coverage(self, u: Array) -> Array:
        """Return 0 where the template covers all spectra, minus infinity where too much lies beyond its ends."""
        first, last = self.template.ends
        value = np.zeros_like(u)
        for data in self.spectra:
            low, high = data.ends
            beyond = np.maximum(first - (low - u), 0) + np.maximum(high - u - last, 0)
            value = value + np.where(beyond <= _MAX_UNKNOWN * (high - low), 0.0, -np.inf)
        return value


def list_template_names() -> list[str]:
    """List the supernovae at hand, of twins the one without dust of its host, or with more phases."""
    names = list_local_sources()
    coarse = {f"{name}-subsampled" for name in names}
    return [name for name in names if f"{name}-corr" not in names and name not in coarse]


def choose_rest_grid(data: SpectrumData, redshift: RedshiftRange) -> LogGrid:
    """Choose a rest-frame grid that reaches all redshifts: two pixels more for interpolation, and lines' velocities."""
    x = data.x
    spare = 3 + int(np.ceil(priors.VELOCITY_CUT * priors.VELOCITY_SIGMA / LIGHT_SPEED / x.step))
    shifts = int(np.ceil(np.log1p(redshift.high) / x.step)) + spare
    return LogGrid(x.start - shifts * x.step, x.step, x.number + shifts + spare)


def build_models(
    spectra: Sequence[SpectrumData],
    redshift: RedshiftRange,
    names: Sequence[str] | None = None,
    phase: PhasePrior | None = None,
) -> list[SpectrumModel]:
    """Build the models of one or more spectra of a source.

    Parameters
    ----------
    spectra : sequence of SpectrumData
        Phases are those of the first.
    redshift : RedshiftRange
    names : sequence of str, optional
        Sources of sncosmo; all at hand by default.
    phase : PhasePrior, optional
    """
    grids = [choose_rest_grid(data, redshift) for data in spectra]
    types = get_source_types()
    own = tuple(spectra)
    models = []
    for name in list_template_names() if names is None else names:
        source = load_source_grid(name)
        if source.needs_sncosmo or len(source.nodes):
            if names is not None:
                raise TemplateError(f"{name} has several non-linear shapes; the spectrum fitter takes none of these.")
            continue
        kind = get_supernova_class(types.get(name, ""))
        templates = tuple(build_supernova(name, grid) for grid in grids)
        near = replace(redshift, magnitude=kind.mean)
        models.append(SpectrumModel(templates, kind.group, near, own, is_salt=source.is_salt, phase=phase))
    galaxies = tuple(build_galaxy(grid, data.line_sigma) for grid, data in zip(grids, spectra, strict=True))
    blue = tuple(build_blackbody("blue continuum", grid, *_BLUE_TEMPERATURES) for grid in grids)
    stars = tuple(build_blackbody("star", grid, *_STAR_TEMPERATURES) for grid in grids)
    return [
        *models,
        SpectrumModel(galaxies, "galaxy", redshift, own),
        SpectrumModel(blue, "blue", redshift, own, has_dust=False),
        SpectrumModel(stars, "star", RedshiftRange(0.0, 0.0, 0.0, 0.0), own, is_star=True),
    ]
