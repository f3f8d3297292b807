"""Fit a supernova: from a table in a notebook, or from a request."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fitter_lambda.errors import PayloadError
from fitter_lambda.input.fit_parameters import AUTO, parse_parameters
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.light_curve_rows import parse_table_rows

if TYPE_CHECKING:
    from astropy.table import Table

    from fitter_lambda.engine.fit import Progress
    from fitter_lambda.output.supernova_fit import SupernovaFit


def fit(
    photometry: "Table | Mapping[str, Any]",
    source: str = "salt3",
    z: float | None = None,
    z_err: float | None = None,
    ra: float | None = None,
    dec: float | None = None,
    progress: "Progress | None" = None,
    **parameters: Any,
) -> "SupernovaFit":
    """Fit a light curve.

    Parameters
    ----------
    photometry : astropy Table, pandas DataFrame or dict of columns
        Column names as sncosmo accepts them: time (or date, mjd, ...), band (or filter, ...), flux, fluxerr
        (or flux_error, ...), and zp and zpsys, without which fluxes are in microjansky (AB); instead of flux
        and fluxerr also mag and magerr. A row with fluxerr but without flux is a limit.
    source : str
        A source of sncosmo; "auto" ranks all.
    z, z_err : float, optional
        The redshift and its error.
    ra, dec : float, optional
        Degrees (ICRS), to look up the extinction by the Milky Way.
    progress : callable, optional
        Takes the fraction done (0..1) and what is being done.
    **parameters
        See `fitter_lambda.input.fit_parameters.PARAMETERS`, e.g. ``n_draws=1000, fix_z=True``.

    Returns
    -------
    SupernovaFit

    Raises
    ------
    FitterError
        The table, a parameter or the fit is at fault; the message says what to change.

    Examples
    --------
    A supernova of type Ia that rises and falls in two bands:

    >>> import numpy as np
    >>> from fitter_lambda import fit
    >>> time = np.repeat(np.arange(58590.0, 58640.0, 5.0), 2)
    >>> flux = 250 * np.exp(-0.5 * ((time - 58607) / 11) ** 2)
    >>> photometry = {"time": time, "band": ["ztfg", "ztfr"] * 10, "flux": flux, "fluxerr": 0 * flux + 15}
    >>> result = fit(photometry, source="salt3", z=0.046, n_draws=400)
    >>> result.names
    ['z', 't0', 'x0', 'x1', 'c']
    >>> result.draws["t0"].shape
    (400,)
    >>> result.plot_corner().savefig("corner.png")
    """
    request = build_table_request(photometry, {"source": source, **parameters}, z, z_err, ra, dec)
    with warnings.catch_warnings(action="ignore"):  # warnings of libraries are for developers
        return fit_request(request, progress or (lambda fraction, message: None))


def build_table_request(
    photometry: "Table | Mapping[str, Any]",
    parameters: Mapping[str, Any],
    z: float | None = None,
    z_err: float | None = None,
    ra: float | None = None,
    dec: float | None = None,
    name: str = "",
) -> FitRequest:
    """Return what the fit of a table starts from; `name` is the title of its figures.

    Raises
    ------
    FitterError
        The table or a parameter is at fault.
    """
    if (ra is None) != (dec is None):
        raise PayloadError("A position needs both ra and dec, in degrees.")
    sent_photometry = parse_table_rows(photometry)
    return FitRequest(
        rows=sent_photometry.rows,
        parameters=parse_parameters(parameters),
        redshift=z,
        redshift_error=z_err,
        position=None if ra is None or dec is None else (ra, dec),
        resource_id=name,
        unused_columns=sent_photometry.unused_columns,
    )


def fit_request(request: FitRequest, progress: "Progress") -> "SupernovaFit":
    """Fit what a request asks for, one source or all.

    Parameters
    ----------
    request : FitRequest
    progress : callable
        Takes the fraction done (0..1) and what is being done.

    Raises
    ------
    FitterError
        There is no fit; the message says why.
    """
    # imported here, so that a refused payload does not wait for scientific libraries
    from fitter_lambda.engine.fit import fit_supernova
    from fitter_lambda.engine.template_ranking import fit_catalogue
    from fitter_lambda.output.supernova_fit import SupernovaFit

    if request.parameters.source == AUTO:
        engine_fit, ranking, forecast = fit_catalogue(request, progress)
        return SupernovaFit(engine_fit, request, ranking, forecast)
    return SupernovaFit(fit_supernova(request, progress), request)
