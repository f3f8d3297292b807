"""What a light-curve figure shows: rows, model, numbers; from a fit, or from the netCDF file of one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fitter_lambda.arrays import Array, Indices, Mask
from fitter_lambda.engine.fit import Fit
from fitter_lambda.output.predicted_light_curves import PredictedLightCurve


@dataclass(frozen=True)
class Estimate:
    """A parameter's median, and its errors to the 15.87th and 84.13th percentile."""

    median: float
    err_minus: float
    err_plus: float


@dataclass(frozen=True)
class LightCurveContents:
    """What a light-curve figure shows.

    Attributes
    ----------
    name, model : str
        The supernova and the source of sncosmo.
    event : str
        What happens at t0: "maximum light" or "explosion".
    t0, redshift : float
        Of the best fit.
    chi2, ndof, misfit_p : float
    parameters : dict of str to Estimate
        The free parameters.
    mjd, flux, fluxerr : ndarray, shape (n,)
        The rows; micro-Jansky.
    limit : ndarray of bool, shape (n,)
    band : ndarray of int, shape (n,)
        Indices into `curves`.
    pulls : ndarray, shape (n,)
        Residuals of the best fit over their errors; NaN for limits and where the model does not reach.
    curves : dict of str to PredictedLightCurve
        By band, over the dates of the figure.
    warning : str
        What speaks against a fit that describes the data; empty if nothing does.
    """

    name: str
    model: str
    event: str
    t0: float
    redshift: float
    chi2: float
    ndof: float
    misfit_p: float
    parameters: dict[str, Estimate]
    mjd: Array
    flux: Array
    fluxerr: Array
    limit: Mask
    band: Indices
    pulls: Array
    curves: dict[str, PredictedLightCurve]
    warning: str = ""


def collect_light_curve(
    fit: Fit, curves: dict[str, PredictedLightCurve], results: Mapping[str, Any], name: str
) -> LightCurveContents:
    """Collect what the figure of a fit shows.

    Parameters
    ----------
    fit : Fit
    curves : dict of str to PredictedLightCurve
    results : mapping
        Of `compute_results`.
    name : str
        Of the supernova.
    """
    rows = fit.data.rows
    t0, z = fit.best_t0_and_redshift
    p_value = results["misfit_p_value"]
    return LightCurveContents(
        name=name,
        model=results["source"],
        event="explosion" if fit.posterior.fluxes.grid.start >= 0 else "maximum light",
        t0=t0,
        redshift=z,
        chi2=results["chi2"],
        ndof=results["ndof"],
        misfit_p=math.nan if p_value is None else p_value,
        parameters={
            name: Estimate(values["median"], values["err_minus"], values["err_plus"])
            for name, values in results["parameters"].items()
        },
        mjd=rows.mjd,
        flux=rows.flux,
        fluxerr=rows.fluxerr,
        limit=rows.limit,
        band=rows.band,
        pulls=_compute_pulls(fit),
        curves=curves,
        warning=results["verdict"]["message"] if results["verdict"]["word"] == "doubtful" else "",
    )


def _compute_pulls(fit: Fit) -> Array:
    """Compute residuals of the best fit over their errors, SALT's scatter included; NaN where none."""
    rows = fit.data.rows
    prediction = fit.predict_rows(fit.best[None])
    pulls = (rows.flux - prediction.flux[0]) / np.sqrt(prediction.total_variance[0])
    return np.where(prediction.design.reached[0] & ~rows.limit, pulls, np.nan)
