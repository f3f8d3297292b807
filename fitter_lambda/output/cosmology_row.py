"""A row of a Hubble diagram's table, in the names of SNANA's fit results (Kessler et al. 2009, PASP 121, 1028)."""

import math
from typing import Any

import numpy as np

from fitter_lambda.engine.fit import Fit

#: The cuts of Betoule et al. (2014, sec. 4.5): most of a number's absolute value.
_CUTS = {"x1": 3.0, "c": 0.3, "x1ERR": 1.0, "PKMJDERR": 2.0, "MWEBV": 0.15}


def build_cosmology_row(fit: Fit, misfit_p_value: float, chi2: float, ndof: int) -> dict[str, Any] | None:
    """Build the row of a fit of SALT; None for other sources.

    Parameters
    ----------
    fit : Fit
    misfit_p_value, chi2 : float
    ndof : int

    Returns
    -------
    dict or None
        Means, standard deviations and covariances of the draws; ``mB`` is the peak magnitude in the rest frame's
        Bessell B (Vega) at x1 = c = 0; ``CUTS`` says which of `_CUTS` it passes.
    """
    if not fit.posterior.fluxes.grid.is_salt:
        return None
    columns = dict(zip(fit.names, fit.draws.T, strict=True))
    columns["mB"] = fit.posterior.fluxes.compute_unit_magnitude() - 2.5 * np.log10(columns["x0"])
    row: dict[str, Any] = {}
    for name, key in (("t0", "PKMJD"), ("mB", "mB"), ("x1", "x1"), ("c", "c"), ("x0", "x0")):
        row |= {key: float(np.mean(columns[name])), f"{key}ERR": float(np.std(columns[name]))}
    for first, second in (("x1", "c"), ("x1", "x0"), ("c", "x0")):
        row[f"COV_{first}_{second}"] = float(np.cov(columns[first], columns[second])[0, 1])
    z = columns.get("z", np.full(1, fit.data.redshift.mean))
    row |= {
        "zHEL": float(np.mean(z)), "zHELERR": float(np.std(z)), "MWEBV": fit.data.mwebv,
        "FITCHI2": chi2, "NDOF": ndof, "FITPROB": misfit_p_value,
    }  # fmt: skip
    row["CUTS"] = {name: math.isfinite(row[name]) and abs(row[name]) < most for name, most in _CUTS.items()}
    return row
