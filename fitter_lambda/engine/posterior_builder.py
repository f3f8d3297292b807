"""Build the posterior of one source: rows with their errors, band fluxes, priors."""

import numpy as np

from fitter_lambda.engine.bandflux import BandFluxes
from fitter_lambda.engine.fit_data import DETECTION_SIGMA, FAINT_SIGMA, FitData
from fitter_lambda.engine.likelihood import Likelihood
from fitter_lambda.engine.model_discrepancy import MAGNITUDE, ModelDiscrepancy
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.priors import TRIPP_BETA, FlatPriors, PhysicalPriors, Priors
from fitter_lambda.engine.rows import Rows, measure_brightness
from fitter_lambda.engine.salt_scatter import SaltScatter
from fitter_lambda.engine.sncosmo_fluxes import SncosmoFluxes
from fitter_lambda.engine.source_grid import HOST_DUST, SourceGrid
from fitter_lambda.engine.supernova_classes import SupernovaClass, get_supernova_class
from fitter_lambda.errors import FitError, TooLittleDataError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve import LightCurve
from fitter_lambda.input.sncosmo_registries import get_source_types

#: Steps towards the mode of the linear parameters; more where their value changes the errors.
_FEW_STEPS = 1
_MORE_STEPS = 6
#: Redshifts at which the reach of a source is determined.
_N_REDSHIFTS = 20
#: Peak magnitude in B that a source without light in B is compared by.
_FAINT_UNIT_MAGNITUDE = 20.0


def build_posterior(grid: SourceGrid, data: FitData, parameters: Parameters) -> Posterior:
    """Build the posterior of one source.

    Raises
    ------
    TooLittleDataError
        No more measured rows than parameters.
    FitError
        The source reaches no band.
    """
    kind = get_supernova_class(get_source_types().get(grid.name, ""))
    priors_class = FlatPriors if parameters.priors == "flat" else PhysicalPriors
    has_host_dust = kind.is_dusty and priors_class.allows_host_dust and not grid.shapes
    shapes = (HOST_DUST,) if has_host_dust else grid.shapes
    _check_number_of_rows(grid, data, 1 + len(shapes))
    fluxes = _build_fluxes(grid, data, shapes, priors_class)
    rows = build_rows(data.rows, dict(parameters.error_floor))
    likelihood = Likelihood(rows, robust=parameters.robust, extrapolates=priors_class.extrapolates)
    z = data.redshift
    scatter = None
    discrepancy = None
    zero_point_error = MAGNITUDE * parameters.zp_error
    if grid.is_salt and parameters.modelcov:
        scatter = SaltScatter(grid, data.rows.bandpasses, z.low, z.high, zero_point_error)
    else:
        discrepancy = ModelDiscrepancy(0.0 if grid.is_salt else parameters.model_error, zero_point_error)
    priors: Priors
    if parameters.priors == "flat":
        priors = FlatPriors(_compute_highest_amplitude(fluxes, data))
    else:
        priors = build_physical_priors(fluxes, data, kind)
    n_steps = _MORE_STEPS if parameters.robust or (parameters.modelcov == "full" and scatter) else _FEW_STEPS
    discrepancy = discrepancy if discrepancy and discrepancy.size else None
    fits_error_scale = parameters.error_scale is None
    return Posterior(likelihood, fluxes, scatter, discrepancy, z, priors, shapes, n_steps, fits_error_scale)


def _check_number_of_rows(grid: SourceGrid, data: FitData, n_others: int) -> None:
    n_needed = n_others + len(grid.linear) + (not data.redshift.is_fixed) + 1
    n_measured = int(np.sum(~data.rows.limit))
    if n_measured < n_needed:
        raise TooLittleDataError(
            f"Only {n_measured} usable rows are left, and {grid.name} needs at least {n_needed}; "
            "add photometry, fix the redshift, or choose a model with fewer parameters."
        )


def build_rows(light_curve: LightCurve, error_floors: dict[str, float]) -> Rows:
    """Add error floors to the errors, and count detections.

    Parameters
    ----------
    light_curve : LightCurve
    error_floors : dict of str to float
        Fractions of the observed flux by band; that of band "" is the default.
    """
    default_floor = error_floors.get("", 0.0)
    floors = np.array([error_floors.get(name, default_floor) for name in light_curve.bands])[light_curve.band]
    fraction = floors * ~light_curve.limit
    variance = np.asarray(light_curve.fluxerr**2 + (fraction * light_curve.flux) ** 2)
    detections = light_curve.detections(DETECTION_SIGMA)
    if not detections.any():
        detections = light_curve.detections(FAINT_SIGMA)
    return Rows(
        light_curve.mjd, light_curve.flux, variance, light_curve.band, light_curve.limit,
        detections.astype(int),
        measure_brightness(light_curve.mjd, light_curve.flux, light_curve.band, light_curve.limit),
        len(light_curve.bandpasses),
    )  # fmt: skip


def _build_fluxes(grid: SourceGrid, data: FitData, shapes: tuple[str, ...], priors_class: type[Priors]) -> BandFluxes:
    bands = data.rows.bandpasses
    z = data.redshift
    extrapolates = priors_class.extrapolates
    if grid.needs_sncosmo:
        return SncosmoFluxes(grid, bands, z.low, z.high, data.mwebv, extrapolates)
    shape = next(iter(shapes), None)
    low, high = priors_class.get_shape_bounds(shape) if shape else (0.0, 0.0)
    return BandFluxes(grid, bands, z.low, z.high, shape, low, high, data.mwebv, extrapolates)


def build_physical_priors(fluxes: BandFluxes, data: FitData, kind: SupernovaClass) -> PhysicalPriors:
    """Build the priors of known supernovae for a source."""
    unit_magnitude = fluxes.compute_unit_magnitude()
    if not np.isfinite(unit_magnitude):
        unit_magnitude = _FAINT_UNIT_MAGNITUDE
    beta = TRIPP_BETA if fluxes.grid.is_salt else 0.0
    return PhysicalPriors(unit_magnitude, kind, beta, data.redshift.peculiar)


def _compute_highest_amplitude(fluxes: BandFluxes, data: FitData) -> float:
    """Return ten times the amplitude that the brightest flux needs.

    In the band in which the source is faintest, at neutral shapes, and at the farthest redshift at which it
    reaches any band.
    """
    z = np.unique(np.linspace(data.redshift.low, data.redshift.high, _N_REDSHIFTS))
    bands = np.arange(len(fluxes.bands))
    is_inside = fluxes.find_reach(z, np.zeros((len(z), len(bands))), bands)[2]
    peak = np.abs(fluxes.build_curves(z, np.zeros_like(z))[0][..., 0]).max(axis=2) * is_inside
    farthest_peak = peak[np.any(peak > 0, axis=1)][-1:]
    if not farthest_peak.size:
        raise FitError(
            f"{fluxes.grid.name} reaches none of the bands at any redshift within the bounds; try another source."
        )
    brightest_flux = float(np.max(data.rows.flux[~data.rows.limit]))
    return 10 * brightest_flux / float(farthest_peak[farthest_peak > 0].min())
