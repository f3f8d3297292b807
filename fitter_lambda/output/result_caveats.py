"""What to beware of in the numbers of a fit, said beside each number."""

import math
from typing import Any, NotRequired, TypedDict

import numpy as np

from fitter_lambda.arrays import Array
from fitter_lambda.engine.fit import Fit, get_bounds
from fitter_lambda.engine.fit_data import FAINT_SIGMA
from fitter_lambda.engine.peak_magnitudes import DECLINE_DAYS
from fitter_lambda.engine.priors import FlatPriors, RedshiftPrior

#: The same as in the priors (`priors.MIN_REDSHIFT_ERROR`).
SIGMA_V_KM_S = 300.0
_SIGMA_V_FROM = "assumed, as in the fitter's priors; Wang 2007 (arXiv:0705.0368) measures about 270 km/s"
_LIGHT_KM_S = 299_792.458
_PECULIAR_MAG = 0.1
#: A draw lies at a bound if it is within this fraction of the range; so many draws there are a pile.
_AT_BOUND = 0.01
_MANY_AT_BOUND = 0.05
#: Effective wavelength of Bessell B (Å).
_BLUE_ANGSTROM = 4380.0


class Caveat(TypedDict):
    """What to beware of in a number of the results.

    Attributes
    ----------
    number : str
        The key of the number, in the same dict.
    kind : str
    value : float
        How much: see docs/fitter.md.
    message : str
    sigma_v_km_s, sigma_v_from, included_in_std
        Of peculiar velocities: the velocity, its source, and whether the number's ``_std`` contains it.
    bound : float
        Of a posterior at its bound.
    """

    number: str
    kind: str
    value: float
    message: str
    sigma_v_km_s: NotRequired[float]
    sigma_v_from: NotRequired[str]
    included_in_std: NotRequired[bool]
    bound: NotRequired[float]


def find_parameter_caveats(fit: Fit) -> dict[str, list[Caveat]]:
    """Find for each parameter whether its posterior piles up at one of its bounds."""
    caveats: dict[str, list[Caveat]] = {}
    for name, draws, (low, high) in zip(fit.names, fit.draws.T, _get_finite_bounds(fit), strict=True):
        caveats[name] = [
            _describe_pile(name, side, bound, fraction)
            for side, bound in (("lower", low), ("upper", high))
            if (fraction := _compute_fraction_at(draws, bound, high - low)) > _MANY_AT_BOUND
        ]
    return caveats


def _get_finite_bounds(fit: Fit) -> list[tuple[float, float]]:
    bounds = dict(zip(fit.names, get_bounds(fit).tolist(), strict=True))
    priors = fit.posterior.priors
    if isinstance(priors, FlatPriors):
        bounds[fit.posterior.fluxes.grid.linear[0]][1] = priors.highest
    return [(float(low), float(high)) for low, high in bounds.values()]


def _compute_fraction_at(draws: Array, bound: float, width: float) -> float:
    """Return which fraction of the draws lies at a bound; 0 where the range is infinite."""
    if not math.isfinite(width):
        return 0.0
    return float(np.mean(np.abs(draws - bound) <= _AT_BOUND * width))


def _describe_pile(name: str, side: str, bound: float, fraction: float) -> Caveat:
    message = (
        f"{100 * fraction:.0f} % of the draws of {name} lie within 1 % of its range of the {side} bound {bound:.6g}: "
        "the bound, not the data, ends the posterior there."
    )
    return Caveat(number=name, kind="posterior_at_bound", value=fraction, message=message, bound=bound)


def find_peak_caveats(fit: Fit, peak: dict[str, Any]) -> list[Caveat]:
    """Find what to beware of in the peak's date and magnitudes.

    Parameters
    ----------
    fit : Fit
    peak : dict
        ``mjd``, ``apparent``, ``absolute`` and ``dm15``, where they are known.
    """
    z = fit.data.redshift.mean if fit.data.redshift.is_fixed else float(np.median(fit.draws[:, fit.names.index("z")]))
    caveats: list[Caveat] = []
    if peak["absolute"] is not None:
        caveats += _find_peculiar_velocity(z, fit.data.redshift)
    rows = fit.data.rows
    is_light = rows.detections(FAINT_SIGMA) & fit.predict_rows(fit.best[None]).design.reached[0]
    if not is_light.any():
        return caveats
    dates = rows.mjd[is_light]
    if peak["mjd"] is not None:
        caveats += _find_date_outside(peak, float(dates.min()), float(dates.max()), z)
    bands = [rows.bandpasses[i] for i in np.unique(rows.band[is_light])]
    return caveats + _find_extrapolated_wavelength(peak, bands, z)


def _find_peculiar_velocity(z: float, prior: RedshiftPrior) -> list[Caveat]:
    sigma = 5 / math.log(10) * SIGMA_V_KM_S / (_LIGHT_KM_S * z)
    if sigma <= _PECULIAR_MAG:
        return []
    is_included = prior.kind == "gaussian"
    message = (
        f"At z = {z:.4g} a peculiar velocity of {SIGMA_V_KM_S:g} km/s changes the distance modulus by {sigma:.2g} mag; "
        f"absolute_std {'contains' if is_included else 'does not contain'} this."
    )
    return [
        Caveat(
            number="absolute",
            kind="peculiar_velocity",
            value=sigma,
            message=message,
            sigma_v_km_s=SIGMA_V_KM_S,
            sigma_v_from=_SIGMA_V_FROM,
            included_in_std=is_included,
        )
    ]


def _find_date_outside(peak: dict[str, Any], first: float, last: float, z: float) -> list[Caveat]:
    """Find a peak before the first or after the last detection, and a decline that ends after the last."""
    caveats: list[Caveat] = []
    mjd = peak["mjd"]
    days = max(first - mjd, mjd - last)
    if days > 0:
        side = "before the first" if mjd < first else "after the last"
        text = f"The peak is {days:.3g} days {side} detection that the model reaches"
        caveats.append(Caveat(number="mjd", kind="date_outside_data", value=days, message=f"{text}."))
        caveats += _describe_extrapolation(peak, "extrapolated_in_time", days, text)
    later_days = mjd + (1 + z) * DECLINE_DAYS - last
    if later_days > 0 and peak["dm15"] is not None:
        message = f"The decline ends {later_days:.3g} days after the last detection: it is the model's, not measured."
        caveats.append(Caveat(number="dm15", kind="extrapolated_in_time", value=later_days, message=message))
    return caveats


def _find_extrapolated_wavelength(peak: dict[str, Any], bands: list[Any], z: float) -> list[Caveat]:
    """Find whether no band reaches rest-frame B from either side."""
    wavelength = _BLUE_ANGSTROM * (1 + z)
    low = min(float(band.minwave()) for band in bands)
    high = max(float(band.maxwave()) for band in bands)
    distance = max(low - wavelength, wavelength - high)
    if distance <= 0:
        return []
    side = "bluer" if wavelength < low else "redder"
    text = f"Rest-frame B, observed at {wavelength:.0f} Å, is {distance:.0f} Å {side} than all bands with detections"
    return _describe_extrapolation(peak, "extrapolated_in_wavelength", distance, text)


def _describe_extrapolation(peak: dict[str, Any], kind: str, value: float, text: str) -> list[Caveat]:
    return [
        Caveat(number=name, kind=kind, value=value, message=f"{text}: the magnitude is the model's, not measured.")
        for name in ("apparent", "absolute")
        if peak[name] is not None
    ]
