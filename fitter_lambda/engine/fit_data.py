"""What is fitted, the same for every source: rows, dust of the Milky Way, the redshift's prior."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from fitter_lambda.engine.distances import HIGHEST_REDSHIFT
from fitter_lambda.engine.priors import LOWEST_REDSHIFT, MIN_REDSHIFT_ERROR, RedshiftPrior
from fitter_lambda.errors import NoMapError, ParameterError, TooLittleDataError
from fitter_lambda.input.fit_parameters import Parameters
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.light_curve import ExcludedRow, LightCurve, build_light_curve
from fitter_lambda.input.sncosmo_registries import list_bandpasses

#: Significance of a detection; and where no row reaches it.
DETECTION_SIGMA = 5.0
FAINT_SIGMA = 3.0


@dataclass(frozen=True)
class FitData:
    """Data of one supernova.

    Attributes
    ----------
    rows : LightCurve
    excluded : list of ExcludedRow
    mwebv : float
        E(B-V) of the Milky Way (mag).
    mwebv_from : str
        Where it comes from.
    redshift : RedshiftPrior
    """

    rows: LightCurve
    excluded: list[ExcludedRow]
    mwebv: float
    mwebv_from: str
    redshift: RedshiftPrior


def build_redshift_prior(parameters: Parameters, redshift: float | None, error: float | None) -> RedshiftPrior:
    """Build the redshift's prior under `fix_z`, or `z_pdf`: see `fit_parameters.PARAMETERS`."""
    if parameters.z_pdf:
        return RedshiftPrior.from_points(parameters.z_pdf)
    if redshift is None or parameters.fix_z is False:
        kind = parameters.z_prior or ("flat" if parameters.priors == "flat" else "volume")
        return RedshiftPrior(kind, np.nan, np.nan, parameters.z_min, parameters.z_max)
    if parameters.fix_z:
        return RedshiftPrior("fixed", redshift, 0.0, redshift, redshift)
    sigma = max(error or 0.0, MIN_REDSHIFT_ERROR)
    low = max(redshift - 5 * sigma, LOWEST_REDSHIFT)
    high = min(redshift + 5 * sigma, HIGHEST_REDSHIFT)
    return RedshiftPrior("gaussian", redshift, sigma, low, high)


def build_fit_data(request: FitRequest) -> FitData:
    """Bring a request's rows to one scale, and find dust and the redshift's prior.

    Raises
    ------
    TooLittleDataError
        No usable row is left, or no detection.
    ParameterError
        `error_floor` names an unknown band.
    """
    parameters = request.parameters
    rows, excluded = build_light_curve(request.rows, parameters)
    is_measured = ~rows.limit
    if len(rows) and rows.limit.all():
        raise TooLittleDataError(
            f"All {len(rows)} rows are limits: none has a flux, so that there is nothing to fit a light curve to."
        )
    if not is_measured.any():
        reasons = Counter(item.reason for item in excluded).most_common(1)
        hint = f" Most often: {reasons[0][0]}." if reasons else ""
        raise TooLittleDataError(
            "No row is left to fit: none has a date, a flux with a positive error and a known band." + hint
        )
    _check_error_floors(parameters, rows)
    significance = float(np.max(rows.flux[is_measured] / rows.fluxerr[is_measured]))
    if significance < FAINT_SIGMA:
        raise TooLittleDataError(
            f"No row is a detection (the best has {significance:.1f} sigma, at least {FAINT_SIGMA:g} "
            "are needed); there is nothing to fit a light curve to."
        )
    prior = build_redshift_prior(parameters, request.redshift, request.redshift_error)
    return FitData(rows, excluded, *_find_milky_way_dust(request), prior)


def _check_error_floors(parameters: Parameters, rows: LightCurve) -> None:
    floor_bands = {name for name, _ in parameters.error_floor} - {"", *rows.bands}
    unknown_bands = sorted(floor_bands and floor_bands - set(list_bandpasses()))
    if unknown_bands:
        choices = ", ".join(rows.bands)
        name = unknown_bands[0]
        raise ParameterError(f"error_floor names the unknown band {name!r}; this source has {choices}.")


def _find_milky_way_dust(request: FitRequest) -> tuple[float, str]:
    """Return E(B-V) of the Milky Way (mag), and where it comes from."""
    from fitter_lambda.input.dust_map import MAP_NAME, reddening

    if request.parameters.mwebv is not None:
        return request.parameters.mwebv, "given"
    if request.dereddened:
        return 0.0, "0: the photometry came corrected"
    if request.position is None:
        return 0.0, "0: no position"
    try:
        return reddening(*request.position), MAP_NAME
    except NoMapError:
        return 0.0, "0: no dust map here"
