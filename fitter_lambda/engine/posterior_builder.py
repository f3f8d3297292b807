"""The model of a light curve for one source: its band fluxes, its errors and its priors, as one posterior."""

import numpy as np
import numpy.typing as npt

from fitter_lambda.engine.bandflux import BandFluxes
from fitter_lambda.engine.fit_data import DETECTION_SIGMA, FAINT_SIGMA, FitData
from fitter_lambda.engine.likelihood import Likelihood
from fitter_lambda.engine.peak_magnitudes import unit_magnitude
from fitter_lambda.engine.posterior import Posterior
from fitter_lambda.engine.priors import (
    TRIPP_BETA,
    AmplitudePrior,
    SupernovaClass,
    get_supernova_class,
    shape_bounds,
)
from fitter_lambda.engine.salt_scatter import SaltScatter
from fitter_lambda.engine.sncosmo_fluxes import SncosmoFluxes
from fitter_lambda.engine.source_grid import HOST_DUST, SourceGrid
from fitter_lambda.errors import FitError, TooLittleDataError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.light_curve import LightCurve
from fitter_lambda.input.sncosmo_registries import get_source_types

__all__ = ["build_posterior"]

Array = npt.NDArray[np.float64]

#: Steps of least squares towards the linear parameters' mode; more where their own value changes the errors.
_STEPS, _MORE_STEPS = 1, 6
#: At which it is looked whether a source reaches any band.
_REDSHIFTS = 20


def build_posterior(grid: SourceGrid, data: FitData, parameters: Parameters) -> Posterior:
    """The posterior of one source.

    Raises
    ------
    TooLittleDataError
        No more measured rows than parameters.
    FitError
        The source reaches no band.
    """
    rows, prior, flat = data.rows, data.redshift, parameters.priors == "flat"
    kind = get_supernova_class(get_source_types().get(grid.name, ""))
    is_salt = len(grid.linear) == 2
    shape = grid.shape or (HOST_DUST if kind.dusty and not flat and not grid.general else None)
    shapes = grid.general or ((shape,) if shape else ())
    needed = 1 + len(grid.linear) + len(shapes) + (prior.kind != "fixed") + 1
    n_measured = int(np.sum(~rows.limit))
    if n_measured < needed:
        raise TooLittleDataError(
            f"Only {n_measured} usable rows are left, and {grid.name} needs at least {needed}; "
            "add photometry, fix the redshift, or choose a model with fewer parameters."
        )
    fluxes = _fluxes(grid, data, shape, flat)
    error = 0.0 if is_salt else parameters.model_error
    likelihood = Likelihood(
        rows.flux, _variance(rows, error, dict(parameters.error_floor)), rows.band, rows.limit,
        robust=parameters.robust, as_sncosmo=flat,
    )  # fmt: skip
    scatter = (
        SaltScatter(grid, rows.bandpasses, prior.low, prior.high) if is_salt and parameters.modelcov else None
    )
    firm = rows.detections(DETECTION_SIGMA)
    detections = firm if firm.any() else rows.detections(FAINT_SIGMA)
    return Posterior(
        rows.mjd, likelihood, fluxes, scatter, prior,
        _amplitude_prior(grid, fluxes, data, kind, flat), shapes, detections.astype(int),
        _MORE_STEPS if parameters.robust or scatter else _STEPS,
    )  # fmt: skip


def _fluxes(grid: SourceGrid, data: FitData, shape: str | None, flat: bool) -> BandFluxes:
    bands, z = data.rows.bandpasses, data.redshift
    if grid.general:
        return SncosmoFluxes(grid, bands, z.low, z.high, data.mwebv, flat)
    low, high = shape_bounds(shape, flat) if shape else (0.0, 0.0)
    return BandFluxes(grid, bands, z.low, z.high, shape, low, high, data.mwebv, flat)


def _variance(rows: LightCurve, model_error: float, floors: dict[str, float]) -> Array:
    floor = np.array([floors.get(name, floors.get("", 0.0)) for name in rows.bands])[rows.band]
    fraction = np.hypot(model_error, floor) * ~rows.limit
    return np.asarray(rows.fluxerr**2 + (fraction * rows.flux) ** 2)


def _amplitude_prior(
    grid: SourceGrid, fluxes: BandFluxes, data: FitData, kind: SupernovaClass, flat: bool
) -> AmplitudePrior:
    highest = _highest_amplitude(fluxes, data) if flat else None
    beta = TRIPP_BETA if len(grid.linear) == 2 else 0.0
    peculiar = data.redshift.peculiar
    return AmplitudePrior(unit_magnitude(grid), kind.mean, kind.sigma, beta, highest, peculiar)


def _highest_amplitude(fluxes: BandFluxes, data: FitData) -> float:
    """Ten times what the brightest flux needs of the source, in the band in which it sees it least.

    At the farthest redshift at which it sees any, and at neutral shapes.
    """
    z = np.unique(np.linspace(data.redshift.low, data.redshift.high, _REDSHIFTS))
    bands = np.arange(len(fluxes.bands))
    inside = fluxes.reach(z, np.zeros((len(z), len(bands))), bands)[2]
    peak = np.abs(fluxes.curves(z, np.zeros_like(z))[0][..., 0]).max(axis=2) * inside
    seen = peak[np.any(peak > 0, axis=1)][-1:]
    if not seen.size:
        raise FitError(
            f"{fluxes.grid.name} reaches none of the bands at any redshift asked for; try another source."
        )
    return 10 * float(np.max(data.rows.flux[~data.rows.limit])) / float(seen[seen > 0].min())
