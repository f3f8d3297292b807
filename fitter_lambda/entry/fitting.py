"""Fit a supernova: from a table in a notebook, or from a payload as a service."""

import functools
import gc
import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fitter_lambda.errors import FitterError, PayloadError
from fitter_lambda.input.fit_parameters import AUTO, parse_parameters
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.light_curve_rows import parse_table_rows
from fitter_lambda.input.payload import get_json_results, parse_payload

if TYPE_CHECKING:
    from astropy.table import Table

    from fitter_lambda.engine.fit import Progress
    from fitter_lambda.output.supernova_fit import SupernovaFit
    from heliograph.service.service_result import CallbackDocument


_logger = logging.getLogger(__name__)


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
    if (ra is None) != (dec is None):
        raise PayloadError("A position needs both ra and dec, in degrees.")
    sent_photometry = parse_table_rows(photometry)
    request = FitRequest(
        rows=sent_photometry.rows,
        parameters=parse_parameters({"source": source, **parameters}),
        redshift=z,
        redshift_error=z_err,
        position=None if ra is None or dec is None else (ra, dec),
        unused_columns=sent_photometry.unused_columns,
    )
    with warnings.catch_warnings(action="ignore"):  # warnings of libraries are for developers
        return fit_request(request, progress or (lambda fraction, message: None))


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
        engine_fit, ranking = fit_catalogue(request, progress)
        return SupernovaFit(engine_fit, request, ranking)
    return SupernovaFit(fit_supernova(request, progress), request)


def fit_payload(payload: object, progress: "Progress") -> "CallbackDocument":
    """Fit what a payload asks for; failures, too, become documents.

    Parameters
    ----------
    payload : object
        Decoded JSON, untrusted.
    progress : callable
        Takes the fraction done (0..1) and what is being done.

    Raises
    ------
    CancelledError
        If `progress` raises it: the portal does not want the fit any more.
    """
    # imported here, so that a notebook does not wait for what serves
    from heliograph.errors import CancelledError
    from heliograph.service.service_result import build_failure_document

    try:
        request = parse_payload(payload)
        json_results = get_json_results(payload)
        from fitter_lambda.output.callback_document import build_success_document

        with warnings.catch_warnings(action="ignore"):
            _freeze_loaded_objects()
            return build_success_document(fit_request(request, progress), progress, json_results)
    except CancelledError:
        raise
    except FitterError as error:
        return build_failure_document(str(error))
    except Exception:  # the sender waits for an answer, whatever the payload
        _logger.exception("the fit failed unexpectedly")
        return build_failure_document(
            "The fitter failed on these data for a reason that it does not know; "
            "try another source or fewer rows, and report this if it stays."
        )


@functools.cache
def _freeze_loaded_objects() -> None:
    """Exempt loaded libraries from garbage collection, which the many objects of a figure trigger."""
    gc.collect()
    gc.freeze()
